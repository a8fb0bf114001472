import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { freePort } from '../support/free-port.ts'

/**
 * OPS-11: every command of the operator's pages, executed in order on a clean HOME, as typed but for the port. In a page, ```` ```bash ````
 * is run, a line `# → words` says what its block must print, and ```` ```bash no-run REASON ```` is not run, for the reason it gives.
 */
const pages = ['docs/operator-workflow.md', 'docs/security-configuration.md', 'docs/phase9-whatsapp-safe-defaults.md', 'docs/secrets-management.md', 'SECURITY.md']

interface Block { line: number; text: string; says: string[]; skipped: string | undefined }

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^( *)```bash([^\n]*)\n([\s\S]*?)^\1```/gm)].map((found) => {
    const text = (found[3] ?? '').replaceAll(new RegExp(`^${found[1] ?? ''}`, 'gm'), '')
    const info = (found[2] ?? '').trim()
    return {
      line: page.slice(0, found.index).split('\n').length, text, says: [...text.matchAll(/^# → (.*)$/gm)].map((said) => said[1] ?? ''),
      skipped: info === '' ? undefined : info.replace(/^no-run\b\s*/, ''),
    }
  })
}

/** An installation like a clone that was made ready: what is built, the scripts, the packages. */
function installationIn(folder: string): string {
  const root = join(folder, 'moltbot')
  mkdirSync(root)
  for (const part of ['bin', 'dist', 'scripts', 'package.json', 'package-lock.json']) cpSync(join(projectRoot, part), join(root, part), { recursive: true, preserveTimestamps: true })
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  writeFileSync(join(root, 'dist', '.built'), '')
  utimesSync(join(root, 'dist', '.built'), new Date(Date.now() + 60_000), new Date(Date.now() + 60_000))
  return root
}

const ready = existsSync(join(projectRoot, 'dist', 'cli.mjs')) && process.platform !== 'win32'

// What is executed is the built product.
describe.skipIf(!ready).each(pages)('OPS-11: the commands of %s', (path) => {
  const page = readFileSync(join(projectRoot, path), 'utf8')
  const blocks = blocksOf(page)
  let home: string
  let root: string
  let port: number

  const shell = (text: string): Promise<{ code: number; out: string }> => new Promise((resolve) => {
    const shell = execFile('bash', ['-eo', 'pipefail', '-c', text], {
      cwd: root, timeout: 110_000, maxBuffer: 16 * 1024 * 1024,
      env: { HOME: home, PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1', TERM: 'dumb', LANG: process.env['LANG'] ?? 'C.UTF-8' },
    }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, out: stdout + stderr }))
    // Nobody is there to type.
    shell.stdin?.end()
  })

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'moltbot-guide-'))
    root = installationIn(home)
    port = await freePort()
    // The only thing that is not as a newcomer finds it: a port of its own (with a token, as a configuration has one), and the command within reach.
    mkdirSync(join(home, 'bin'))
    symlinkSync(join(root, 'bin', 'moltbot'), join(home, 'bin', 'moltbot'))
    mkdirSync(join(home, '.moltbot'), { mode: 0o700 })
    writeFileSync(join(home, '.moltbot', 'moltbot.json'), `{ gateway: { port: ${port}, auth: { mode: "token", token: "${randomBytes(32).toString('hex')}" } } }\n`, { mode: 0o600 })
  })
  afterAll(async () => {
    await shell('moltbot gateway stop || true')
    rmSync(home, { recursive: true, force: true })
  })

  it('are all run, or say why not', () => {
    for (const { line, skipped, text } of blocks) {
      if (skipped !== undefined) expect(skipped, `${path}:${line}`).toMatch(/\w+ \w+/)
      expect(text.trim(), `${path}:${line}`).not.toBe('')
    }
    const named = blocks.filter((block) => block.skipped !== undefined).map((block) => `${basename(path)}:${block.line} ${block.skipped ?? ''}`)
    if (named.length > 0) process.stderr.write(`Not run: ${named.join('; ')}\n`)
  })

  it('work in their order', async () => {
    const failures: string[] = []
    for (const { line, text, says, skipped } of blocks) {
      if (skipped !== undefined) continue
      const { code, out } = await shell(text.replaceAll('18789', String(port)).replaceAll('18790', String(port + 1)))
      if (code !== 0) failures.push(`${path}:${line} ended with ${code}:\n${text}${out.slice(-1_500)}`)
      for (const words of says) if (!out.includes(words)) failures.push(`${path}:${line} did not print "${words}":\n${out.slice(-1_500)}`)
    }
    expect(failures.join('\n\n')).toBe('')
  }, 300_000)
})

describe('OPS-11: the walk itself', () => {
  it('finds blocks, what they say, and those that are not run', () => {
    expect(blocksOf('a\n```bash\necho hi\n# → hi\n```\n   ```bash no-run needs Docker\n   docker ps\n   ```\n```json\n{}\n```\n')).toEqual([
      { line: 2, text: 'echo hi\n# → hi\n', says: ['hi'], skipped: undefined }, { line: 6, text: 'docker ps\n', says: [], skipped: 'needs Docker' },
    ])
  })

  it('OPS-11 twin: a page with a command that does not work is caught', async () => {
    const [block] = blocksOf('```bash\nmoltbot no-such-command-at-all\n```\n')
    const code = await new Promise((resolve) => execFile('bash', ['-euo', 'pipefail', '-c', block?.text ?? ''], { env: { PATH: `${join(projectRoot, 'bin')}:${process.env['PATH'] ?? ''}` } }, (error) => resolve(error === null ? 0 : 1)))
    expect(code).toBe(1)
  })
})
