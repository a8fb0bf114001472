/**
 * The agreement between the gateway and everything that plugs into it: types, schemas, ids, failures and the `define…`
 * functions. Imports nothing but the schema library. Conformance suites and fakes are in `@moltbot/contract/testing`.
 */
export * from './ids.ts'
export * from './problem.ts'
export * from './secret.ts'
export * from './clock.ts'
export * from './message.ts'
export * from './channel.ts'
export * from './own-door.ts'
export * from './section.ts'
export * from './model.ts'
export * from './tool.ts'
export * from './web.ts'
export * from './store.ts'
export * from './agent.ts'
export * from './action.ts'
export * from './command.ts'
export * from './commands.ts'
export * from './check.ts'
export * from './audit.ts'
export * from './secrets-env.ts'
