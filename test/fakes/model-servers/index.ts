/**
 * Model providers for tests: real HTTP servers on loopback that speak Anthropic Messages, OpenAI Chat Completions, OpenAI
 * Responses and Gemini, and do what a script says. Proven against the vendors' own SDKs. They never call anything themselves.
 */
export * from './script.ts'
export * from './start-model-server.ts'
