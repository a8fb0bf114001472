import type { Reporter, TestModule, Vitest } from 'vitest/node'

/** Names every test that was left out; with `CI=true` each of them is a failure. Silent when tests were picked by name. */
export class SkippedTestsReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#vitest?.config.testNamePattern !== undefined) return
    const names = modules.flatMap((module) => [...module.children.allTests('skipped')].map((test) => `${module.relativeModuleId} > ${test.fullName}`))
    if (names.length === 0) return
    const strict = process.env['CI'] === 'true'
    process.stdout.write(`\n${strict ? 'Left out, which is a failure on CI' : 'Left out'} (${names.length}):\n${names.map((name) => `  ${name}\n`).join('')}`)
    if (strict) process.exitCode = 1
  }
}
