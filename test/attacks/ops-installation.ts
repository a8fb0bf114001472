/** The scripts and the deployment under attack: the real scripts on real state directories, the review on what is on disk. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import type { Review } from '@moltbot/contract'
import { offlineReview } from '../../gateway/src/offline.ts'
import { projectRoot } from '../../scripts/source-tree.ts'

/** Of the test that runs: its HOME, the state directory in it, and an installation of its own. */
export let home: string
export let state: string
export let root: string

/** Called once in each file of tests: a HOME of its own for each of them. */
export function eachWithItsHome(): void {
  const kept = { home: process.env['HOME'], config: process.env['XDG_CONFIG_HOME'] }
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'moltbot-ops-'))
    state = join(home, '.moltbot')
    root = join(home, 'installation')
    mkdirSync(state, { mode: 0o700 })
    // The review without a gateway reads its own environment, as the command line does.
    process.env['HOME'] = home
    process.env['XDG_CONFIG_HOME'] = join(home, '.config')
  })
  afterEach(() => {
    for (const [name, value] of [['HOME', kept.home], ['XDG_CONFIG_HOME', kept.config]] as const) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    rmSync(home, { recursive: true, force: true })
  })
}

export const asRoot = process.getuid?.() === 0
export const token = '5f0c9e1b7a3d48264be1906df7c2a85d93e470b6182fca5d0e9b37641cd8a2f5'
/** Writes a file of the state directory, with exactly this mode. */
export const put = (name: string, text: string, mode = 0o600): string => {
  const path = join(state, name)
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
  return path
}
export const folder = (name: string, mode = 0o700): string => {
  mkdirSync(join(state, name), { recursive: true, mode })
  chmodSync(join(state, name), mode)
  return join(state, name)
}
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const merged = (base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> => Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => {
  const [before, after] = [base[key], over[key]]
  return [key, isObject(before) && isObject(after) ? merged(before, after) : key in over ? after : before]
}))
/** A sound configuration with these changes, in the state directory. */
export const config = (changes: Record<string, unknown> = {}, mode = 0o600): string => put('moltbot.json', JSON.stringify(merged({ gateway: { auth: { mode: 'token', token } } }, changes)), mode)
export const telegram = (changes: Record<string, unknown>, beside: Record<string, unknown> = {}): void => {
  put('secrets.env', 'export TELEGRAM_BOT_TOKEN="123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"\n')
  config({ ...beside, channels: { telegram: { botToken: '${TELEGRAM_BOT_TOKEN}', ...changes } } })
}

export interface Ran { code: number; out: string }
/** A script of an installation of its own, where nothing is built. */
export function run(script: string, { environment = {}, as }: { environment?: Record<string, string>; as?: number } = {}): Promise<Ran> {
  if (!existsSync(root)) {
    mkdirSync(join(root, 'scripts'), { recursive: true })
    for (const name of ['audit-lines.sh', 'quick-audit.sh', 'security-audit.sh', 'judge-containers.mjs', 'secure-permissions.sh']) cpSync(join(projectRoot, 'scripts', name), join(root, 'scripts', name))
  }
  return new Promise((resolve) => execFile('bash', [join(root, 'scripts', script)], {
    cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home, MOLTBOT_STATE_DIR: state, NO_COLOR: '1', ...environment }, ...(as === undefined ? {} : { uid: as, gid: as }),
  }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })))
}
export const look = (): Promise<Review> => offlineReview(state, { deep: false, quick: false } as never)

/** A `docker` that answers as Docker Compose does for any file it is shown. */
export function dockerThatSays(services: object): Record<string, string> {
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  mkdirSync(root, { recursive: true })
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\ncase "$*" in *version*) exit 0 ;; *config*) cat <<'TXT'\n${JSON.stringify({ services })}\nTXT\n ;; esac\n`, { mode: 0o755 })
  mkdirSync(join(root, 'scripts'), { recursive: true })
  for (const name of ['audit-lines.sh', 'quick-audit.sh', 'security-audit.sh', 'judge-containers.mjs']) cpSync(join(projectRoot, 'scripts', name), join(root, 'scripts', name))
  writeFileSync(join(root, 'docker-compose.prod.yml'), 'services: {}\n')
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
}

/** Everything below a folder: kind, modes, times, contents. */
export function picture(folder: string): string {
  const lines: string[] = []
  const walk = (path: string): void => {
    const stat = lstatSync(path)
    lines.push(`${path} ${stat.mode} ${stat.uid} ${stat.mtimeMs} ${stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : stat.isSymbolicLink() ? readlinkSync(path) : ''}`)
    if (stat.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name))
  }
  walk(folder)
  return lines.toSorted().join('\n')
}
