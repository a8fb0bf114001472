/**
 * The sandbox turns the grants a tool asks for into real effects, confined to the agent's workspace. It judges nobody
 * and knows no tool; it never follows a link, never leaves the workspace and never waits on what is not a regular file.
 *
 * How a path is kept inside: words become steps by one parser; steps are opened one by one from the root's descriptor
 * without following links; what was opened is compared with what was looked at, by file, mount and true path; writes go to a
 * new file in the same open folder and are renamed there. On systems without `/proc` the last two rest on comparisons alone.
 *
 * How a command is kept inside: it is started by one of the `Isolation`s (bubblewrap, sandbox-exec, a container engine), which sees
 * only what is computed here. Where none holds, nothing is run: there is no way from here to the bare machine.
 */
export { createGrants } from './create-grants.ts'
export { createSubAgents, isSubAgent, originOfEntries, subAgentsMigration } from './sub-agents.ts'
export type { SubAgentsNeeds } from './sub-agents.ts'
export type { GrantSubject } from './create-grants.ts'
export { workspaceFiles } from './workspace-files.ts'
export { backgroundCommandsMigration, createBackgroundCommands, endOf, endWords } from './background-commands.ts'
export type { BackgroundNeeds, EndedCommand } from './background-commands.ts'
export { createCommands } from './create-commands.ts'
export type { CommandRoom, CommandsOptions } from './create-commands.ts'
export { createFileLabels, fileLabelsMigration, originOf } from './file-labels.ts'
export type { CallLabel, FileLabels } from './file-labels.ts'
export { execSection, sandboxSection, withOwn } from './config.ts'
export type { SandboxConfig } from './config.ts'
export { findProgram } from './find-program.ts'
export { browserSection, createBrowsers } from './browser/index.ts'
export type { BrowserRoom } from './browser/index.ts'
export { bwrapIsolation } from './bwrap.ts'
export type { IsolatedProgram, Isolation } from './isolation.ts'
