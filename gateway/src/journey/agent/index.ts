/**
 * The agent: one turn as a pure loop over one union of events, the prompt it reads and the summaries it writes.
 * It never touches disk, network, configuration, clock or another room; whatever it needs is handed in, whatever
 * happens is an event. Judging, journaling, budgets and delivery happen to those events outside.
 */
export { runTurn, noResult, defaultLoopLimits } from './run-turn.ts'
export type { LoopLimits } from './run-turn.ts'
export { compact, planCompaction, needsCompaction, summaryGaps, defaultCompaction, focusLengthMax } from './compaction.ts'
export type { CompactionPlan, CompactionSettings } from './compaction.ts'
export { estimateTokens, estimateMessage, estimatePrompt } from './estimate-tokens.ts'
export { buildSystemPrompt, promptDate } from './prompt.ts'
export type { PromptFacts, PromptFile } from './prompt.ts'
