/** Conformance suites and fakes. Each suite is one function that registers vitest cases; a new adapter calls it once. */
export * from './test-channel.ts'
export * from './channel-host.ts'
export * from './test-model.ts'
export * from './test-tool.ts'
export * from './test-store.ts'
export * from './fake-clock.ts'
export * from './sample-facts.ts'
export * from './test-check.ts'
