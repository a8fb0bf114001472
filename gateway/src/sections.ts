/** What every room brings: its section of the configuration, and the steps that make its tables. */
import { doorDeviceBrowsersMigration, doorIdentityMigration, doorMigration, doorReviewMigration, gatewaySection } from './api/index.ts'
import { channels } from './channels.gen.ts'
import { agentsSection, toolsSection } from './foundation/agents/index.ts'
import { auditMigrations, auditSection } from './foundation/audit/index.ts'
import { backupSection } from './foundation/backup/index.ts'
import { budgetMigration, budgetRaisesMigration, budgetsSection } from './foundation/budget/index.ts'
import { connectionsMigration, sealedValuesMigration } from './foundation/connections/index.ts'
import { egressMigration, egressSection, webSection } from './foundation/egress/index.ts'
import { haltMigration, loopSection } from './foundation/halt/index.ts'
import { cronSection, jobsMigration } from './foundation/jobs/index.ts'
import { logSection } from './foundation/log/index.ts'
import { mediaSection, speechSection } from './foundation/media/index.ts'
import { memoryMigration, memorySection } from './foundation/memory/index.ts'
import { authSection, credentialsMigration, credentialValuesMigration, modelsMigration, modelsSection, picturesMigration } from './foundation/models/index.ts'
import { nodesSection } from './foundation/nodes/index.ts'
import { pushMigration } from './foundation/push/index.ts'
import { scheduleMigration } from './foundation/schedule/index.ts'
import { channelDefaultsSection, commandsSection, guardApprovalsMigration, guardConversationsMigration, guardMigration, guardPeopleMigration, peopleSection, policySection } from './journey/guard/index.ts'
import { inboxMigration, inboxThreadMigration } from './journey/inbox/index.ts'
import { migrations as outboxMigrations } from './journey/outbox/index.ts'
import { backgroundCommandsMigration, browserSection, execSection, fileLabelsMigration, sandboxSection, subAgentsMigration } from './journey/sandbox/index.ts'
import { messagesSection, migrations as sessionMigrations, sessionSection } from './journey/sessions/index.ts'
import { statusReactionsSection } from './journey/signs/index.ts'

/** The sections of the configuration, each from the room that owns it. */
export const sections = [
  gatewaySection, nodesSection, backupSection, agentsSection, modelsSection, authSection, sessionSection, messagesSection, statusReactionsSection, commandsSection, peopleSection, policySection, channelDefaultsSection, logSection, auditSection, egressSection, webSection, budgetsSection, sandboxSection, execSection, browserSection, loopSection, toolsSection, cronSection, memorySection, mediaSection, speechSection, ...channels.map((channel) => channel.config),
]

/** The steps that make the database, each from the room that owns the tables. */
export const migrations = [...auditMigrations, connectionsMigration, guardMigration, inboxMigration, inboxThreadMigration, ...outboxMigrations, ...sessionMigrations, doorMigration, modelsMigration, credentialsMigration, picturesMigration, credentialValuesMigration, guardPeopleMigration, doorIdentityMigration, egressMigration, guardApprovalsMigration, budgetMigration, doorReviewMigration, fileLabelsMigration, haltMigration, memoryMigration, subAgentsMigration, budgetRaisesMigration, backgroundCommandsMigration, sealedValuesMigration, pushMigration, guardConversationsMigration, scheduleMigration, jobsMigration, doorDeviceBrowsersMigration]
