/**
 * The agents of this gateway: who they are, which model they ask, where they work and what their workspace tells them.
 * It reads and seeds their prompt files; it never decides who may speak to them, and never writes a file a person deleted.
 */
export { createAgents, promptFileNames } from './create-agents.ts'
export type { AgentDefaults, AgentFacts, Agents, WorkspaceFile } from './create-agents.ts'
export { agentIdPattern, agentsSection, toolsSection } from './config.ts'
export { listNamesTool, ruleOnTools, toolGroups, toolProfiles, unknownToolNames } from './tool-policy.ts'
export type { NamedTool, ToolLists, ToolPolicy, ToolProfile, ToolRuling } from './tool-policy.ts'
export type { AgentsConfig } from './config.ts'
export { templates } from './templates.ts'
