import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
    else if (request.raw.includes('bread and butter')) yield say('Bread and butter, you say.')
    else if (request.lastUserText.includes('slowly')) {
      yield say('First half of it.\n\n')
      yield { kind: 'wait', until: new Promise<void>((resolve) => { finishLong = resolve }) }
      yield say('Second half of it.')
    } else yield say(`You said: ${request.lastUserText}`)
  })
})
afterAll(() => world?.close())

/** A window of tmux with the built command in it. */
function openWindow(columns: number, rows: number, environment: Record<string, string> = {}, within: 'alone' | 'shell' = 'alone'): { keys(...keys: string[]): Promise<void>; screen(): Promise<string>; coloured(): Promise<string>; end(signal: NodeJS.Signals): Promise<void>; until(words: string | RegExp): Promise<string>; resize(columns: number, rows: number): Promise<void>; cursorShown(): Promise<boolean>; close(): Promise<void> } {
  const socket = `moltbot-${process.pid}-${columns}-${Math.random().toString(36).slice(2, 8)}`
  const tmux = (...args: string[]): Promise<string> => new Promise((resolve, reject) => execFile('tmux', ['-L', socket, '-f', '/dev/null', ...args], (error, out) => (error === null ? resolve(out) : reject(error))))
  const variables = Object.entries({ HOME: world.gateway.home, PATH: process.env['PATH'] ?? '', TERM: 'screen-256color', LANG: 'C.UTF-8', ...environment }).map(([name, value]) => `'${name}=${value}'`).join(' ')
  const tui = `'${process.execPath}' '${join(builtCopy(), 'bin', 'moltbot')}' tui`
  // A shell of its own has job control, as people's shells have.
  const opened = within === 'shell'
    ? tmux('-u', 'new-session', '-d', '-x', String(columns), '-y', String(rows), `exec env -i ${variables} 'PS1=$ ' sh -i`).then(() => tmux('send-keys', '-l', `echo before; ${tui}`)).then(() => tmux('send-keys', 'Enter'))
    : tmux('-u', 'new-session', '-d', '-x', String(columns), '-y', String(rows), `echo before; env -i ${variables} ${tui}; echo "ended with $?"; exec cat`)
  const screen = (): Promise<string> => tmux('capture-pane', '-p')
  return {
    screen,
    coloured: () => tmux('capture-pane', '-p', '-e'),
    cursorShown: async () => (await tmux('display-message', '-p', '#{cursor_flag}')).trim() === '1',
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
      const end = Date.now() + 60_000
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
describe.skipIf(!hasTmux)('the full window in a real terminal', () => {
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
      for (let shown = question; !shown.includes('Allowed once: '); shown = await window.screen()) {
        await window.keys('y')
        await window.keys('C-u')
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      expect((await asked).out).toContain('allow-once')
      await window.keys('C-d')
      await window.until('ended with 0')
    } finally {
      await window.close()
    }
  })

  it.each([['SIGTERM', 143], ['SIGHUP', 129], ['SIGINT', 130]] as const)('gives the screen back on %s', async (signal, code) => {
    const window = openWindow(80, 24)
    try {
      await window.until('ready')
      await window.end(signal)
      expect(await window.until(`ended with ${code}`)).toContain('before')
    } finally {
      await window.close()
    }
  })

  it.each(['SIGKILL', 'SIGABRT'] as const)('gives the screen back when %s ends it without a word', async (signal) => {
    const window = openWindow(80, 24)
    try {
      await window.until('ready')
      await window.end(signal)
      await window.until('before')
      // What is typed is seen once as it is typed, and once more when cat says it: raw mode is off.
      await window.keys('-l', 'who is there')
      await window.until('who is there')
      await window.keys('Enter')
      expect((await window.until(/who is there[^]*who is there/)).includes('ready')).toBe(false)
      expect(await window.cursorShown()).toBe(true)
    } finally {
      await window.close()
    }
  })

  it('stops for the shell with Ctrl-Z and by a signal, and comes back with what was typed', async () => {
    const window = openWindow(80, 24, {}, 'shell')
    try {
      await window.until('ready')
      await window.keys('-l', 'half a draft')
      await window.until('half a draft')
      for (const way of ['key', 'signal'] as const) {
        if (way === 'key') await window.keys('C-z')
        else await window.end('SIGTSTP')
        const shell = await window.until('Stopped')
        expect(shell).toContain('before')
        expect(shell).not.toContain('half a draft')
        await window.keys('-l', `echo the shell $((40 + 2)) ${way}`)
        await window.keys('Enter')
        await window.until(`\nthe shell 42 ${way}`)
        await window.keys('-l', 'clear; echo before; fg')
        await window.keys('Enter')
        expect(await window.until(/half a draft[^]*/)).toContain('ready')
      }
      await window.keys('Enter')
      await window.until('You said: half a draft')
      await window.keys('C-d')
      await window.until('Left agent:main:main')
    } finally {
      await window.close()
    }
  })

  it('sends a file by its path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-tui-'))
    writeFileSync(join(folder, 'to buy.txt'), 'bread and butter')
    const window = openWindow(80, 24)
    try {
      await window.until('ready')
      await window.keys('-l', `/attach ${folder}/nothing.txt`)
      await window.keys('Enter')
      await window.until('cannot be read')
      await window.keys('-l', `/attach ${folder}/to\\ buy.txt`)
      await window.keys('Enter')
      await window.until('+ to buy.txt (16 B) · /detach')
      await window.keys('-l', 'what shall I get?')
      await window.keys('Enter')
      const answered = await window.until('Bread and butter, you say.')
      expect(answered).toMatch(/› what shall I get\?\s+\+ to buy\.txt/)
      expect(answered).not.toContain('/detach')
      await window.keys('C-d')
      await window.until('ended with 0')
    } finally {
      await window.close()
      rmSync(folder, { recursive: true, force: true })
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
