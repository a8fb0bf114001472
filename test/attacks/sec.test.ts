import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import Value from 'typebox/value'
import { Problem, Secret } from '@moltbot/contract'
import { realClock } from '@moltbot/contract/testing'
import { createLog, logSection, maskedProblem, type Log } from '../../gateway/src/foundation/log/index.ts'

let folder: string
let log: Log
let shown: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sec-'))
  shown = ''
  log = createLog({ stateDir: folder, values: { ...Value.Create(logSection.schema), level: 'debug', consoleLevel: 'debug' }, clock: realClock, console: { write: (text) => { shown += text }, color: false } })
})
afterEach(() => {
  log.close()
  rmSync(folder, { recursive: true, force: true })
})
const written = (): string => {
  log.close()
  return readFileSync(log.door.file, 'utf8') + shown
}

/** Letters and digits that look drawn by lot, the same at every run. */
function drawn(length: number, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', seed = 1): string {
  let state = seed * 2_654_435_761 % 4_294_967_296
  return Array.from({ length }, () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return alphabet[Math.floor(state / 65_536) % alphabet.length]
  }).join('')
}
const hex = (length: number, seed?: number): string => drawn(length, '0123456789abcdef', seed)
const upper = (length: number, seed?: number): string => drawn(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', seed)

/** What, the text around it, and the part that must not be seen. */
const formats: [string, string, string][] = ([
  ['Anthropic', `sk-ant-api03-${drawn(60)}`], ['OpenAI', `sk-${drawn(48)}`], ['OpenAI project', `sk-proj-${drawn(80)}`], ['OpenRouter', `sk-or-v1-${hex(64)}`],
  ['Google API', `AIza${drawn(35)}`], ['Google OAuth', `ya29.${drawn(90)}`], ['Groq', `gsk_${drawn(52)}`], ['xAI', `xai-${drawn(80)}`], ['Hugging Face', `hf_${drawn(34)}`], ['Replicate', `r8_${drawn(37)}`],
  ['NVIDIA', `nvapi-${drawn(64)}`], ['Tavily', `tvly-${drawn(32)}`], ['AWS key id', `AKIA${upper(16)}`], ['AWS temporary', `ASIA${upper(16)}`], ['GitHub', `ghp_${drawn(36)}`], ['GitHub fine', `github_pat_${drawn(22)}_${drawn(59)}`],
  ['GitHub app', `ghs_${drawn(36)}`], ['GitLab', `glpat-${drawn(20)}`], ['npm', `npm_${drawn(36)}`], ['PyPI', `pypi-AgEIcHlwaS5vcmc${drawn(80)}`], ['Docker', `dckr_pat_${drawn(27)}`],
  ['Slack bot', `xoxb-${drawn(12, '0123456789')}-${drawn(12, '0123456789', 2)}-${drawn(24)}`], ['Slack app', `xapp-1-A${upper(10)}-${drawn(13, '0123456789')}-${hex(64)}`],
  ['Telegram', `123456789:AA${drawn(33)}`], ['Discord', `M${drawn(23)}.${drawn(6)}.${drawn(30)}`], ['Stripe live', `sk_live_${drawn(24)}`], ['Stripe restricted', `rk_live_${drawn(24)}`], ['Shopify', `shpat_${hex(32)}`],
  ['SendGrid', `SG.${drawn(22)}.${drawn(43)}`], ['JWT', `eyJhbGciOiJIUzI1NiJ9.eyJ${drawn(40)}.${drawn(43)}`], ['age', `AGE-SECRET-KEY-1${upper(58)}`],
] as [string, string][]).map(([what, value]): [string, string, string] => [what, `it was ${value} all along`, value])
formats.push(
  ['PEM', `-----BEGIN RSA PRIVATE KEY-----\n${drawn(64)}\n${drawn(64)}\n-----END RSA PRIVATE KEY-----`, drawn(64)],
  ['SSH', `-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkt${drawn(60)}\n-----END OPENSSH PRIVATE KEY-----`, drawn(60)],
  ['connection string', `postgres://app:${drawn(20)}@db.internal:5432/app`, drawn(20)], ['basic auth in a URL', `https://user:${drawn(18)}@host.example/path`, drawn(18)],
  ['bearer header', `authorization: Bearer ${drawn(40)}`, drawn(40)], ['basic header', `Authorization: Basic ${Buffer.from(`user:${drawn(20)}`).toString('base64')}`, Buffer.from(`user:${drawn(20)}`).toString('base64')],
  ['cookie', `Cookie: session=${drawn(43)}; theme=dark`, drawn(43)], ['a token in a query', `GET /ws?token=${hex(64)}&x=1`, hex(64)], ['a password in settings', `password: "${drawn(16)}"`, drawn(16)],
  ['a session id in JSON', `{"session_token":"${drawn(43)}"}`, drawn(43)], ['AWS secret in settings', `aws_secret_access_key=${drawn(40)}`, drawn(40)],
)

describe('SEC-01 forms of secrets', () => {
  it('are at least forty', () => expect(formats.length).toBeGreaterThanOrEqual(40))

  it.each(formats)('%s: in no line, error, cause, key, masked text or answer', (_what, text, secret) => {
    log.info(text)
    log.warn('a fact', { text, nested: { list: [text] } })
    log.error('an error', { error: new Error(text, { cause: new Error(text) }) })
    log.info('a key', { [text]: 1 })
    const told = maskedProblem(new Problem('x', text, { next: text, details: { text, list: [text] } }), log.mask) as Problem
    const everything = [written(), log.mask(text), told.explain(), JSON.stringify(told.details)].join('\n')
    expect(everything).not.toContain(secret)
  })

  it('negative twin: without patterns they would be seen', () => {
    log.configure({ ...Value.Create(logSection.schema), redactSensitive: 'off' })
    const [, text, secret] = formats[0] as [string, string, string]
    log.info(text)
    expect(written()).toContain(secret)
  })
})

describe('SEC-02 a typed secret', () => {
  const canary = 'canary "quoted" \\ value/with+signs=9'
  it('has no value in any kind of printing', () => {
    const secret = new Secret('a', canary)
    const forms = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect(secret, { showHidden: true, depth: 9 }), inspect({ secret }), inspect(new Map([['k', secret]])), JSON.stringify([...Object.entries(secret)]), inspect(new Error('x', { cause: secret }))]
    for (const form of forms) expect(form).not.toContain('canary')
    expect(() => structuredClone(secret)).not.toThrow()
    expect(JSON.stringify(structuredClone({ ...secret }))).not.toContain('canary')
  })

  it('is hidden by value in every encoding, also with redaction off', () => {
    log.hide(canary)
    log.configure({ ...Value.Create(logSection.schema), redactSensitive: 'off' })
    const bytes = Buffer.from(canary)
    const encoded = [canary, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), encodeURIComponent(canary), JSON.stringify(canary), Buffer.from(`user:${canary}`).toString('base64')]
    for (const form of encoded) {
      log.info(`it is ${form}`, { form, [form]: new Map([[form, new Set([form])]]), bytes, cause: new Error('outer', { cause: new Error(form) }) })
    }
    const all = written()
    // The first six and last four of a long value stay, so that two can be told apart.
    expect(all).not.toContain('quoted')
    for (const form of encoded.slice(0, 5)) expect(all).not.toContain(form)
  })
})

describe('SEC-03 what only looks like one', () => {
  const words = 'the quick brown fox jumps over a lazy dog while tokens are counted and keys are pressed'.split(' ')
  const nearMisses = Array.from({ length: 40 }, (_, seed) => [
    `commit ${hex(40, seed + 1)} fixed it`,
    `id ${hex(8, seed)}-${hex(4, seed + 1)}-4${hex(3, seed + 2)}-a${hex(3, seed + 3)}-${hex(12, seed + 4)}`,
    `sha256 ${hex(64, seed + 7)}  file-${seed}.tar`,
    `data:image/png;base64,iVBORw0KGgo${drawn(80, undefined, seed + 3)}==`,
    `${words[seed % words.length] ?? ''} task-${seed} used ${seed * 137} tokens, key F${seed}, at 2026-01-${String(seed % 28 + 1).padStart(2, '0')}T10:0${seed % 10}:00Z on port ${10_000 + seed}`,
  ]).flat()

  it('is left alone: at most two in a hundred of two hundred are touched', () => {
    expect(nearMisses).toHaveLength(200)
    expect(nearMisses.filter((text) => log.mask(text) !== text).length).toBeLessThanOrEqual(4)
  })
})

describe('SEC-04 text that forges lines', () => {
  it.each([
    ['a line break', 'fine\n{"level":"info","message":"forged"}'], ['a carriage return', 'fine\r2026-01-01 info forged'], ['terminal codes', '\u001B[2J\u001B]0;owned\u0007'],
    ['a break of JSON', '"}\n{"a":"'], ['line separators', 'a\u2028b\u2029c\u0085d'], ['turned text', 'a\u202Egnp.exe'],
  ])('%s stays one visible record', (_what, text) => {
    log.info(text, { text })
    log.close()
    const lines = readFileSync(log.door.file, 'utf8').split('\n').filter((line) => line !== '')
    expect(lines).toHaveLength(1)
    expect(() => JSON.parse(lines[0] ?? '') as unknown).not.toThrow()
    // oxlint-disable-next-line no-control-regex -- these are what must not remain
    expect(lines[0]).not.toMatch(/[\u0000-\u001F\u0085\u2028\u2029\u202E]/)
  })

  it('ten megabytes become one short record', () => {
    log.info('x'.repeat(10_000_000), { field: 'y'.repeat(10_000_000) })
    expect(written().length).toBeLessThan(100_000)
  })
})
