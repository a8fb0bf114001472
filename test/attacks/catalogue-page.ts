/** `docs/attack-catalogue.md`: what became of every case in one run of the tests. */
import { ofCase } from '../threat-model/report.ts'
import type { Ran } from '../threat-model/report.ts'
import { catalogue, catalogueGroups } from './catalogue.ts'

export type Standing = 'passed' | 'failed' | 'left out' | 'not yet'

/** A case has passed when it has tests and all of them did. One that was left out (no browser, no root) is not called passed. */
function standing(tests: readonly Ran[]): Standing {
  if (tests.length === 0) return 'not yet'
  if (tests.some((test) => !test.passed && !test.skipped)) return 'failed'
  return tests.some((test) => test.skipped) ? 'left out' : 'passed'
}

export function cataloguePage(ran: readonly Ran[]): string {
  const of = (ids: readonly { id: string }[]): Record<Standing, number> => {
    const counts: Record<Standing, number> = { 'passed': 0, 'failed': 0, 'left out': 0, 'not yet': 0 }
    for (const { id } of ids) counts[standing(ofCase(ran, id))] += 1
    return counts
  }
  const all = of(catalogue)
  const twins = catalogue.filter(({ id }) => ofCase(ran, id, true).length > 0)
  const lines = [
    '# The attack catalogue',
    '',
    'Written by `npm run threat-model` from a run of the tests; not by hand. A case is passed when tests whose titles begin with its id ran',
    'and all of them passed. A twin is a deliberately broken variant that the case\'s test must catch; twins are counted apart. A test covers',
    'its case as far as its own text says: where it holds off less than the whole row, the test says so beside it.',
    '',
    '| group | cases | passed | failed | left out | not yet |',
    '| --- | --- | --- | --- | --- | --- |',
    ...catalogueGroups.map(({ prefix, name, cases }) => { const counts = of(cases); return `| ${prefix}: ${name} | ${cases.length} | ${counts.passed} | ${counts.failed} | ${counts['left out']} | ${counts['not yet']} |` }),
    `| **all** | **${catalogue.length}** | **${all.passed}** | **${all.failed}** | **${all['left out']}** | **${all['not yet']}** |`,
    '',
    `Twins: ${twins.length} cases have at least one; ${twins.filter(({ id }) => standing(ofCase(ran, id, true)) === 'passed').length} of them were caught in this run.`,
  ]
  for (const { prefix, name, cases } of catalogueGroups) {
    lines.push('', `## ${prefix}: ${name}`, '', '| id | what is tried | standing | test | twin |', '| --- | --- | --- | --- | --- |')
    for (const { id, what } of cases) {
      const tests = ofCase(ran, id)
      const files = [...new Set(tests.map((test) => test.file))]
      const twin = ofCase(ran, id, true)
      const title = tests.length === 0 ? '' : `${tests.length === 1 ? '' : `${tests.length} tests, `}${files.map((file) => `\`${file}\``).join(', ')}: ${tests[0]?.titles.find((one) => one.startsWith(id))?.slice(id.length).replace(/^[:\s]+/, '') ?? ''}`
      lines.push(`| ${id} | ${what} | ${standing(tests)} | ${title.replaceAll('|', '\\|').replaceAll('\n', ' ')} | ${twin.length === 0 ? '' : standing(twin)} |`)
    }
  }
  return `${lines.join('\n')}\n`
}
