import { testTool } from '@moltbot/contract/testing'
import { describe, expect, test } from 'vitest'
import { memoryFiles } from './testing/memory-files.ts'
import { write } from './write.ts'

testTool(write, { examples: [{ path: 'notes/a.md', text: 'hello' }, { path: 'b.md', text: '' }], grants: () => ({ 'files.write': memoryFiles().writer }), refused: [{ path: 'a' }, { text: 'a' }] })

describe('write', () => {
  test('says whether it was new', async () => {
    const memory = memoryFiles()
    const run = async () => (await write.run({ path: 'a.md', text: 'hi' }, { 'files.write': memory.writer }, new AbortController().signal)).content[0]
    expect(await run()).toMatchObject({ text: expect.stringContaining('Created a.md') })
    expect(await run()).toMatchObject({ text: expect.stringContaining('Replaced a.md') })
    expect(memory.files.get('a.md')).toBe('hi')
  })

  test('the files every prompt is made of count as a change of the assistant itself, however they are spelt', () => {
    for (const path of ['MEMORY.md', 'memory.md', './SOUL.md', 'memory/2026-11-22.md', 'ＡGENTS.md']) expect(write.effects({ path, text: '' }).map((effect) => effect.kind)).toEqual(['writes-workspace', 'changes-gateway'])
    expect(write.effects({ path: 'notes/SOUL.md', text: '' })).toHaveLength(1)
  })
})
