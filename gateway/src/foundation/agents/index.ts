/**
 * The agents of this gateway: who they are, which model they ask, where they work and what their workspace tells them.
 * It reads and seeds their prompt files; it never decides who may speak to them, and never writes a file a person deleted.
 */
export { createAgents, promptFileNames } from './create-agents.ts'
export type { Agents } from './create-agents.ts'
export { agentsSection, toolsSection } from './config.ts'
export { listNamesTool, ruleOnTools, toolGroups, toolProfiles, unknownToolNames } from './tool-policy.ts'
export type { ToolPolicy, ToolProfile } from './tool-policy.ts'
