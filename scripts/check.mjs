#!/usr/bin/env node
/**
 * `npm run check`: everything a change must pass. Generated files are fresh, types hold, the linter is content, the tests pass.
 * `--without-tests` leaves the tests to somebody else. Every part runs even when an earlier one failed; the last line counts.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const withTests = !process.argv.includes('--without-tests')
const run = (program, args) => spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0

if (!run('bash', ['scripts/setup.sh'])) process.exit(1)
const parts = [
  ['generated files', () => run(process.execPath, ['scripts/generate.mjs', '--check'])],
  ['types', () => run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'])],
  ['linter', () => run(process.execPath, ['node_modules/oxlint/bin/oxlint', '.'])],
  ['licences', () => run(process.execPath, ['scripts/check-licences.mjs'])],
  ...(withTests ? [['tests', () => run(process.execPath, ['scripts/test.mjs'])]] : []),
]
const failed = parts.filter(([name, part]) => {
  console.log(`— ${name}`)
  return !part()
}).map(([name]) => name)
run(process.execPath, ['node_modules/tsx/dist/cli.mjs', 'scripts/print-shape.ts'])
console.log(`${parts.length - failed.length} passed, ${failed.length} failed${failed.length === 0 ? '' : `: ${failed.join(', ')}`}`)
process.exitCode = failed.length === 0 ? 0 : 1
