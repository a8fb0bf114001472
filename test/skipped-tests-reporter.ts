import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

/**
 * Names every test that was left out; with `CI=true` each of them is a failure. A case of a conformance suite that says what its
 * subject does not have (`Web has no threads`) does not apply, and is only counted. Whoever passed only on the second try is named
 * with what went wrong on the first. Silent when tests were picked by name. Where `MOLTBOT_TESTS_TOLD` names a file, what came of
 * all is written there for `scripts/test.mjs`.
 */
export class SkippedTestsReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env['MOLTBOT_TESTS_TOLD']
    if (file !== undefined) writeFileSync(file, JSON.stringify(outcomeOf(modules, unhandled)))
    if (this.#vitest?.config.testNamePattern !== undefined) return
    const flaky = modules.flatMap((module) => [...module.children.allTests('passed')]).filter((test) => test.diagnostic()?.flaky === true)
    if (flaky.length > 0) process.stdout.write(`\nPassed only on the second try, so look at them (${flaky.length}):\n${flaky.map(firstTry).join('')}`)
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')])
    const leftOut = leftOutOf(modules)
    const strict = process.env['CI'] === 'true'
    if (skipped.length > leftOut.length) process.stdout.write(`\nDoes not apply: ${skipped.length - leftOut.length} cases of conformance suites, for abilities their subjects do not have.\n`)
    if (leftOut.length === 0) return
    const lines = leftOut.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}${noteOf(test) === '' ? '' : ` (${noteOf(test)})`}\n`)
    process.stdout.write(`\n${strict ? 'Left out, which is a failure on CI' : 'Left out'} (${leftOut.length}):\n${lines.join('')}`)
    if (strict) process.exitCode = 1
  }
}

/** `isElsewhere`: something is wrong that is no failed test, nor what a file of tests does before and after them. */
function outcomeOf(modules: readonly TestModule[], unhandled: readonly unknown[]): { passed: number; failed: number; failures: { file: string; name: string; why: string }[]; isElsewhere: boolean } {
  const count = (state: 'passed' | 'failed'): number => modules.reduce((sum, module) => sum + [...module.children.allTests(state)].length, 0)
  const failures = modules.flatMap((module) => {
    const file = module.relativeModuleId
    const tests = [...module.children.allTests('failed')].map((test) => ({ file, name: test.fullName, why: firstLine(test) }))
    return tests.length > 0 || module.ok() ? tests : [{ file, name: 'what surrounds its tests', why: module.errors()[0]?.message.split('\n')[0] ?? 'no reason kept' }]
  })
  return { passed: count('passed'), failed: count('failed'), failures, isElsewhere: unhandled.length > 0 || leftOutOf(modules).length > 0 }
}

/** Not what a conformance suite says its subject does not have. */
function leftOutOf(modules: readonly TestModule[]): TestCase[] {
  return modules.flatMap((module) => [...module.children.allTests('skipped')]).filter((test) => !/^\S.* has no \S/.test(noteOf(test)))
}

function firstLine(test: TestCase): string {
  return test.result().errors?.[0]?.message.split('\n')[0] ?? 'no reason kept'
}

function firstTry(test: TestCase): string {
  return `  ${test.module.relativeModuleId} > ${test.fullName}\n      first try: ${firstLine(test)}\n`
}

function noteOf(test: TestCase): string {
  const result = test.result()
  return result.state === 'skipped' ? (result.note ?? '') : ''
}
