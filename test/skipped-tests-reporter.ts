import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

/**
 * Names every test that was left out; with `CI=true` each of them is a failure. A case of a conformance suite that says what its
 * subject does not have (`Web has no threads`) does not apply, and is only counted. Whoever passed only on the second try is named
 * with what went wrong on the first. Silent when tests were picked by name.
 */
export class SkippedTestsReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#vitest?.config.testNamePattern !== undefined) return
    const flaky = modules.flatMap((module) => [...module.children.allTests('passed')]).filter((test) => test.diagnostic()?.flaky === true)
    if (flaky.length > 0) process.stdout.write(`\nPassed only on the second try, so look at them (${flaky.length}):\n${flaky.map(firstTry).join('')}`)
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')])
    const leftOut = skipped.filter((test) => !/^\S.* has no \S/.test(noteOf(test)))
    const strict = process.env['CI'] === 'true'
    if (skipped.length > leftOut.length) process.stdout.write(`\nDoes not apply: ${skipped.length - leftOut.length} cases of conformance suites, for abilities their subjects do not have.\n`)
    if (leftOut.length === 0) return
    const lines = leftOut.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}${noteOf(test) === '' ? '' : ` (${noteOf(test)})`}\n`)
    process.stdout.write(`\n${strict ? 'Left out, which is a failure on CI' : 'Left out'} (${leftOut.length}):\n${lines.join('')}`)
    if (strict) process.exitCode = 1
  }
}

function firstTry(test: TestCase): string {
  const why = test.result().errors?.[0]?.message.split('\n')[0] ?? 'no reason kept'
  return `  ${test.module.relativeModuleId} > ${test.fullName}\n      first try: ${why}\n`
}

function noteOf(test: TestCase): string {
  const result = test.result()
  return result.state === 'skipped' ? (result.note ?? '') : ''
}
