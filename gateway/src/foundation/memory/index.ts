/**
 * Memory: what people told their assistant, in Markdown files that they can read and change, and an index of those files by words and by
 * parts of words. The files are the truth; the index is made anew from whatever stands in them. It decides nothing about who may write,
 * reaches files only by what it is handed, and never mixes two people's memories.
 */
export { createMemory } from './create-memory.ts'
export type { Memory, MemoryPlace } from './create-memory.ts'
export { memoryMigration } from './index-table.ts'
export { memorySection } from './config.ts'
export { withoutMarks } from './marks.ts'
