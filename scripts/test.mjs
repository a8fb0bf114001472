#!/usr/bin/env node
/**
 * `npm test [-- vitest arguments]`: makes the clone ready (packages, build, a browser where that can be done), then runs every
 * test. Tests that cannot run here are left out and named at the end; with `CI=true` a test left out is a failure.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const run = (program, args) => spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1

if (run('bash', ['scripts/setup.sh']) !== 0) process.exit(1)
installBrowser()
process.exit(run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]))

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
