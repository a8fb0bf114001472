/** Reads the JSON report of a run of the tests (`vitest run --reporter=json`) and finds in it what a reference names. */
import { relative } from 'node:path'

/** One test of a run. `twin`: a deliberately broken variant, which never counts as the case itself. */
export interface Ran { file: string; name: string; titles: readonly string[]; passed: boolean; skipped: boolean }

interface Assertion { ancestorTitles?: string[]; title: string; fullName?: string; status: string }
interface JsonReport { testResults: { name: string; assertionResults: Assertion[] }[] }

/** Throws a sentence where the text is no such report. */
export function readReport(text: string, root: string): Ran[] {
  const parsed = JSON.parse(text) as Partial<JsonReport>
  if (!Array.isArray(parsed.testResults)) throw new Error('This is no JSON report of vitest.')
  return parsed.testResults.flatMap((file) => file.assertionResults.map((test) => {
    const titles = [...(test.ancestorTitles ?? []), test.title]
    return { file: relative(root, file.name), name: titles.join(' › '), titles, passed: test.status === 'passed', skipped: test.status !== 'passed' && test.status !== 'failed' }
  }))
}

const idAtTheStart = /^([A-Z]{2,4}-\d{2})\b(.*)$/s

/** The catalogue id a title begins with, and whether it is a twin's. */
export function idOf(title: string): { id: string; twin: boolean } | undefined {
  const found = idAtTheStart.exec(title)
  return found?.[1] === undefined ? undefined : { id: found[1], twin: /^\s*,?\s*twin\b/.test(found[2] ?? '') }
}

/** Every test that belongs to a case of the catalogue: its own title or one above it begins with the id. */
export function ofCase(ran: readonly Ran[], id: string, twins = false): Ran[] {
  return ran.filter((test) => {
    const ids = test.titles.map(idOf).filter((found) => found?.id === id)
    return ids.length > 0 && ids.some((found) => found?.twin === true) === twins
  })
}

/** The tests a reference means: `AUT-02`, or `path/to/file.test.ts › words of its full name`. */
export function named(ran: readonly Ran[], reference: string): Ran[] {
  if (idOf(reference) !== undefined) return ofCase(ran, reference)
  const [file = '', words = ''] = reference.split(' › ', 2)
  return ran.filter((test) => test.file === file && (words === '' || test.name.includes(words)))
}

/** What speaks against a reference, in words; undefined when it holds. Missing, failed and left out are all against it. */
export function against(ran: readonly Ran[], reference: string): string | undefined {
  const tests = named(ran, reference)
  if (tests.length === 0) return `${reference}: no such test ran`
  const failed = tests.find((test) => !test.passed)
  return failed === undefined ? undefined : `${reference}: ${failed.skipped ? 'left out' : 'failed'}`
}
