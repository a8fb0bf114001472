/**
 * The inbox: every message is written down once, before anyone acknowledges it, and keeps exactly one end state for ever.
 * Knows nothing of who may speak or what is answered.
 */
export type { EndState, Inbox, InboxRow } from './types.ts'
export type { HideSecrets, PastedSecret } from './hide-pasted.ts'
export { createInbox, notAddressed, type InboxRoom } from './create-inbox.ts'
export { inboxMigration, inboxThreadMigration } from './migrations.ts'
export { attachmentDataMax, attachmentsMax, idLengthMax, textLengthMax } from './refusal.ts'
