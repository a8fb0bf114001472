import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A copy of the launcher in an installation of its own, with or without a bundle. */
function install(bundle?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-bin-'))
  mkdirSync(join(folder, 'bin'))
  copyFileSync(join(root, 'bin', 'moltbot'), join(folder, 'bin', 'moltbot'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module","version":"7.8.9"}')
  if (bundle !== undefined) {
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist', 'cli.mjs'), bundle)
  }
  return join(folder, 'bin', 'moltbot')
}

const run = (file: string, ...words: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(process.execPath, [file, ...words], { encoding: 'utf8' })

it('is executable by its first line', () => {
  expect(readFileSync(join(root, 'bin', 'moltbot'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})

it.each(['--version', '-v', '-V', 'version'])('answers %s without the bundle', (word) => {
  expect(run(install(), word)).toMatchObject({ status: 0, stdout: '7.8.9\n', stderr: '' })
})

it('says what to run when nothing is built', () => {
  const { status, stderr } = run(install(), 'status')
  expect(status).toBe(1)
  expect(stderr).toContain('npm install && npm run build')
  expect(stderr).toContain('start-moltbot.sh')
})

it('hands everything else to the bundle', () => {
  expect(run(install("console.log(process.argv.slice(2).join(' ')); process.exitCode = 4"), 'status', '--version')).toMatchObject({ status: 4, stdout: 'status --version\n' })
})
