/**
 * Sessions: which conversation a message belongs to, one turn at a time in each, and the transcript of what was said.
 * Decides nothing about who may speak, calls no model and sends nothing.
 */
import type { Migration } from '@moltbot/contract'
import { callReceiptsMigration, sessionsMigration, turnsWantedMigration } from './transcript.ts'

export type * from './types.ts'
export type { Turn } from './turn.ts'
export type { Waiting } from './lanes.ts'
export type { TurnRow } from './transcript.ts'
export { undoneOf } from './receipts.ts'
export type { CallReceipt } from './receipts.ts'
export type { CallEnd, CallOutcome, ToolCallRow } from './tool-call.ts'
export type { SessionsNeeds } from './sessions-needs.ts'
export { abortGraceMs, createSessions, type SessionsRoom } from './create-sessions.ts'
export { hungOutcome } from './turn.ts'
export { messagesSection, sessionSection } from './config.ts'
export { agentOfKey, canonicalKey, mainKey } from './keys.ts'
export const migrations: readonly Migration[] = [sessionsMigration, turnsWantedMigration, callReceiptsMigration]
