import { execFile } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { freePort } from '../support/free-port.ts'

const token = 'a-token-that-is-to-stay-in-its-file-0123456789abcdef'

/** The start script itself, with a gateway in place of ours that is ready at once and makes links. `script` gives it a terminal. */
describe.skipIf(!existsSync('/usr/bin/script') || process.platform !== 'linux')('the start script', () => {
  let folder: string
  let port: number
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moltbot-start-'))
    port = await freePort()
    for (const part of ['scripts', 'bin', 'home/.moltbot', 'path']) mkdirSync(join(folder, part), { recursive: true })
    cpSync(join(projectRoot, 'scripts/start-moltbot.sh'), join(folder, 'scripts/start-moltbot.sh'))
    for (const name of ['setup.sh', 'secure-permissions.sh']) writeFileSync(join(folder, 'scripts', name), 'exit 0\n')
    writeFileSync(join(folder, 'home/.moltbot/moltbot.json'), `{ "gateway": { "auth": { "token": "${token}" } } }`)
    writeFileSync(join(folder, 'bin/moltbot'), `
      const { appendFileSync, existsSync, writeFileSync } = require('node:fs')
      const words = process.argv.slice(2).join(' ')
      if (words.startsWith('gateway run')) {
        writeFileSync('${folder}/pid', String(process.pid))
        writeFileSync('${folder}/home/.moltbot/running.json', JSON.stringify({ port: ${port}, pid: process.pid }))
        require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1')
      } else if (words === 'login link') {
        if (existsSync('${folder}/no-links')) process.exit(4)
        appendFileSync('${folder}/made', 'x')
        console.log('http://localhost:${port}/?token=once-' + 'b'.repeat(43) + '\\nIt opens once.')
      }`)
    writeFileSync(join(folder, 'path/xdg-open'), `#!/bin/sh\nprintf '%s' "$*" > '${folder}/opened'\n`)
    chmodSync(join(folder, 'path/xdg-open'), 0o755)
  })
  afterAll(() => {
    if (existsSync(join(folder, 'pid'))) process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')))
    rmSync(folder, { recursive: true, force: true })
  })

  const run = (terminal: boolean, ...flags: string[]): Promise<string> => new Promise((resolve, reject) => {
    const line = ['bash', join(folder, 'scripts/start-moltbot.sh'), '--port', String(port), ...flags]
    const env = { HOME: join(folder, 'home'), PATH: `${join(folder, 'path')}:${process.env['PATH'] ?? ''}`, DISPLAY: ':9' }
    const child = execFile(terminal ? 'script' : 'bash', terminal ? ['-qec', line.join(' '), '/dev/null'] : line.slice(1), { env, timeout: 60_000 }, (error, stdout, stderr) => (error === null ? resolve(stdout + stderr) : reject(new Error(stdout + stderr))))
    child.stdin?.end()
  })

  it('shows a terminal a link that opens once, and never the token', async () => {
    const said = await run(true, '--no-browser')
    expect(said).toContain(`http://localhost:${port}/?token=once-`)
    expect(said).not.toContain(token)
    expect(existsSync(join(folder, 'opened'))).toBe(false)
  })

  it('opens the link where there is a screen, and does not show what is used up', async () => {
    const said = await run(true)
    expect(readFileSync(join(folder, 'opened'), 'utf8')).toContain('/?token=once-')
    expect(said).toContain('moltbot dashboard')
    expect(said).not.toContain('token=')
  })

  it('makes no link for a log, and says how to sign in where none is made', async () => {
    const before = readFileSync(join(folder, 'made'), 'utf8')
    expect(await run(false)).not.toContain('token=')
    expect(readFileSync(join(folder, 'made'), 'utf8')).toBe(before)
    writeFileSync(join(folder, 'no-links'), '')
    const said = await run(true)
    expect(said).not.toContain('token=')
    expect(said).toContain('moltbot dashboard signs you in')
  })

  it('offers nobody else\'s gateway as this one\'s, and names a port that is none before it tries it', async () => {
    const running = join(folder, 'home/.moltbot/running.json')
    const own = readFileSync(running, 'utf8')
    rmSync(running)
    await expect(run(false)).rejects.toThrow(`Another gateway already listens on port ${port}`)
    writeFileSync(running, JSON.stringify({ port: Number(`${port}1`), pid: 1 }))
    await expect(run(false)).rejects.toThrow('Start this one on another port')
    writeFileSync(running, own)
    expect(await run(false)).toContain(`Moltbot is already running on port ${port}.`)
    for (const wrong of ['65536', '0', '123456', '1e3']) await expect(run(false, '--port', wrong)).rejects.toThrow(/^✗ --port \S+ is not a port\.\n/)
  })
})
