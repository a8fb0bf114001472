import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '@moltbot/contract'
import { Secret, defineSection } from '@moltbot/contract'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { createConfig, readPlacedList } from './index.ts'
import type { Config, ConfigOptions, ConfigRule, ConfigSnapshot } from './index.ts'

const gateway = defineSection({
  path: 'gateway', title: 'The door', reload: 'restart', secrets: ['auth.token'],
  schema: Type.Object({
    port: Type.Integer({ minimum: 1, maximum: 65535, default: 18789, description: 'The port.' }),
    bind: Type.Union([Type.Literal('loopback'), Type.Literal('lan')], { default: 'loopback', description: 'Where it listens.' }),
    auth: Type.Object({
      mode: Type.Union([Type.Literal('token'), Type.Literal('password')], { default: 'token', description: 'How clients prove themselves.' }),
      token: Type.Optional(Type.String({ minLength: 8, description: 'The token.' })),
    }, { description: 'Authentication.' }),
  }),
})
const chatter = defineSection({
  path: 'channels.chatter', title: 'Chatter', reload: 'reconnect', secrets: ['botToken', 'accounts.*.botToken'],
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'On or off.' }),
    botToken: Type.Optional(Type.String({ description: 'The bot token.' })),
    tokenFile: Type.Optional(Type.String({ description: 'A file with the bot token.' })),
    greeting: Type.String({ default: 'hello', description: 'What is said first.' }),
    allowFrom: Type.Array(Type.Union([Type.String(), Type.Integer()]), { default: [], description: 'Who may write.' }),
    accounts: Type.Record(Type.String(), Type.Object({
      botToken: Type.Optional(Type.String({ description: 'Its token.' })), loud: Type.Boolean({ default: false, description: 'Loud.' }),
    }), { default: {}, description: 'Further logins.' }),
  }),
})

let stateDir: string
let file: string
let open: Config[]
let vault: Map<string, string>
let hidden: string[]
const lines = memoryLogger()

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'config-test-'))
  file = join(stateDir, 'moltbot.json')
  open = []
  vault = new Map()
  hidden = []
  lines.lines.length = 0
})
afterEach(async () => {
  await Promise.all(open.map((config) => config.close()))
  await rm(stateDir, { recursive: true })
})

async function start(text?: string, more: Partial<ConfigOptions> = {}): Promise<Config> {
  if (text !== undefined) await writeFile(file, text)
  const config = await createConfig({
    stateDir, sections: [gateway, chatter], environment: {}, clock: realClock, log: lines, watch: false, onSecret: (value) => hidden.push(value),
    secrets: { get: (name) => (vault.has(name) ? new Secret(name, vault.get(name) ?? '') : undefined) }, ...more,
  })
  open.push(config)
  return config
}

const errors = (config: Config): string[] => config.snapshot().issues.filter((issue) => issue.severity === 'error').map((issue) => issue.message)
const warnings = (config: Config): string[] => config.snapshot().issues.filter((issue) => issue.severity === 'warning').map((issue) => issue.message)
const problemOf = (work: Promise<unknown>): Promise<Problem> => work.then(() => expect.unreachable('it should have failed'), (error: unknown) => error as Problem)

describe('reading', () => {
  test('a missing file means defaults, at every depth', async () => {
    const config = await start()
    expect(config.get(gateway)).toEqual({ port: 18789, bind: 'loopback', auth: { mode: 'token' } })
    expect(config.snapshot()).toMatchObject({ exists: false, raw: null, hash: undefined, parsed: {}, issues: [] })
    expect(existsSync(file)).toBe(false)
  })

  test('an empty file and one of comments only are as good as none', async () => {
    expect((await start('')).snapshot().issues).toEqual([])
    expect((await start('// nothing yet\n')).get(gateway).port).toBe(18789)
  })

  test('values are frozen, defaults reach into maps', async () => {
    const config = await start('{channels: {chatter: {accounts: {work: {}}}}}')
    const values = config.get(chatter)
    expect(values.accounts).toEqual({ work: { loud: false } })
    expect(() => { (values.allowFrom as string[]).push('x') }).toThrow(TypeError)
  })

  test('config.json is taken where there is no moltbot.json, and edited in place', async () => {
    await writeFile(join(stateDir, 'config.json'), '{gateway: {port: 1234}}')
    const config = await start()
    expect(config.get(gateway).port).toBe(1234)
    await config.set('gateway.port', 1235)
    expect(await readFile(join(stateDir, 'config.json'), 'utf8')).toBe('{gateway: {port: 1235}}')
    expect(existsSync(file)).toBe(false)
  })

  test('a bad section alone falls back, with words and a place', async () => {
    const config = await start('{\n  gateway: {\n    port: "abc"\n  },\n  channels: { chatter: { greeting: "hi" } }\n}')
    expect(config.healthy(gateway)).toBe(false)
    expect(config.get(gateway).port).toBe(18789)
    expect(config.healthy(chatter)).toBe(true)
    expect(config.get(chatter).greeting).toBe('hi')
    expect(config.snapshot().issues).toEqual([
      { path: 'gateway.port', line: 3, column: 11, severity: 'error', message: 'gateway.port: expected a whole number from 1 to 65535, found "abc"' },
    ])
  })

  test('a secret is never in a complaint', async () => {
    const config = await start('{gateway: {auth: {token: "short1"}, port: "sk-ant-REDACTED-0123456789-0123456789"}}')
    expect(errors(config).join('\n')).not.toMatch(/short1|sk-ant/)
    expect(errors(config)).toContain('gateway.auth.token: expected text of at least 8 characters, found another text')
  })

  test('a file that is no JSON5 names line and column; the last good copy stands in, else defaults', async () => {
    const config = await start('{\n gateway: {port: 1,,}\n}')
    expect(config.snapshot().issues).toMatchObject([{ path: '', line: 2, column: 20, severity: 'error' }])
    expect(config.get(gateway).port).toBe(18789)
    expect(config.healthy(gateway)).toBe(false)

    await writeFile(file, '{gateway: {port: 4444}}')
    await config.reload()
    expect(config.healthy(gateway)).toBe(true)
    expect((await stat(`${file}.last-good`)).mode & 0o777).toBe(0o600)
    const again = await start('{gateway: {port: ')
    expect(again.get(gateway).port).toBe(4444)
    const bad = await start('{gateway: {port: "no"}, channels: {chatter: {greeting: "x"}}}')
    expect(bad.get(gateway).port).toBe(4444)
    expect(bad.get(chatter).greeting).toBe('x')
  })

  test('a key written twice and keys that poison objects spoil their section', async () => {
    const twice = await start('{gateway: {port: 1, port: 2}}')
    expect(errors(twice)).toEqual(['gateway.port: is written twice; only one of them can count'])
    expect(twice.get(gateway).port).toBe(18789)
    const poisoned = await start('{channels: {chatter: {"__proto__": {enabled: false}, greeting: "x"}}, "constructor": 1}')
    expect(errors(poisoned)).toHaveLength(2)
    expect(poisoned.get(chatter).enabled).toBe(true)
    expect(({} as Record<string, unknown>)['enabled']).toBeUndefined()
  })

  test('unknown keys are kept, with the nearest known name; keys of the family are silent', async () => {
    const config = await start(`{gatway: {port: 1}, gateway: {prot: 2, tailscale: {mode: 'off'}}, channels: {chatter: {alowFrom: [1], dmPolicy: 'open'}, defaults: {groupPolicy: 'open'}},
      browser: {enabled: false, headles: true}, agents: {defaults: {memorySearch: {anything: 1}}}, meta: {x: 1}, zzzzqqq: 1}`)
    expect(errors(config)).toEqual([])
    expect(warnings(config)).toEqual([
      'gatway: unknown key, kept as it is; did you mean "gateway"?',
      'gateway.prot: unknown key, kept as it is; did you mean "port"?',
      'channels.chatter.alowFrom: unknown key, kept as it is; did you mean "allowFrom"?',
      'browser.headles: unknown key, kept as it is; did you mean "headless"?',
      'zzzzqqq: unknown key, kept as it is',
    ])
    await config.set('gateway.port', 5)
    expect(await readFile(file, 'utf8')).toContain('prot: 2')
  })

  test('a channel under a name that is nearly one of ours is told; one of the family\'s is not', async () => {
    const config = await start('{channels: {chater: {name: "x"}, matrix: {homeserver: "https://m.example"}, defaults: {groupPolicy: "open"}}, audio: {transcription: {command: []}}}')
    expect(warnings(config)).toEqual(['channels.chater: unknown key, kept as it is; did you mean "chatter"?'])
  })

  test('a huge file and a pipe are refused instead of read', async () => {
    const huge = await start(`{/*${'x'.repeat(5_000_000)}*/}`)
    expect(errors(huge)[0]).toMatch(/larger than 4 MiB/)
    expect(huge.healthy(gateway)).toBe(false)
  })
})

describe('references and secrets', () => {
  test('${VAR} once, $${VAR} as text, a missing one spoils its section and names the path', async () => {
    const environment = { WORD: 'say "${OTHER}"', OTHER: 'no' }
    const config = await start('{channels: {chatter: {greeting: "${WORD} $${WORD} ${word}"}}}', { environment })
    expect(config.get(chatter).greeting).toBe('say "${OTHER}" ${WORD} ${word}')
    const missing = await start('{channels: {chatter: {greeting: "${NOT_THERE}"}}}')
    expect(errors(missing)).toEqual(['channels.chatter.greeting: ${NOT_THERE} is not set'])
    expect(missing.healthy(chatter)).toBe(false)
  })

  test('the env section fills in what the environment lacks, and only that', async () => {
    const config = await start('{env: {WORD: "file", vars: {OTHER: "file"}}, channels: {chatter: {greeting: "${WORD} ${OTHER}"}}}', { environment: { WORD: 'process', OTHER: '' } })
    expect(config.get(chatter).greeting).toBe('process file')
    expect((await config.secrets.get('env:OTHER'))?.open('test')).toBe('file')
    expect(await config.secrets.get('env:NOTHING')).toBeUndefined()
  })

  test('secrets come from file, variable, vault, another file, the environment; rooms see none of them in values', async () => {
    vault.set('chat', 'from-the-vault-1')
    const token = async (config: Config): Promise<string | undefined> => (await config.secrets.get('channels.chatter.botToken'))?.open('test')
    expect(await token(await start('{channels: {chatter: {botToken: "plain-token-1"}}}'))).toBe('plain-token-1')
    expect(await token(await start('{channels: {chatter: {botToken: "${MY_TOKEN}"}}}', { environment: { MY_TOKEN: 'from-variable' } }))).toBe('from-variable')
    const referring = await start('{channels: {chatter: {botToken: "${secret:chat}", accounts: {work: {botToken: "second-token"}}}}}')
    expect(await token(referring)).toBe('from-the-vault-1')
    expect((await referring.secrets.get('channels.chatter.accounts.work.botToken'))?.open('test')).toBe('second-token')
    expect((await referring.secrets.get('channels["chatter"].accounts["work"].botToken'))?.open('test')).toBe('second-token')
    expect(JSON.stringify(referring.get(chatter))).not.toMatch(/from-the-vault|second-token|secret:/)
    await writeFile(join(stateDir, 'token.txt'), 'from-a-file\n')
    expect(await token(await start('{channels: {chatter: {tokenFile: "token.txt"}}}'))).toBe('from-a-file')
    expect(await token(await start('{}', { environment: { CHATTER_BOT_TOKEN: 'from-environment' } }))).toBe('from-environment')
    vault.set('channels.chatter.botToken', 'by-its-path')
    expect(await token(await start('{}'))).toBe('by-its-path')
    expect(hidden).toEqual(expect.arrayContaining(['plain-token-1', 'from-variable', 'from-the-vault-1', 'second-token', 'from-a-file', 'from-environment']))
  })

  test('nothing configured is undefined; configured and unresolvable is a failure', async () => {
    const config = await start('{}')
    expect(await config.secrets.get('channels.chatter.botToken')).toBeUndefined()
    expect(await config.secrets.get('gateway.auth.token')).toBeUndefined()
    await writeFile(file, '{channels: {chatter: {tokenFile: "gone.txt"}}}')
    await config.reload()
    expect((await problemOf(config.secrets.get('channels.chatter.botToken'))).code).toBe('secret-file-unreadable')
  })

  test('the gateway token falls back to the names of the family, the file first', async () => {
    const environment = { CLAWDBOT_GATEWAY_TOKEN: 'from-old-name' }
    expect((await (await start('{}', { environment })).secrets.get('gateway.auth.token'))?.open('test')).toBe('from-old-name')
    expect((await (await start('{gateway: {auth: {token: "from-the-file"}}}', { environment })).secrets.get('gateway.auth.token'))?.open('test')).toBe('from-the-file')
  })

  test('a vault reference where values are handed to rooms is refused', async () => {
    vault.set('x', 'value-of-x')
    const config = await start('{channels: {chatter: {greeting: "${secret:x}"}}}')
    expect(errors(config)[0]).toMatch(/only possible at a key that holds a secret/)
    expect(JSON.stringify([config.snapshot(), config.get(chatter)])).not.toContain('value-of-x')
  })

  test('what is shown has no secret in it, declared or merely named like one', async () => {
    const text = `{
  // my file
  gateway: { auth: { token: 'canary-gateway-1' } }, // stays
  channels: { chatter: { botToken: "\${MY_TOKEN}" }, other: { token: "canary-other-2" } },
  skills: { entries: { x: { apiKey: "canary-skill-3" } } }, env: { KEY: "canary-env-4" },
}`
    const config = await start(text, { environment: { MY_TOKEN: 'canary-variable-5' } })
    const shown = config.snapshot()
    expect(JSON.stringify([shown.effective, shown.redactedRaw, shown.redactedParsed, shown.issues])).not.toContain('canary')
    expect(shown.redactedParsed).toMatchObject({ gateway: { auth: { token: '__MOLTBOT_REDACTED__' } }, channels: { chatter: { botToken: '${MY_TOKEN}' } } })
    expect(shown.redactedRaw).toContain('// stays')
    expect(shown.redactedRaw).toContain('botToken: "${MY_TOKEN}"')
    expect(shown.effective).toMatchObject({ gateway: { port: 18789, auth: { token: '__MOLTBOT_REDACTED__' } } })
  })

  test('a broken section shows no secret either', async () => {
    const config = await start('{gateway: {port: "bad", auth: {token: "canary-gateway-1"}}}')
    const shown = config.snapshot()
    expect(shown.effective).toMatchObject({ gateway: { port: 18789, auth: { token: '__MOLTBOT_REDACTED__' } } })
    expect(JSON.stringify([shown.effective, shown.redactedRaw, shown.redactedParsed, shown.issues])).not.toContain('canary')
  })

  test('a file everybody can change is not used; one with secrets that others can read is named', async () => {
    await writeFile(file, '{gateway: {port: 7, auth: {token: "canary-gateway-1"}}}')
    await chmod(file, 0o644)
    const config = await start()
    expect(warnings(config)).toEqual([`the file holds secrets and others can read it; run: chmod 600 ${file}`])
    await chmod(file, 0o666)
    const open = await start()
    expect(errors(open)[0]).toMatch(/every user of this machine can change the file/)
    expect(open.healthy(gateway)).toBe(false)
    expect((await problemOf(open.set('gateway.port', 8))).code).toBe('config-write-refused')
  })

  test('a mask written back means the value that is there', async () => {
    const text = '{gateway: {auth: {token: \'canary-gateway-1\'}, port: 1}} // c'
    const config = await start(text)
    const shown = config.snapshot()
    await config.replace((shown.redactedRaw ?? '').replace('port: 1', 'port: 2'), shown.hash)
    expect(await readFile(file, 'utf8')).toBe(text.replace('port: 1', 'port: 2'))
    await config.patch({ gateway: { auth: { token: '__OPENCLAW_REDACTED__', mode: 'token' } } }, config.snapshot().hash)
    expect((await config.secrets.get('gateway.auth.token'))?.open('test')).toBe('canary-gateway-1')
    const refused = await problemOf(config.set('channels.chatter.botToken', '__MOLTBOT_REDACTED__'))
    expect(refused.code).toBe('config-invalid')
    expect(await readFile(file, 'utf8')).not.toContain('REDACTED')
  })
})

describe('writing', () => {
  test('set, patch and unset keep comments; the file is 600 and the old text is kept', async () => {
    const text = '// mine\n{\n  gateway: { port: 1000 }, // door\n}\n'
    const config = await start(text)
    await config.set('gateway.port', 1001)
    await config.patch({ channels: { chatter: { greeting: 'hi' } } }, config.snapshot().hash)
    expect(await readFile(file, 'utf8')).toBe('// mine\n{\n  gateway: { port: 1001 }, // door\n  channels: {\n    chatter: {\n      greeting: "hi"\n    }\n  },\n}\n')
    await config.set('channels', undefined)
    expect(await readFile(file, 'utf8')).toBe(text.replace('1000', '1001'))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(join(stateDir, 'backups', 'moltbot.json.3'), 'utf8')).toBe(text)
    expect((await stat(join(stateDir, 'backups'))).mode & 0o777).toBe(0o700)
    for (let port = 2000; port < 2010; port++) await config.set('gateway.port', port)
    expect(await readdir(join(stateDir, 'backups'))).toHaveLength(5)
    expect((await readdir(stateDir)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('what does not hold is refused and changes nothing; other errors that were there before do not stand in the way', async () => {
    const config = await start('{gateway: {port: "abc"}}')
    const refused = await problemOf(config.set('channels.chatter.enabled', 'maybe'))
    expect(refused).toMatchObject({ code: 'config-invalid', details: { issues: [{ path: 'channels.chatter.enabled' }] } })
    expect(await readFile(file, 'utf8')).toBe('{gateway: {port: "abc"}}')
    await config.set('channels.chatter.enabled', false)
    expect((await problemOf(config.replace('{gateway: {port: "abc"}}', config.snapshot().hash))).code).toBe('config-invalid')
    await config.set('gateway.port', 7)
    expect(config.healthy(gateway)).toBe(true)
  })

  test('the base hash guards against a file that changed', async () => {
    const config = await start('{gateway: {port: 1}}')
    const { hash } = config.snapshot()
    await writeFile(file, '{gateway: {port: 2}}')
    expect(await problemOf(config.replace('{}', hash))).toMatchObject({ code: 'config-changed', details: { reason: 'base-hash-stale' } })
    expect(await problemOf(config.patch({ gateway: null }, undefined))).toMatchObject({ code: 'config-changed', details: { reason: 'base-hash-missing' } })
    expect(await readFile(file, 'utf8')).toBe('{gateway: {port: 2}}')
  })

  test('two writers at once both get through, one after the other', async () => {
    const config = await start('{}')
    await Promise.all([config.set('gateway.port', 10), config.set('channels.chatter.greeting', 'x'), config.set('gateway.bind', 'lan')])
    expect(config.snapshot().parsed).toEqual({ gateway: { port: 10, bind: 'lan' }, channels: { chatter: { greeting: 'x' } } })
  })

  test('a file that is no JSON5 is not edited, but can be replaced', async () => {
    const config = await start('{gateway: ')
    expect((await problemOf(config.set('gateway.port', 1))).code).toBe('config-invalid')
    await config.replace('{gateway: {port: 3}}', config.snapshot().hash)
    expect(config.get(gateway).port).toBe(3)
  })

  test('paths that poison objects or make no sense are refused', async () => {
    const config = await start()
    for (const path of ['__proto__.x', 'gateway.constructor.prototype.y', '', 'a..b', 'a[']) {
      expect((await problemOf(config.set(path, 1))).code, path).toBe('config-path-invalid')
    }
    expect((await problemOf(config.patch(JSON.parse('{"gateway": {"__proto__": {"port": 1}}}') as Record<string, unknown>, undefined))).code).toBe('config-invalid')
    expect(existsSync(file)).toBe(false)
  })

  test('a link is read, but never written through to another place', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'config-elsewhere-'))
    try {
      await writeFile(join(elsewhere, 'real.json'), '{gateway: {port: 1}}')
      await symlink(join(elsewhere, 'real.json'), file)
      const config = await start()
      expect(config.get(gateway).port).toBe(1)
      expect((await problemOf(config.set('gateway.port', 2))).code).toBe('config-write-refused')
      expect(await readFile(join(elsewhere, 'real.json'), 'utf8')).toBe('{gateway: {port: 1}}')
      await unlink(file)
      await symlink(join(elsewhere, 'nothing.json'), file)
      expect((await problemOf(config.set('gateway.port', 2))).code).toBe('config-write-refused')
      await unlink(file)
      await writeFile(join(stateDir, 'own.json'), '{}')
      await symlink(join(stateDir, 'own.json'), file)
      await config.set('gateway.port', 2)
      expect(await readFile(join(stateDir, 'own.json'), 'utf8')).toContain('2')
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  })
})

describe('live reload', () => {
  const heard = (config: Config): Promise<ConfigSnapshot> => new Promise((resolve) => {
    const stop = config.onReload((snapshot) => {
      stop()
      resolve(snapshot)
    })
  })

  test('a saved file takes effect, also when an editor replaces it, and after a bad one', async () => {
    const config = await start('{gateway: {port: 1}}', { watch: true })
    await config.watching
    let changed = heard(config)
    await writeFile(file, '{gateway: {port: 2}}')
    await changed
    expect(config.get(gateway).port).toBe(2)

    changed = heard(config)
    await writeFile(join(stateDir, '.swap'), '{gateway: {port: "bad"}}')
    await rename(join(stateDir, '.swap'), file)
    await changed
    expect(config.get(gateway).port).toBe(2)
    expect(config.healthy(gateway)).toBe(false)

    changed = heard(config)
    await rename(file, `${file}~`)
    await writeFile(file, '{gateway: {port: 3}}')
    await changed
    expect(config.get(gateway).port).toBe(3)
    expect(config.healthy(gateway)).toBe(true)
  })

  test('a file that appears later is found', async () => {
    const config = await start(undefined, { watch: true })
    await config.watching
    const changed = heard(config)
    await writeFile(file, '{gateway: {port: 9}}')
    await changed
    expect(config.get(gateway).port).toBe(9)
  })

  test('listeners hear only of their own section, also when only a secret changed', async () => {
    const config = await start('{gateway: {port: 1, auth: {token: "first-token"}}}')
    const calls: string[] = []
    config.onChange(gateway, (now) => calls.push(`gateway ${now.port}`))
    const stop = config.onChange(chatter, () => calls.push('chatter'))
    await config.set('gateway.auth.token', 'second-token')
    await config.set('gateway.port', 2)
    await config.set('gateway.port', 2)
    await config.set('channels.chatter.enabled', false)
    stop()
    await config.set('channels.chatter.enabled', true)
    expect(calls).toEqual(['gateway 1', 'gateway 2', 'chatter'])
  })

  test('a listener that throws stops nobody else', async () => {
    const config = await start('{}')
    let called = false
    config.onChange(gateway, () => { throw new Error('boom') })
    config.onChange(gateway, () => { called = true })
    await config.set('gateway.port', 2)
    expect(called).toBe(true)
    expect(lines.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'a listener of the configuration failed' }))
  })
})

describe('included files', () => {
  test('bring their keys, what stands beside them wins, issues name the included file', async () => {
    await mkdir(join(stateDir, 'parts'))
    await writeFile(join(stateDir, 'parts', 'door.json5'), '{port: "x", bind: "lan"}')
    await writeFile(join(stateDir, 'base.json5'), '{gateway: {$include: "parts/door.json5"}, channels: {chatter: {greeting: "base", enabled: false}}}')
    const config = await start('{$include: ["base.json5"], channels: {chatter: {greeting: "own"}}}')
    expect(config.get(chatter)).toMatchObject({ greeting: 'own', enabled: false })
    expect(config.snapshot().issues).toMatchObject([{ path: 'gateway.port', line: 1, column: 8, file: expect.stringContaining('parts/door.json5') as string }])
    await writeFile(join(stateDir, 'parts', 'door.json5'), '{port: 77}')
    await config.reload()
    expect(config.get(gateway).port).toBe(77)
    expect((await problemOf(config.set('gateway.port', undefined))).code).toBe('config-included')
  })

  test('never leave the directory, never go round in circles', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'config-outside-'))
    try {
      await writeFile(join(outside, 'x.json'), '{gateway: {port: 666}}')
      await symlink(join(outside, 'x.json'), join(stateDir, 'link.json'))
      await writeFile(join(stateDir, 'circle.json'), '{$include: "circle.json"}')
      for (const name of ['../x.json', join(outside, 'x.json'), 'link.json', 'circle.json', 'moltbot.json', '.', '/dev/zero', 'gone.json']) {
        const config = await start(JSON.stringify({ $include: name }))
        expect(errors(config), name).toHaveLength(1)
        expect(errors(config)[0], name).toMatch(/\$include/)
        expect(config.healthy(gateway), name).toBe(false)
        expect(config.get(gateway).port, name).toBe(18789)
      }
    } finally {
      await rm(outside, { recursive: true })
    }
  })
})

describe('schema and pages', () => {
  test('every key of the schema has a description, secrets are marked, defaults are there', async () => {
    const config = await start()
    const schema = config.schema() as { properties: Record<string, { properties: Record<string, { default?: unknown; writeOnly?: boolean; properties?: Record<string, { writeOnly?: boolean; description?: string }> }> }> }
    expect(schema.properties['gateway']?.properties['port']?.default).toBe(18789)
    expect(schema.properties['gateway']?.properties['auth']?.properties?.['token']?.writeOnly).toBe(true)
    expect(schema.properties['channels']?.properties['chatter']?.properties?.['greeting']?.description).toBe('What is said first.')
  })

  test('the pages name every key with its default', async () => {
    const page = (await start()).docs().find((each) => each.path === 'gateway')
    expect(page?.markdown).toContain('| `gateway.port` | a whole number from 1 to 65535 | `18789` | The port. |')
    expect(page?.markdown).toContain('| `gateway.auth.token` |')
  })

  test('an unreadable file says so and leaves what was in effect', async () => {
    const config = await start('{gateway: {port: 8}}')
    await rm(file)
    await mkdir(file)
    await config.reload()
    expect(errors(config)[0]).toMatch(/can't be read/)
    expect(config.get(gateway).port).toBe(8)
    await chmod(file, 0o700)
  })
})

describe('a rule', () => {
  const odd: ConfigRule = async (candidate) => (candidate.get(gateway).port % 2 === 1 ? [] : [{ path: 'gateway.port', line: 0, column: 0, message: 'gateway.port: must be odd', severity: 'error' }])

  test('refuses every way to a change that it forbids, with the place; nothing is written', async () => {
    const config = await start('{gateway: {port: 1}}', { ruled: true })
    await config.holdTo(odd)
    for (const work of [() => config.set('gateway.port', 2), () => config.patch({ gateway: { port: 4 } }, config.snapshot().hash), () => config.replace('{\n gateway: {port: 6}}', config.snapshot().hash)]) {
      expect(await problemOf(work())).toMatchObject({ code: 'config-invalid', details: { issues: [{ path: 'gateway.port' }] } })
    }
    expect((await problemOf(config.replace('{\n gateway: {port: 6}}', config.snapshot().hash))).details).toMatchObject({ issues: [{ line: 2, column: 18 }] })
    expect(await readFile(file, 'utf8')).toBe('{gateway: {port: 1}}')
    await config.set('gateway.port', 3)
    expect(config.get(gateway).port).toBe(3)
  })

  test('a file that it forbids is not taken, whole: what was in force stays', async () => {
    const config = await start('{gateway: {port: 1}}', { ruled: true })
    await config.holdTo(odd)
    await writeFile(file, '{gateway: {port: 2}, channels: {chatter: {greeting: "new"}}}')
    await config.reload()
    expect([config.get(gateway).port, config.get(chatter).greeting, config.forbidden()]).toEqual([1, 'hello', []])
    expect(errors(config)).toEqual(['gateway.port: must be odd'])
    await writeFile(file, '{gateway: {port: 5}, channels: {chatter: {greeting: "new"}}}')
    await config.reload()
    expect([config.get(gateway).port, config.get(chatter).greeting, errors(config)]).toEqual([5, 'new', []])
  })

  test('a file edited while nobody ran gives way to the last good copy; without one it is in force and told to be forbidden', async () => {
    const first = await start('{gateway: {port: 1}}', { ruled: true })
    await first.holdTo(odd)
    await first.close()
    const second = await start('{gateway: {port: 2}}', { ruled: true })
    expect(second.get(gateway).port).toBe(2)
    const heard: number[] = []
    second.onChange(gateway, ({ port }) => heard.push(port))
    await second.holdTo(odd)
    expect([second.get(gateway).port, heard, second.forbidden()]).toEqual([1, [1], []])
    await second.close()
    await rm(`${file}.last-good`)
    const third = await start(undefined, { ruled: true })
    await third.holdTo(odd)
    expect(third.forbidden()).toMatchObject([{ path: 'gateway.port' }])
    expect(existsSync(`${file}.last-good`)).toBe(false)
    await third.set('gateway.port', 7)
    expect([third.forbidden(), third.get(gateway).port]).toEqual([[], 7])
  })

  test('a rule that cannot be asked forbids', async () => {
    const config = await start('{}', { ruled: true })
    await config.holdTo(async (_candidate, use) => { if (use === 'take') throw new Error('no answer'); return [] })
    expect(await problemOf(config.set('gateway.port', 3))).toMatchObject({ code: 'config-invalid', message: expect.stringContaining('no answer') })
  })

  test('a change of a file beside it asks the rule again', async () => {
    let forbidden = false
    const config = await start('{gateway: {port: 3}}', { ruled: true, watch: true, beside: ['rows.json5'] })
    await config.holdTo(async () => (forbidden ? [{ path: '', line: 4, column: 1, file: 'rows.json5', message: 'forbidden', severity: 'error' as const }] : []))
    await config.watching
    const told = new Promise<void>((resolve) => config.onReload(() => { if (config.snapshot().issues.length > 0) resolve() }))
    forbidden = true
    await writeFile(join(stateDir, 'rows.json5'), '[]')
    await told
    expect(config.snapshot().issues).toMatchObject([{ file: 'rows.json5', line: 4 }])
    await config.reload()
    expect(config.forbidden()).toMatchObject([{ message: 'forbidden' }])
  })

  test('whatever is changed in whatever way, what it forbids is never in force', async () => {
    const config = await start('{gateway: {port: 1}}', { ruled: true })
    await config.holdTo(odd)
    const step = fc.record({ port: fc.integer({ min: -2, max: 70_000 }), way: fc.constantFrom('set', 'patch', 'replace', 'edit', 'damage') })
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      for (const { port, way } of steps) {
        const text = `{gateway: {port: ${port}}}${way === 'damage' ? '}' : ''}`
        const { hash } = await config.reload()
        const work = way === 'set' ? config.set('gateway.port', port) : way === 'patch' ? config.patch({ gateway: { port } }, hash) : way === 'replace' ? config.replace(text, hash) : writeFile(file, text).then(() => config.reload())
        await work.catch((error: unknown) => { if ((error as Problem).code !== 'config-invalid') throw error })
        expect(config.get(gateway).port % 2).toBe(1)
      }
    }), { numRuns: 20 })
  })
})

describe('a list with places', () => {
  test('says where each entry stands, and what is wrong with the file', async () => {
    const list = join(stateDir, 'rows.json5')
    expect(readPlacedList(list)).toBeUndefined()
    await writeFile(list, '// rows\n[\n  {a: 1}, // one\n  "two",\n]')
    expect(readPlacedList(list)).toEqual({ entries: [{ value: { a: 1 }, line: 3, column: 3 }, { value: 'two', line: 4, column: 3 }] })
    await writeFile(list, '[\n  {a: 1,,}\n]')
    expect(readPlacedList(list)).toMatchObject({ entries: [], fault: { line: 2, column: 9 } })
    await writeFile(list, '{a: 1}')
    expect(readPlacedList(list)?.fault?.message).toContain('one list')
    await writeFile(list, '[]')
    await chmod(list, 0o666)
    expect(readPlacedList(list)?.fault?.message).toContain('chmod 600')
    await chmod(list, 0o600)
    await writeFile(list, '')
    expect(readPlacedList(list)).toEqual({ entries: [] })
  })
})
