import { execFile } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'
import type { SpawnedGateway } from '../support/spawned-gateway.ts'

/** What a running gateway looks like from outside its process: what the threat model takes for granted of flows within it. */
const token = 'c0ffee0d9e1b7a3d48264be1906df7c2a85d93e470b6182fca5d0e9b37641cd8'
const said = 'CANARY-flow-7d31'

describe.skipIf(process.platform !== 'linux')('a running gateway', () => {
  let at: SpawnedGateway
  // What is looked at is in /proc, and the built gateway runs in a process of its own.
  beforeAll(async () => {
    at = await createSpawnedGateway({ gateway: { auth: { mode: 'token', token } } })
    await at.start()
    const answer = await at.cli(['agent', '--message', `note: ${said}`])
    expect(answer.code, answer.err).toBe(0)
  })
  afterAll(async () => {
    await at.stop()
    at.remove()
  })

  /** Local addresses and states of a process's TCP sockets, and the paths of its Unix sockets. */
  function sockets(pid: number): { listening: string[]; connected: string[]; unix: string[] } {
    const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        // Closed between the list and the look.
        return []
      }
    }))
    const rows = (file: string): string[][] => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/))
    const tcp = [...rows('tcp'), ...rows('tcp6')].filter((row) => inodes.has(row[9] ?? ''))
    return {
      listening: tcp.filter((row) => row[3] === '0A').map((row) => row[1] ?? ''), connected: tcp.filter((row) => row[3] === '01').map((row) => row[2] ?? ''),
      unix: rows('unix').filter((row) => inodes.has(row[6] ?? '') && row[7] !== undefined).map((row) => row[7] ?? ''),
    }
  }
  /** Where the key of the vault lies, apart from what it seals. */
  const keyFolder = (): string => join(at.home, '.config', 'moltbot')
  const children = (pid: number): string[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((one) => one !== '')

  it('what works on a message is one process, and speaks to nobody but who it must', async () => {
    const pid = at.pid ?? 0
    await expect.poll(() => children(pid)).toEqual([])
    const seen = sockets(pid)
    const port = at.port.toString(16).toUpperCase().padStart(4, '0')
    expect(seen.listening.length).toBeGreaterThan(0)
    // Loopback, v4 and v6, on the one port.
    for (const address of seen.listening) expect([`0100007F:${port}`, `00000000000000000000000001000000:${port}`]).toContain(address)
    // Nobody is connected after the command line has gone, and the built-in assistant calls nobody.
    expect(seen.connected.filter((address) => !/^(?:0100007F|0{24}01000000|0000000000000000FFFF00000100007F):/.test(address))).toEqual([])
    for (const path of seen.unix) expect(path.startsWith(at.stateDir), path).toBe(true)
    expect(at.log()).not.toContain(said)
  })

  it('a stranger on this machine finds no socket that answers with anything said here', async () => {
    const asked = ['GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n', `GET /?session=main HTTP/1.1\r\nHost: localhost:${at.port}\r\nConnection: close\r\n\r\n`, `{"type":"req","id":"1","method":"chat.history","params":{"sessionKey":"main"}}\n`, '\0'.repeat(64)]
    const seen = sockets(at.pid ?? 0)
    const answers = await Promise.all([
      ...asked.map((text) => speak({ host: '127.0.0.1', port: at.port }, text)),
      ...seen.unix.filter((path) => path.startsWith('/')).flatMap((path) => asked.map((text) => speak({ path }, text))),
    ])
    for (const answer of answers) {
      expect(answer).not.toContain(said)
      expect(answer).not.toMatch(/^HTTP\/1\.1 200[\s\S]*"data"/)
    }
  })

  it('what is kept goes into files that this process alone holds open, and over no socket', () => {
    const held = (pid: string): string[] => {
      try {
        return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      } catch {
        // It ended meanwhile, or is none of ours to look at.
        return []
      }
    }
    const ours = held(String(at.pid)).filter((path) => path.startsWith(at.stateDir))
    for (const name of ['moltbot.db', 'moltbot.db-wal', 'gateway.log']) expect(ours.filter((path) => path.endsWith(name)), name).not.toEqual([])
    // What is being written anew may have taken the place of another meanwhile.
    for (const path of ours.filter((each) => existsSync(each))) expect(lstatSync(path).isFile(), path).toBe(true)
    const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(at.pid))
    expect(others.filter((pid) => held(pid).some((path) => path.startsWith(at.stateDir)))).toEqual([])
  })

  /** What somebody else on this machine prints, with the given words as `$@`. */
  const stranger = (script: string, ...words: string[]): Promise<string> =>
    new Promise((resolve, reject) => execFile('/bin/sh', ['-c', `${script}; exit 0`, 'sh', ...words], { uid: 65_534, gid: 65_534, cwd: '/' }, (error, stdout) => (error === null ? resolve(stdout) : reject(error))))

  // Only root can become somebody else.
  it.skipIf(process.getuid?.() !== 0)('nobody else on this machine can put another file or folder in the place of one of ours', async () => {
    const places = ['', 'moltbot.json', 'secrets.env', 'running.json', 'credentials', 'sessions', 'sessions/moltbot.db', 'logs', 'logs/gateway.log', 'workspace'].map((name) => join(at.stateDir, name)).concat(keyFolder(), join(keyFolder(), 'vault.key'))
    const state = (): string => places.map((path) => `${path} ${existsSync(path) ? `${lstatSync(path).ino} ${lstatSync(path).mode}` : 'none'}`).join('\n')
    const before = state()
    const out = await stranger('for f; do rm -rf "$f"; mv "$f" "$f.aside"; ln -s /etc/passwd "$f"; mkdir -p "$f"; echo x >"$f"; echo x >"$f/evil"; chmod 777 "$f"; test -e "$f/evil" && echo "$f"; done 2>/dev/null', ...places)
    expect(out).toBe('')
    expect(state()).toBe(before)
  })

  // Only root can become somebody else.
  it.skipIf(process.getuid?.() !== 0)('nobody else on this machine reads what the process holds in memory, changes it or ends it', async () => {
    const pid = String(at.pid)
    const seen = await stranger('for f in mem environ maps smaps fd cwd io syscall auxv pagemap; do cat "/proc/$1/$f" >/dev/null 2>&1 && echo "$f"; ls "/proc/$1/$f/" >/dev/null 2>&1 && echo "$f/"; (echo x >"/proc/$1/$f") 2>/dev/null && echo "$f!"; done; for s in TERM KILL USR1 STOP; do kill -$s "$1" 2>/dev/null && echo "$s"; done', pid)
    expect(seen).toBe('')
    // The words it was started with are everybody's to read: no secret is among them.
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(token)
    expect((await at.cli(['health'])).code).toBe(0)
  })

  it('the command line runs and believes nothing that lies in the folder it is typed in', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-planted-'))
    try {
      const ran = join(folder, 'ran')
      const code = `require('node:fs').appendFileSync(${JSON.stringify(ran)}, __filename + '\\n')`
      const module = `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(ran)}, import.meta.url + '\\n')\nexport default {}\n`
      const planted: Record<string, string> = {
        '.env': 'MOLTBOT_GATEWAY_TOKEN=wrong\nNODE_OPTIONS=--require=./evil.cjs\n', 'evil.cjs': code, 'moltbot.json': '{ gateway: { port: 9, mode: "remote", remote: { url: "ws://127.0.0.1:9", token: "x" } } }',
        '.moltbot/moltbot.json': '{ gateway: { port: 9 } }', 'secrets.env': 'MOLTBOT_GATEWAY_TOKEN="wrong"\n', 'running.json': `{"port":9,"pid":${process.pid}}`, 'package.json': '{"type":"commonjs","main":"evil.cjs"}',
        'dist/gateway.mjs': module, 'dist/cli.mjs': module, 'gateway/src/process.ts': module, 'config/default.json': '{}',
        ...Object.fromEntries(['ws', 'json5', 'typebox', 'pino', '@moltbot/contract', '@clack/prompts', 'picocolors'].flatMap((name) => [[`node_modules/${name}/index.js`, code], [`node_modules/${name}/package.json`, `{"name":"${name}","main":"index.js"}`]])),
      }
      for (const [name, text] of Object.entries(planted)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text, { mode: 0o755 })
      }
      for (const words of [['health'], ['config', 'get', 'gateway.port'], ['status']]) {
        const { code: end, out, err } = await at.cli(words, '', folder)
        expect([words, end, err]).toEqual([words, 0, expect.not.stringContaining('ran')])
        expect(out).not.toBe('')
      }
      expect(existsSync(ran)).toBe(false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  // Only root can become somebody else.
  it.skipIf(process.getuid?.() !== 0)('nobody else on this machine can open a file of the state directory', async () => {
    const files: string[] = []
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name)
        files.push(path)
        if (lstatSync(path).isDirectory()) walk(path)
      }
    }
    walk(at.stateDir)
    walk(keyFolder())
    for (const name of ['moltbot.db', 'vault.key']) expect(files.some((path) => path.endsWith(name)), name).toBe(true)
    // As an ordinary user, from below the folder too: the modes of each file hold by themselves.
    const out = await stranger('for file; do cat "$file" >/dev/null 2>&1 && echo "$file"; ls "$file" >/dev/null 2>&1 && echo "$file"; done', ...files)
    expect(out).toBe('')
    for (const path of files) expect(lstatSync(path).isSymbolicLink() || (lstatSync(path).mode & 0o077) === 0, path).toBe(true)
  })
})

/** Everything a socket answers to a text, until it closes or a second has passed. */
function speak(where: { host: string; port: number } | { path: string }, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connectTcp(where)
    const end = (): void => { socket.destroy(); resolve(heard) }
    socket.setTimeout(1_000, end)
    socket.on('connect', () => socket.write(text))
    socket.on('data', (data) => { heard += data.toString('utf8') })
    socket.on('close', end)
    socket.on('error', end)
  })
}
