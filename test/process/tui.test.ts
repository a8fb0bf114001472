import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callTool, say } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'
import { builtCopy } from '../support/spawned-gateway.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0

let world: ProcessWorld
let finishLong = (): void => {}

beforeAll(async () => {
  if (!hasTmux) return
  world = await startProcessWorld(async function* (request) {
    if (request.messages.at(-1)?.role === 'tool') yield say('The note is **there**.')
    else if (request.lastUserText.includes('make a note')) yield callTool('write', { path: 'note.txt', text: 'noted' })
    else if (request.lastUserText.includes('slowly')) {
      yield say('First half of it.\n\n')
      yield { kind: 'wait', until: new Promise<void>((resolve) => { finishLong = resolve }) }
      yield say('Second half of it.')
    } else yield say(`You said: ${request.lastUserText}`)
  })
}, 180_000)
afterAll(() => world?.close())

/** A window of tmux with the built command in it. */
function openWindow(columns: number, rows: number, environment: Record<string, string> = {}): { keys(...keys: string[]): Promise<void>; screen(): Promise<string>; coloured(): Promise<string>; end(signal: NodeJS.Signals): Promise<void>; until(words: string | RegExp): Promise<string>; resize(columns: number, rows: number): Promise<void>; close(): Promise<void> } {
  const socket = `moltbot-${process.pid}-${columns}-${Math.random().toString(36).slice(2, 8)}`
  const tmux = (...args: string[]): Promise<string> => new Promise((resolve, reject) => execFile('tmux', ['-L', socket, '-f', '/dev/null', ...args], (error, out) => (error === null ? resolve(out) : reject(error))))
  const variables = Object.entries({ HOME: world.gateway.home, PATH: process.env['PATH'] ?? '', TERM: 'screen-256color', LANG: 'C.UTF-8', ...environment }).map(([name, value]) => `'${name}=${value}'`).join(' ')
  const opened = tmux('-u', 'new-session', '-d', '-x', String(columns), '-y', String(rows), `echo before; env -i ${variables} '${process.execPath}' '${join(builtCopy(), 'bin', 'moltbot')}' tui; echo "ended with $?"; exec cat`)
  const screen = (): Promise<string> => tmux('capture-pane', '-p')
  return {
    screen,
    coloured: () => tmux('capture-pane', '-p', '-e'),
    async end(signal) {
      const shell = (await tmux('display-message', '-p', '#{pane_pid}')).trim()
      process.kill(Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0]), signal)
    },
    async keys(...keys) {
      await opened
      await tmux('send-keys', ...keys)
    },
    async until(words) {
      await opened
      const end = Date.now() + 30_000
      for (;;) {
        const text = await screen()
        if (typeof words === 'string' ? text.includes(words) : words.test(text)) return text
        if (Date.now() > end) throw new Error(`never showed ${String(words)}:\n${text}`)
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
    },
    resize: async (width, height) => void (await tmux('resize-window', '-x', String(width), '-y', String(height))),
    close: async () => void (await tmux('kill-server')),
  }
}

// Skipped where tmux is not installed: nothing else here is a real terminal that can be read.
describe.skipIf(!hasTmux)('the full window in a real terminal', { timeout: 120_000 }, () => {
  it('sends, streams, shows tools, survives a killed gateway, goes elsewhere, and gives the screen back', async () => {
    const window = openWindow(80, 24)
    try {
      expect(await window.until('ready')).not.toContain('before')
      await window.keys('hello there', 'Enter')
      await window.until('You said: hello there')
      await window.keys('make a note', 'Enter')
      expect(await window.until('The note is there.')).toMatch(/✓ write note\.txt · 1 line/)
      await window.keys('C-o')
      await window.until('text: noted')
      await window.keys('C-o')

      await window.keys('tell it slowly', 'Enter')
      expect(await window.until('First half of it.')).toMatch(/writing \d+ s .* Esc Esc stops/)
      expect(await window.screen()).not.toContain('Second half')
      finishLong()
      await window.until('Second half of it.')
      await window.until('ready')

      await window.keys('-l', 'a draft')
      await world.gateway.kill()
      await window.until(/disconnected, trying again in \d+ s/)
      await window.keys('C-u')
      await window.keys('-l', 'said while away')
      await window.keys('Enter')
      await window.until('waits for the connection')
      await world.gateway.start()
      await window.until('You said: said while away')
      expect((await window.until('ready')).match(/› said while away/g)).toHaveLength(1)
      expect(world.model.requests.filter((request) => request.lastUserText.includes('said while away'))).toHaveLength(1)

      await window.keys('C-g')
      await window.until('Conversations')
      await window.keys('-l', 'errands')
      await window.until('begin “errands”')
      await window.keys('Enter')
      await window.until(/main · errands/)
      await window.keys('buy milk', 'Enter')
      await window.until('You said: buy milk')

      await window.resize(40, 20)
      const narrow = await window.until('F1 help ─')
      expect(narrow.split('\n').every((row) => row.length <= 40)).toBe(true)
      expect(narrow).toContain('You said: buy milk')
      await window.keys('C-c')
      await window.keys('C-c')
      const after = await window.until('ended with 0')
      expect(after).toContain('before')
      expect(after).toContain('Left agent:main:errands')
      expect(after).not.toContain('You said')
    } finally {
      await window.close()
    }
  })

  it('asks for a yes in its place at 40×20, without colour', async () => {
    const window = openWindow(40, 20, { NO_COLOR: '1' })
    try {
      await window.until('ready')
      expect(await window.coloured()).not.toMatch(/\u001B\[[\d;]*m/)
      const asked = world.gateway.cli(['gateway', 'call', 'exec.approval.request', '--params', JSON.stringify({ command: 'make all \u001B[2J', sessionKey: 'agent:main:main', agentId: 'main' }), '--timeout', '60000'])
      const question = await window.until('May it?')
      expect(question).toMatch(/y {2}yes, this once/)
      expect(question).toContain('make all')
      expect(question).toMatch(/No answer[\s┃]+within/)
      // What was being typed when it came is no answer: the key counts once the question stood there a moment.
      const pressed = setInterval(() => void window.keys('y').then(() => window.keys('C-u')).catch(() => undefined), 400)
      try {
        await window.until('Allowed once: ')
      } finally {
        clearInterval(pressed)
      }
      expect((await asked).out).toContain('allow-once')
      await window.keys('C-d')
      await window.until('ended with 0')
    } finally {
      await window.close()
    }
  })

  it.each([['SIGTERM', 143], ['SIGHUP', 129]] as const)('gives the screen back on %s', async (signal, code) => {
    const window = openWindow(80, 24)
    try {
      await window.until('ready')
      await window.end(signal)
      expect(await window.until(`ended with ${code}`)).toContain('before')
    } finally {
      await window.close()
    }
  })

  it('refuses a terminal that cannot move its cursor, in words', async () => {
    const window = openWindow(80, 24, { TERM: 'dumb' })
    try {
      expect(await window.until('ended with 2')).toMatch(/cannot move its cursor[\s\S]*moltbot chat/)
    } finally {
      await window.close()
    }
  })
})
