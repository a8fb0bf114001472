/**
 * `npm run threat-model [-- --report FILE …] [-- --check]`: weighs the threat model by a run of the tests and writes
 * `docs/threat-model.md` and `docs/attack-catalogue.md`. The run is read from `--report` (`npm test -- --reporter=json --outputFile=FILE`),
 * given once for each part of it; without it, the tests that evidence and catalogue name are run here. `--check` writes nothing and ends with 1 when the pages differ.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'
import { cataloguePage } from '../attacks/catalogue-page.ts'
import { catalogue } from '../attacks/catalogue.ts'
import { clearanceEvidence, evidence } from './evidence.ts'
import { threatModelPage } from './page.ts'
import { idOf, readReport } from './report.ts'
import { testSources } from './test-sources.ts'
import { weigh } from './weigh.ts'

/** The files given with `--report`; a run may be in several parts. */
const reports = process.argv.flatMap((word, at) => (word === '--report' && process.argv[at + 1] !== undefined ? [process.argv[at + 1] as string] : []))

/** They hold ids as examples. */
const selfTests = ['test/attacks/catalogue.test.ts', 'test/threat-model/evidence.test.ts']

/** The test files that evidence names, and those with a case of the catalogue in a title. */
function filesToRun(): string[] {
  const references = [...evidence, ...clearanceEvidence].flatMap((entry) => [...entry.tests, ...entry.attacks])
  const files = new Set(references.filter((reference) => idOf(reference) === undefined).map((reference) => reference.split(' › ')[0] ?? ''))
  const inTitle = new RegExp(`['"\`](?:${catalogue.map((one) => one.id).join('|')})\\b`)
  for (const [path, text] of testSources()) if (!selfTests.includes(path) && inTitle.test(text)) files.add(path)
  return [...files].filter((file) => file !== '').toSorted()
}

function runTests(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-threat-model-'))
  try {
    const output = join(folder, 'report.json')
    // A failing test is a result here, not an error: its control is false.
    spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile=${output}`, ...filesToRun()], { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'] })
    return readFileSync(output, 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const ran = (reports.length === 0 ? [runTests()] : reports.map((file) => readFileSync(file, 'utf8'))).flatMap((text) => readReport(text, projectRoot))
const weighed = weigh(ran)
const pages = new Map([['docs/threat-model.md', threatModelPage(weighed)], ['docs/attack-catalogue.md', cataloguePage(ran)]])
let stale = 0
for (const [path, text] of pages) {
  const file = join(projectRoot, path)
  if (process.argv.includes('--check')) {
    if (readFileSync(file, 'utf8') !== text) { stale += 1; process.stderr.write(`${path} is not what this run gives. Write it with: npm run threat-model\n`) }
  } else {
    writeFileSync(file, text)
  }
}
const { rawCount, countAfterExclusions, holding, clearancesHolding, lacking } = weighed
process.stdout.write(`${rawCount.total} findings raw, ${countAfterExclusions.total} after the two exclusions; ${holding.length + clearancesHolding.length} entries of evidence hold, ${lacking.length} do not.\n`)
process.exitCode = stale === 0 ? 0 : 1
