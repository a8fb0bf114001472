import { execFile } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
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
  }, 180_000)
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
  const children = (pid: number): string[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((one) => one !== '')

  it('what works on a message is one process, and speaks to nobody but who it must', () => {
    const pid = at.pid ?? 0
    expect(children(pid)).toEqual([])
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
    expect(files.some((path) => path.endsWith('moltbot.db'))).toBe(true)
    // As an ordinary user, from below the folder too: the modes of each file hold by themselves.
    const out = await new Promise<string>((resolve, reject) => execFile('/bin/sh', ['-c', 'for file; do cat "$file" >/dev/null 2>&1 && echo "$file"; ls "$file" >/dev/null 2>&1 && echo "$file"; done; exit 0', 'sh', ...files], { uid: 65_534, gid: 65_534, cwd: '/' }, (error, stdout) => (error === null ? resolve(stdout) : reject(error))))
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
