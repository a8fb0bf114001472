import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Value from 'typebox/value'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Problem, Secret } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { createLog, linkForTail, logSection } from './index.ts'
import type { Log, LogOptions, LogValues } from './index.ts'

let stateDir: string
let file: string
let clock: FakeClock
let open: Log[]

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'log-test-'))
  file = join(stateDir, 'logs', 'gateway.log')
  // Close to now, because a file's own times are the machine's.
  clock = new FakeClock(Date.now())
  open = []
})
afterEach(() => {
  for (const log of open) log.close()
  rmSync(stateDir, { recursive: true })
})

const defaults = Value.Default(logSection.schema, {}) as LogValues

function start(values: Partial<LogValues> = {}, more: Partial<LogOptions> = {}): Log {
  const log = createLog({ stateDir, values: { ...defaults, ...values }, clock, ...more })
  open.push(log)
  return log
}
const lines = (): Record<string, unknown>[] => readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)

describe('lines', () => {
  test('are JSON with time, level, room, message and facts, as clients of this family read them', () => {
    const log = start()
    log.child('outbox').child('telegram').warn('not sent', { chat: 'x', attempt: 2, nested: { ok: true } })
    const time = new Date(clock.now()).toISOString()
    expect(lines()).toEqual([{
      level: 'warn', time, room: 'outbox/telegram', facts: { chat: 'x', attempt: 2, nested: { ok: true } }, message: 'not sent',
      _meta: { logLevelName: 'WARN', date: time, name: '{"subsystem":"outbox/telegram"}' },
    }])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(stateDir, 'logs')).mode & 0o777).toBe(0o700)
  })

  test('less important ones are left out, and a change of the level takes effect at once', () => {
    const log = start({ level: 'warn' })
    log.info('no')
    log.warn('yes')
    log.configure({ ...defaults, level: 'debug' })
    log.debug('now')
    log.configure({ ...defaults, level: 'silent' })
    log.error('never')
    expect(lines().map((line) => line['message'])).toEqual(['yes', 'now'])
  })

  test('no canary gets in by any way', () => {
    const log = start()
    const canary = 'canary-value-0123456789-xyz'
    log.hide(canary)
    const secret = new Secret('gateway.auth.token', canary)
    const cyclic: Record<string, unknown> = { canary }
    cyclic['self'] = cyclic
    log.error(`message ${canary}`, {
      text: canary, [canary]: 1, list: [canary], map: new Map([['k', canary], [canary, 'v']]), set: new Set([canary]), error: new Error(`boom ${canary}`, { cause: new Error(canary) }),
      problem: new Problem('some-code', `sentence ${canary}`, { next: `do ${canary}`, details: { canary } }), secret, bytes: Buffer.from(canary), url: new URL(`https://x/?q=${canary}`),
      base64: Buffer.from(`user:${canary}`).toString('base64'), encoded: encodeURIComponent(canary), cyclic, password: 'short', deep: { a: { b: { c: { d: { canary } } } } },
      get trap(): string { throw new Error(canary) },
    })
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain(canary)
    expect(text).not.toContain('short')
    expect(text).not.toContain(Buffer.from(canary).toString('base64').slice(4, 20))
  })

  test('objects that make trouble do not', () => {
    const log = start()
    log.info('line', { trap: new Proxy({}, { ownKeys() { throw new Error('no') } }), big: 10n, odd: Number.NaN, none: undefined, date: new Date(Number.NaN), fn: () => 1 })
    expect(lines()[0]?.['facts']).toEqual({ trap: '[unreadable]', big: '10', odd: 'NaN', date: 'an invalid date', fn: '[function]' })
  })

  test('one call is one line, whatever is in it', () => {
    const log = start()
    log.info('a\nb\r\n{"level":"error"}\u001B[2J', { 'x\ny': 'c\u2028d\u202E' })
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2)
    expect(lines()[0]).toMatchObject({ message: 'a\\nb\\r\\n{"level":"error"}\\e[2J', facts: { 'x\\ny': 'c\\u2028d\\u202e' } })
  })

  test('huge texts and objects are cut after they were redacted', () => {
    const log = start()
    const secret = 's3cret-on-the-edge'
    log.hide(secret)
    log.info('x'.repeat(8185) + secret, { text: 'y'.repeat(8185) + secret, list: Array.from({ length: 5000 }, () => 'z') })
    const text = readFileSync(file, 'utf8')
    expect(text.length).toBeLessThan(30_000)
    expect(text).not.toContain('s3cr')
  })

  test('an unexpected error says where, an expected one what to do', () => {
    const log = start()
    log.error('failed', { error: new TypeError('oops'), problem: new Problem('a-code', 'No.', { next: 'Try again.' }) })
    expect(lines()[0]?.['facts']).toMatchObject({
      error: { name: 'TypeError', message: 'oops', stack: expect.arrayContaining([expect.stringContaining('create-log.test.ts')]) as unknown },
      problem: { code: 'a-code', message: 'No.', next: 'Try again.' },
    })
  })

  test('a pattern that is not used is named', () => {
    start({ redactPatterns: ['(a+)+', 'fine-\\d+'] }).info('fine-123')
    expect(lines().map((line) => line['message'])).toEqual(['logging.redactPatterns[0] is not used: it repeats a group that repeats or chooses inside', '***'])
  })
})

describe('console', () => {
  test.each([
    ['pretty', /^\d\d:\d\d:\d\d warn {2}room: hello a=1 b=\{"c":"x"\}\n$/],
    ['compact', /^warn {2}room: hello\n$/],
    ['json', /^\{"level":"warn".*\}\n$/],
  ] as const)('%s', (consoleStyle, shape) => {
    let shown = ''
    const log = start({ consoleStyle, level: 'silent' }, { console: { write: (text) => { shown += text }, color: false } })
    log.child('room').warn('hello', { a: 1, b: { c: 'x' } })
    log.debug('hidden')
    expect(shown).toMatch(shape)
    expect(existsSync(file)).toBe(false)
  })
})

describe('rotation', () => {
  const aside = (): string[] => readdirSync(join(stateDir, 'logs')).filter((name) => name !== 'gateway.log').sort()

  test('by size: nothing is lost, no line is torn', () => {
    const log = start({ maxSizeMb: 0.002 })
    for (let count = 0; count < 40; count++) log.info(`line ${count} ${'x'.repeat(100)}`)
    const all = [...aside().sort((a, b) => Number(/\.(\d+)\.log$/.exec(a)?.[1] ?? 1) - Number(/\.(\d+)\.log$/.exec(b)?.[1] ?? 1)), 'gateway.log']
      .flatMap((name) => readFileSync(join(stateDir, 'logs', name), 'utf8').trimEnd().split('\n')).map((line) => (JSON.parse(line) as { message: string }).message.split(' ')[1])
    expect(all).toEqual(Array.from({ length: 40 }, (_, count) => String(count)))
    expect(aside().length).toBeGreaterThan(2)
    for (const name of aside()) expect(statSync(join(stateDir, 'logs', name)).mode & 0o777).toBe(0o600)
  })

  test('by day, and old days go', async () => {
    const log = start({ keepDays: 3 })
    const first = new Date(clock.now()).toISOString().slice(0, 10)
    writeFileSync(join(stateDir, 'logs-of-mine.log'), 'stays')
    for (let day = 0; day < 6; day++) {
      log.info(`day ${day}`)
      await clock.advance(86_400_000)
    }
    log.info('today')
    expect(aside()).toHaveLength(3)
    expect(aside()).not.toContain(`gateway-${first}.log`)
    expect(lines().map((line) => line['message'])).toEqual(['today'])
  })

  test('DOS-13: a flood cannot fill the disk', () => {
    const log = start({ maxSizeMb: 0.0001 })
    for (let count = 0; count < 60; count++) log.info(`line ${count}`)
    expect(aside().length).toBeLessThanOrEqual(30)
  })

  test('a file that was moved away is begun anew', () => {
    const log = start()
    log.info('before')
    renameSync(file, `${file}.mine`)
    for (let count = 0; count < 130; count++) log.info('after')
    expect(lines().length).toBeGreaterThan(0)
  })

  test('what stands in the way is not written through; the gateway goes on', () => {
    mkdirSync(join(stateDir, 'logs'))
    const target = join(stateDir, 'target')
    symlinkSync(target, file)
    const log = start()
    log.info('x')
    expect(existsSync(target)).toBe(false)
    expect(log.lost()).toBe(1)
  })

  test('another place, relative to the state directory', () => {
    const log = start({ file: 'elsewhere/own.log' }, { home: join(stateDir, 'home') })
    log.info('x')
    expect(readFileSync(join(stateDir, 'elsewhere', 'own.log'), 'utf8')).toContain('"message":"x"')
    log.configure({ ...defaults, file: '~/mine.log' })
    log.info('y')
    expect(log.door.file).toBe(join(stateDir, 'home', 'mine.log'))
    expect(readFileSync(log.door.file, 'utf8')).toContain('"message":"y"')
  })
})

describe('tail', () => {
  test('whole lines, from a cursor on, never twice', async () => {
    const log = start()
    expect(await log.door.tail(undefined, 10, 1000)).toEqual({ cursor: 0, size: 0, lines: [], truncated: false, reset: false })
    for (let count = 0; count < 5; count++) log.info(`line ${count}`)
    const first = await log.door.tail(undefined, 2, 100_000)
    expect(first.lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['line 3', 'line 4'])
    expect(first).toMatchObject({ truncated: true, reset: false, cursor: first.size })
    expect(await log.door.tail(first.cursor, 10, 1000)).toMatchObject({ lines: [], truncated: false })
    log.info('ü')
    const next = await log.door.tail(first.cursor, 10, 1000)
    expect(next.lines).toHaveLength(1)
  })

  test('a line that is still being written is left for the next time', async () => {
    const log = start()
    log.info('whole')
    const { size } = await log.door.tail(undefined, 10, 1000)
    writeFileSync(file, '{"half":', { flag: 'a' })
    expect(await log.door.tail(size, 10, 1000)).toMatchObject({ lines: [], cursor: size })
    writeFileSync(file, '1}\n', { flag: 'a' })
    expect(await log.door.tail(size, 10, 1000)).toMatchObject({ lines: ['{"half":1}'] })
  })

  test('more than may be read begins with a whole line; a cursor beyond the file begins anew', async () => {
    mkdirSync(join(stateDir, 'logs'))
    writeFileSync(file, 'aaaa\nbbbb\ncccc\n')
    const { door } = start()
    expect(await door.tail(undefined, 10, 7)).toMatchObject({ lines: ['cccc'], truncated: true })
    expect(await door.tail(undefined, 10, 10)).toMatchObject({ lines: ['bbbb', 'cccc'], truncated: true })
    expect(await door.tail(0, 10, 7)).toMatchObject({ lines: ['cccc'], truncated: true, reset: false })
    expect(await door.tail(5, 10, 100)).toMatchObject({ lines: ['bbbb', 'cccc'], truncated: false })
    expect(await door.tail(999, 10, 100)).toMatchObject({ lines: ['aaaa', 'bbbb', 'cccc'], reset: true, cursor: 15 })
  })
})

test('the link for tail is made only where nothing stands', () => {
  const link = join(stateDir, 'link.log')
  expect(linkForTail(file, link)).toBe('made')
  expect(linkForTail(file, link)).toBe('present')
  expect(readlinkSync(link)).toBe(file)
  expect(linkForTail(join(stateDir, 'other'), link)).toBe('occupied')
  writeFileSync(join(stateDir, 'theirs'), 'x')
  expect(linkForTail(file, join(stateDir, 'theirs'))).toBe('occupied')
  expect(readFileSync(join(stateDir, 'theirs'), 'utf8')).toBe('x')
})
