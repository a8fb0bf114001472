/**
 * The agent: one turn as a pure loop over one union of events, the prompt it reads and the summaries it writes.
 * It never touches disk, network, configuration, clock or another room; whatever it needs is handed in, whatever
 * happens is an event. Judging, journaling, budgets and delivery happen to those events outside.
 */
export { runTurn } from './run-turn.ts'
export { compact } from './compaction.ts'
export { estimateTokens } from './estimate-tokens.ts'
export { buildSystemPrompt, promptDate } from './prompt.ts'
