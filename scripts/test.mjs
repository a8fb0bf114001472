#!/usr/bin/env node
/**
 * `npm test [-- vitest arguments]`: makes the clone ready (packages, build, a browser where that can be done), then runs every
 * test. Tests that cannot run here are left out and named at the end; with `CI=true` a test left out is a failure, and files in
 * which tests failed are run once more, by themselves: docs/decisions/2026-11-22-a-second-try-is-named.md.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const run = (program, args, environment = process.env) => spawnSync(program, args, { cwd: root, env: environment, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1
/** More files than these have not failed by chance. */
const againMax = 3

if (run('bash', ['scripts/setup.sh']) !== 0) process.exit(1)
installBrowser()
process.exit(process.env.CI === 'true' ? runTwice(process.argv.slice(2)) : vitest(process.argv.slice(2)))

function vitest(args, environment) {
  return run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], environment)
}

/** The exit code. Whatever happened, the last line says how many tests passed and failed. */
function runTwice(args) {
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-tests-'))
  try {
    const told = (name, given) => {
      const file = join(folder, name)
      const code = vitest(given, { ...process.env, MOLTBOT_TESTS_TOLD: file })
      return { code, ...(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 1, failures: [], isElsewhere: true }) }
    }
    const first = told('first', args)
    const files = [...new Set(first.failures.map(({ file }) => file))]
    if (first.code === 0 || first.isElsewhere || files.length === 0 || files.length > againMax) return first.code
    console.log(`\nOnce more, by themselves: ${files.join(', ')}\n`)
    const again = told('again', files)
    if (again.code === 0) {
      console.log(`\nFailed beside the others and passed by themselves, so look at them (${first.failures.length}):`)
      for (const { file, name, why } of first.failures) console.log(`  ${file} > ${name}\n      beside the others: ${why}`)
    }
    console.log(`\n${again.code === 0 ? first.passed + first.failed : first.passed} passed, ${again.code === 0 ? 0 : Math.max(1, again.failed)} failed`)
    return again.code
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Debian's Chromium and a few fonts, where we may install them. Elsewhere the tests that need it are left out by name. */
function installBrowser() {
  if (['chromium', 'chromium-browser', 'google-chrome'].some((name) => existsSync(`/usr/bin/${name}`))) return
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    console.error('There is no Chromium in /usr/bin: the tests of the page in a browser are left out. Install it with: sudo apt-get install chromium')
    return
  }
  console.error('Installing Chromium …')
  process.env.DEBIAN_FRONTEND = 'noninteractive'
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0']
  if (run('apt-get', [...quiet, 'update']) !== 0 || run('apt-get', [...quiet, 'install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core', 'fonts-noto-color-emoji']) !== 0) {
    console.error('Chromium could not be installed: the tests of the page in a browser are left out.')
  }
}
