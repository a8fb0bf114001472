/** Where this program lies, as a bundle and as source. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Where the built page is, seen from the bundle or from the source. */
export function installation(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return here.endsWith('dist') ? resolve(here, '..') : resolve(here, '..', '..')
}

export function uiDirectory(root: string): string | undefined {
  const folder = join(root, 'dist', 'ui')
  return existsSync(join(folder, 'index.html')) ? folder : undefined
}

export function readVersion(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string }).version ?? '0.0.0'
}

/** The program of a channel that runs in a process of its own. */
export function channelCommand(): { file: string; args: string[] } {
  const here = dirname(fileURLToPath(import.meta.url))
  return here.endsWith('dist') ? { file: process.execPath, args: [join(here, 'channel.mjs')] } : { file: process.execPath, args: ['--import', sourceLoader(), join(here, 'channel-process.ts')] }
}

/** What lets Node run this program's source. */
const sourceLoader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** The program that reads documents: from the bundle, with Node's own limits on what it may open; from the source where there is no bundle. */
export function readerCommand(): { file: string; args: string[] } {
  const here = dirname(fileURLToPath(import.meta.url))
  const memory = '--max-old-space-size=384'
  if (!here.endsWith('dist')) {
    return { file: process.execPath, args: [memory, '--import', sourceLoader(), join(here, 'foundation', 'egress', 'reading', 'reader-process.ts')] }
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const permission = major > 23 || (major === 23 && minor >= 5) ? '--permission' : '--experimental-permission'
  return { file: process.execPath, args: [memory, permission, '--disallow-code-generation-from-strings', `--allow-fs-read=${here}/*`, join(here, 'reader.mjs')] }
}

/** Where people look for the log. */
export const logLinkPath = '/tmp/moltbot-gateway.log'
