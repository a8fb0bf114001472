import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryLogger, realClock } from '@moltbot/contract/testing'
import { createConfig, redactionMark } from '../../gateway/src/foundation/config/index.ts'
import type { Config, ConfigOptions } from '../../gateway/src/foundation/config/index.ts'
import { decideAccess } from '../../gateway/src/journey/guard/access.ts'
import type { AccessConfig } from '../../gateway/src/journey/guard/access.ts'
import { sections } from '../../gateway/src/sections.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { bundleProgram } from '../support/bundle-program.ts'
import { startTestGateway } from '../support/test-gateway.ts'

/**
 * The configuration under attack, with every section of the product. Where the catalogue asks for a refusal to start, this gateway
 * starts with the section's defaults, which are its closed values, and says which key is wrong: nothing is ignored in silence, and a
 * typing mistake does not cut the owner off. What these tests hold is that no mistake ever opens anything.
 */
let stateDir: string
let file: string
let open: Config[]
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'moltbot-cfg-'))
  file = join(stateDir, 'moltbot.json')
  open = []
})
afterEach(async () => {
  await Promise.all(open.map((config) => config.close()))
  rmSync(stateDir, { recursive: true, force: true })
})

async function read(text?: string, more: Partial<ConfigOptions> = {}): Promise<Config> {
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 })
  const config = await createConfig({ stateDir, sections, environment: {}, clock: realClock, log: memoryLogger(), watch: false, secrets: { get: () => undefined }, ...more })
  open.push(config)
  return config
}
const faults = (config: Config): string[] => config.snapshot().issues.filter((issue) => issue.severity === 'error').map((issue) => issue.path)
const told = (config: Config): string[] => config.snapshot().issues.map((issue) => issue.path)
const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'it was taken', (error: unknown) => (error as { code?: unknown }).code)
const nested = (path: string, value: unknown): unknown => path.split('.').reduceRight<unknown>((inner, step) => ({ [step]: inner }), value)
const defaultsOf = (config: Config): unknown[] => sections.map((section) => config.get(section))

interface Node { type?: string; properties?: Record<string, Node>; anyOf?: Node[]; const?: unknown; patternProperties?: Record<string, Node> }
/** Every key of a section whose value is fixed by its schema, dotted. */
function leaves(schema: Node, at: string): { path: string; node: Node }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, node]) => (node.type === 'object' ? leaves(node, `${at}.${key}`) : [{ path: `${at}.${key}`, node }]))
}
const all = sections.flatMap((section) => leaves(section.schema as unknown as Node, section.path))
/** All of them, at most one of each section at a time: what a fault of one section does to another would be seen, and two of one could hide each other. */
const rounds: string[][] = []
for (const section of sections) for (const [round, { path }] of leaves(section.schema as unknown as Node, section.path).entries()) (rounds[round] ??= []).push(path)
/** Sections stand beside each other, also where one's path begins with another's. */
function together(parts: readonly unknown[]): unknown {
  const whole: Record<string, unknown> = {}
  const add = (target: Record<string, unknown>, part: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(part)) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) add((target[key] ??= {}) as Record<string, unknown>, value as Record<string, unknown>)
      else target[key] = value
    }
  }
  for (const part of parts) add(whole, part as Record<string, unknown>)
  return whole
}

describe('CFG-01: unknown keys, wrong types, misspelt names', () => {
  it('a wrong type at any key of any section is told with its path and never takes effect', async () => {
    const untouched = defaultsOf(await read('{}'))
    expect(all.length).toBeGreaterThan(80)
    for (const paths of rounds) {
      // No key of any schema takes lists of lists of lists.
      const config = await read(JSON.stringify(together(paths.map((path) => nested(path, [[[{ no: [{ such: 'thing' }] }]]])))))
      for (const path of paths) expect(faults(config).some((fault) => fault.startsWith(path)), path).toBe(true)
      expect(defaultsOf(config), paths.join(' ')).toEqual(untouched)
    }
  })

  it('a misspelt key at any level is told with its path and the nearest right one', async () => {
    for (const paths of rounds) {
      const wrong = paths.map((path) => `${path}x`)
      const config = await read(JSON.stringify(together(wrong.map((path) => nested(path, true)))))
      expect(told(config)).toEqual(expect.arrayContaining(wrong))
    }
    const config = await read('{gateway: {auth: {rateLimt: {}}, bnid: "lan"}}')
    expect(config.snapshot().issues.map((issue) => issue.message).join('\n')).toMatch(/did you mean "bind"/)
  })

  it('twin: a reader that drops what it does not know without a word is caught', async () => {
    const config = await read('{gateway: {bnid: "lan"}}')
    const silent = { ...config.snapshot(), issues: [] }
    expect(silent.issues.map((issue: { path: string }) => issue.path)).not.toContain('gateway.bnid')
    expect(told(config)).toContain('gateway.bnid')
  })
})

describe('CFG-02: keys that poison objects', () => {
  const clean = (): void => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  }

  it('by the file, included files and the env section', async () => {
    for (const text of ['{"__proto__": {"polluted": 1}}', '{gateway: {"__proto__": {polluted: 1}}}', '{gateway: {constructor: {prototype: {polluted: 1}}}}', '{env: {"__proto__": {polluted: "1"}}}', '{channels: {telegram: {accounts: {"__proto__": {enabled: false}}}}}']) {
      const config = await read(text)
      expect(faults(config).length, text).toBeGreaterThan(0)
      clean()
    }
    writeFileSync(join(stateDir, 'more.json'), '{"__proto__": {"polluted": 1}}')
    expect(faults(await read('{$include: "more.json"}')).length).toBeGreaterThan(0)
    clean()
  })

  it('by a patch, a whole text and a path', async () => {
    const config = await read('{gateway: {port: 1}}')
    const hash = config.snapshot().hash
    for (const path of ['__proto__.polluted', 'gateway.__proto__.polluted', 'constructor.prototype.polluted', 'a.__proto__.b', '["__proto__"].polluted', 'gateway["constructor"].x']) expect(await codeOf(config.set(path, 1)), path).toBe('config-path-invalid')
    expect(await codeOf(config.patch(JSON.parse('{"__proto__": {"polluted": 1}}') as Record<string, unknown>, hash))).not.toBe('it was taken')
    expect(await codeOf(config.patch(JSON.parse('{"gateway": {"constructor": {"prototype": {"polluted": 1}}}}') as Record<string, unknown>, hash))).not.toBe('it was taken')
    expect(await codeOf(config.replace('{"__proto__": {"polluted": 1}}', hash))).toBe('config-invalid')
    clean()
    expect(readFileSync(file, 'utf8')).toBe('{gateway: {port: 1}}')
  })
})

describe('CFG-03: texts that are no or too much JSON5', () => {
  it.each([
    ['a key twice', '{gateway: {bind: "loopback", bind: "lan"}}'], ['a key twice in another spelling', '{gateway: {bind: "loopback", "b\\u0069nd": "lan"}}'], ['an end of a comment in a comment', '{/* a */ b */}'],
    ['a NUL', '{gateway:\0 {}}'], ['a depth of 10,000', `${'['.repeat(10_000)}${']'.repeat(10_000)}`], ['a depth of 10,000 objects', `${'{a:'.repeat(10_000)}1${'}'.repeat(10_000)}`], ['two values', '{} {}'], ['a port that is infinite', '{gateway: {port: Infinity}}'], ['a port in hex beyond its range', '{gateway: {port: 0x1FFFF}}'], ['a list', '[]'],
  ])('%s is refused, and the defaults stand', async (_, text) => {
    const config = await read(text)
    expect(faults(config).length).toBeGreaterThan(0)
    expect((config.get(sections[0] as (typeof sections)[number]) as { bind: string; port: number })).toMatchObject({ bind: 'loopback', port: 18789 })
  })

  it('50 MB are not read', async () => {
    const before = process.memoryUsage().rss
    const config = await read(`{a: "${'x'.repeat(50 * 1024 * 1024)}"}`)
    expect(config.snapshot().issues[0]?.message).toMatch(/larger than 4 MiB/)
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024)
  })

  it('a byte order mark and numbers of JSON5 are read as JSON5 says', async () => {
    const config = await read('\uFEFF{gateway: {port: 0x1F90}}')
    expect(faults(config)).toEqual([])
    expect(config.get(sections[0] as (typeof sections)[number])).toMatchObject({ port: 8080 })
  })
})

it('CFG-04: an include leads to no place outside, to nothing that is no file, and never round', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'moltbot-cfg-outside-'))
  try {
    writeFileSync(join(outside, 'x.json'), '{gateway: {port: 666}}')
    symlinkSync(join(outside, 'x.json'), join(stateDir, 'link.json'))
    symlinkSync(outside, join(stateDir, 'linked'))
    mkdirSync(join(stateDir, 'folder'))
    execFileSync('mkfifo', [join(stateDir, 'pipe')])
    writeFileSync(join(stateDir, 'huge.json'), `{a: "${'x'.repeat(5 * 1024 * 1024)}"}`)
    writeFileSync(join(stateDir, 'circle.json'), '{$include: "other.json"}')
    writeFileSync(join(stateDir, 'other.json'), '{$include: "circle.json"}')
    for (let depth = 0; depth < 1_000; depth += 1) writeFileSync(join(stateDir, `d${depth}.json`), `{$include: "d${depth + 1}.json"}`)
    writeFileSync(join(stateDir, 'd1000.json'), '{gateway: {port: 666}}')
    for (const name of [join(outside, 'x.json'), '../x.json', '../../../../etc/passwd', 'link.json', 'linked/x.json', 'folder', 'pipe', 'huge.json', 'circle.json', 'd0.json', '/proc/self/environ', '/dev/zero', '/dev/stdin', '.', '', 'a\0b', 'moltbot.json']) {
      const config = await read(JSON.stringify({ $include: name }))
      expect(config.snapshot().issues[0]?.message, name).toMatch(/\$include/)
      expect(config.get(sections[0] as (typeof sections)[number]), name).toMatchObject({ port: 18789 })
    }
  } finally {
    rmSync(outside, { recursive: true, force: true })
  }
})

it('CFG-05: references are replaced once, a missing one is told, and no value becomes syntax', async () => {
  const environment = { A: '${B}', B: 'the value of b', QUOTE: '"}, gateway: {bind: "lan"', LINE: 'a\nb', NESTED: '${secret:x}' }
  for (const name of ['A', 'QUOTE', 'LINE', 'NESTED'] as const) {
    const config = await read(JSON.stringify({ channels: { telegram: { name: `\${${name}}` } } }), { environment })
    expect((config.get(sections.find((section) => section.path === 'channels.telegram') as (typeof sections)[number]) as { name?: string }).name).toBe(environment[name])
    expect(config.get(sections[0] as (typeof sections)[number])).toMatchObject({ bind: 'loopback' })
  }
  const missing = await read('{channels: {telegram: {name: "${NOT_THERE}"}}}')
  expect(missing.snapshot().issues[0]).toMatchObject({ path: 'channels.telegram.name', severity: 'error' })
  expect(missing.snapshot().issues[0]?.message).toContain('${NOT_THERE} is not set')
})

it('CFG-06: four hundred variables with promising names change nothing', async () => {
  const calm = await read('{}')
  const names = all.flatMap(({ path }) => ['MOLTBOT_', 'CLAWDBOT_', 'OPENCLAW_', ''].map((prefix) => prefix + path.toUpperCase().replaceAll('.', '_')))
  const documented = /_(?:TOKEN|PASSWORD|API_KEY|SECRET|KEY)$|_FILE$/
  const environment = Object.fromEntries([...names.filter((name) => !documented.test(name)), 'MOLTBOT_GATEWAY_BIND', 'NODE_OPTIONS', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_TLS_REJECT_UNAUTHORIZED', '__PROTO__'].map((name) => [name, 'lan']))
  expect(Object.keys(environment).length).toBeGreaterThan(400)
  const poisoned = await read('{}', { environment })
  expect(defaultsOf(poisoned)).toEqual(defaultsOf(calm))
  expect(poisoned.snapshot().effective).toEqual(calm.snapshot().effective)
  // Nor does the file reach the process by its env section.
  await read('{env: {NODE_OPTIONS: "--inspect", HTTPS_PROXY: "http://evil.example", vars: {NODE_TLS_REJECT_UNAUTHORIZED: "0"}}}')
  expect([process.env['HTTPS_PROXY'], process.env['NODE_TLS_REJECT_UNAUTHORIZED']]).not.toContain('http://evil.example')
  expect(process.env['NODE_TLS_REJECT_UNAUTHORIZED']).not.toBe('0')
})

describe('CFG-07: two writers, old copies, a kill in the middle', () => {
  it('a stale copy is refused, and of writers at once each gets through whole', async () => {
    const config = await read('{gateway: {port: 1}}')
    const stale = config.snapshot().hash
    await config.set('gateway.port', 2)
    expect(await codeOf(config.patch({ gateway: { port: 3 } }, stale))).toBe('config-changed')
    expect(await codeOf(config.replace('{}', stale))).toBe('config-changed')
    expect(await codeOf(config.patch({ gateway: { port: 3 } }, undefined))).toBe('config-changed')
    await Promise.all([config.set('gateway.port', 4), config.set('gateway.bind', 'lan'), config.set('logging.level', 'debug')])
    expect(config.snapshot().parsed).toMatchObject({ gateway: { port: 4, bind: 'lan' }, logging: { level: 'debug' } })
  })

  it('killed at any moment of writing, the old or the new text stands there', async () => {
    const long = 'x'.repeat(200_000)
    const text = (turn: number): string => `{gateway: {port: ${1000 + turn}}, meta: {note: "${long}"}}`
    writeFileSync(file, text(0), { mode: 0o600 })
    const script = await bundleProgram({ text: `
      import { writeFileAtomically } from './gateway/src/foundation/config/write-file.ts'
      process.stdout.write('ready')
      for (let turn = 1; ; turn++) await writeFileAtomically(${JSON.stringify(file)}, \`{gateway: {port: \${1000 + turn % 1000}}, meta: {note: "${long}"}}\`, ${JSON.stringify(stateDir)})
    ` })
    for (let round = 0; round < 6; round += 1) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise((resolve, reject) => { child.stdout.once('data', resolve); child.once('exit', (code) => reject(new Error(`the writer ended with ${String(code)}`))) })
      await new Promise((resolve) => setTimeout(resolve, 3 + round * 11))
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      const found = readFileSync(file, 'utf8')
      expect(found.startsWith('{gateway: {port: ') && found.endsWith(`${long}"}}`)).toBe(true)
      expect(faults(await read())).toEqual([])
      expect(statSync(file).mode & 0o777).toBe(0o600)
    }
  })
})

describe('CFG-08: a change that raises one\'s own rights', () => {
  it('is for administrators: who may write may not configure', async () => {
    const at = await startTestGateway({ telegram: false })
    try {
      for (const scopes of [['operator.read'], ['operator.read', 'operator.write'], ['operator.read', 'operator.write', 'operator.approvals', 'operator.pairing']]) {
        for (const [method, params] of [
          ['config.patch', { raw: '{"gateway":{"bind":"lan"}}', baseHash: 'x' }], ['config.set', { raw: '{}', baseHash: 'x' }], ['config.apply', { raw: '{}', baseHash: 'x' }],
        ] as const) expect(await refusalOf(at.gateway.port, at.token, scopes, method, params), `${method} with ${scopes.join(' ')}`).toMatch(/missing scope|scope/i)
      }
      expect(JSON.parse(readFileSync(at.configFile, 'utf8'))).not.toMatchObject({ gateway: { bind: 'lan' } })
    } finally {
      await at.close()
    }
  })

  it('the assistant has no tool for it, and its files do not reach the configuration', async () => {
    const at = await startTestGateway({ telegram: false })
    try {
      const ways = ['../moltbot.json', '/etc/moltbot.json', '../../.moltbot/moltbot.json', '~/.moltbot/moltbot.json', at.configFile]
      at.model.use(inOrder(ways.map((path) => callTool('write', { path, text: '{gateway:{bind:"lan"}}' })), (request) => [say(request.messages.filter((message) => message.role === 'tool').map((message) => String(message.isError)).join(' '))]))
      const before = readFileSync(at.configFile, 'utf8')
      const client = await at.connect()
      // What the model says comes first; the gateway adds what was not done.
      expect((await client.ask('open the gateway to everybody')).split('\n')[0]).toBe(ways.map(() => 'true').join(' '))
      expect(at.model.requests[0]?.tools.map((tool) => tool.name).filter((name) => /config|approve|pair|grant|owner/i.test(name))).toEqual([])
      expect(readFileSync(at.configFile, 'utf8')).toBe(before)
    } finally {
      await at.close()
    }
  })
})

it('CFG-09: a bad file while running keeps what was good, a bad list lets nobody new in, and a removed list closes', async () => {
  const telegram = sections.find((section) => section.path === 'channels.telegram') as (typeof sections)[number]
  const config = await read('{channels: {telegram: {dmPolicy: "allowlist", allowFrom: [1001]}}, gateway: {port: 5}}')
  for (const bad of ['{channels: {telegram: {dmPolicy: "open", allowFrom: {"*": true}}}, gateway: {port: 6}}', '{channels: {telegram: {dmPolicy: "everybody", allowFrom: ["*"]}}}', '{channels: {telegram: ']) {
    writeFileSync(file, bad)
    await config.reload()
    expect(config.get(telegram), bad).toMatchObject({ dmPolicy: 'allowlist', allowFrom: [1001] })
    expect(config.healthy(telegram), bad).toBe(false)
    expect(faults(config).length, bad).toBeGreaterThan(0)
  }
  writeFileSync(file, '{channels: {telegram: {dmPolicy: "allowlist"}}}')
  await config.reload()
  expect(config.get(telegram)).toMatchObject({ dmPolicy: 'allowlist', allowFrom: [] })
  rmSync(file)
  await config.reload()
  expect(config.get(telegram)).toMatchObject({ dmPolicy: 'pairing', allowFrom: [], groupPolicy: 'allowlist' })
})

it('CFG-10: every policy deleted, empty, blank or odd is closed', async () => {
  const telegram = sections.find((section) => section.path === 'channels.telegram') as (typeof sections)[number]
  const stranger = (kind: 'direct' | 'group'): Parameters<typeof decideAccess>[0] => ({ chat: { channel: 'telegram', account: 'default', id: kind === 'direct' ? '7' : '-100', kind }, sender: { id: '7' }, id: '1', text: 'hello', at: 0, mentioned: 'yes' }) as never
  const facts = { known: false, owner: false, defaultGroupPolicy: 'allowlist', patterns: [], command: false, activation: undefined }
  const odd = [undefined, null, '', ' ', '*', 'OPEN', 'everyone', true, 1, [], {}]
  for (const [key, kind] of [['dmPolicy', 'direct'], ['groupPolicy', 'group'], ['allowFrom', 'direct'], ['groupAllowFrom', 'group'], ['groups', 'group']] as const) {
    for (const value of odd) {
      const config = await read(JSON.stringify({ channels: { telegram: value === undefined ? {} : { [key]: value } } }))
      const decided = decideAccess(stranger(kind), config.get(telegram) as AccessConfig, facts)
      expect(decided.kind, `${key} ${JSON.stringify(value)}`).not.toBe('allow')
    }
  }
  // A list of blanks names nobody, also where the policy goes by the list.
  for (const list of [[''], [' '], ['*  x'], ['telegram:'], [':7'], ['@seven'], ['7 '].map((entry) => `${entry}8`)]) {
    const config = await read(JSON.stringify({ channels: { telegram: { dmPolicy: 'allowlist', allowFrom: list, groupAllowFrom: list } } }))
    expect(decideAccess(stranger('direct'), config.get(telegram) as AccessConfig, facts).kind, JSON.stringify(list)).toBe('deny')
  }
})

describe('CFG-11: files others can change', () => {
  it('a file everybody can change, or that another user owns, is not used', async () => {
    writeFileSync(file, '{gateway: {port: 666}}')
    chmodSync(file, 0o666)
    const config = await read()
    expect(config.snapshot().issues[0]?.message).toMatch(/every user of this machine can change the file/)
    expect(config.get(sections[0] as (typeof sections)[number])).toMatchObject({ port: 18789 })
  })

  // Owning a file for somebody else needs root; so does being somebody else.
  it.skipIf(process.getuid?.() !== 0)('another user\'s file is not used by an ordinary one', async () => {
    writeFileSync(file, '{gateway: {port: 666}}', { mode: 0o644 })
    chmodSync(stateDir, 0o777)
    chownSync(file, 54321, 54321)
    const script = await bundleProgram({ text: `
      import { createConfig } from './gateway/src/foundation/config/index.ts'
      process.setgid(54322); process.setuid(54322)
      const log = { child: () => log, debug() {}, info() {}, warn() {}, error() {} }
      const config = await createConfig({ stateDir: ${JSON.stringify(stateDir)}, sections: [], environment: {}, clock: {}, log, watch: false, lookOnly: true, secrets: { get() {} } })
      process.stdout.write(JSON.stringify(config.snapshot().issues))
    ` })
    const out = execFileSync(process.execPath, [script], { encoding: 'utf8' })
    expect(out).toContain('belongs to another user (54321), so it is not used')
  })

  it('one with secrets that others can read is named, a link is read and never written through', async () => {
    const open_ = await read('{gateway: {auth: {token: "5f0c9e1b7a3d48264be1906df7c2a85d"}}}')
    chmodSync(file, 0o644)
    await open_.reload({ force: true })
    expect(open_.snapshot().issues.map((issue) => issue.message).join()).toMatch(/holds secrets and others can read it/)
    const elsewhere = mkdtempSync(join(tmpdir(), 'moltbot-cfg-elsewhere-'))
    try {
      writeFileSync(join(elsewhere, 'real.json'), '{}')
      rmSync(file)
      symlinkSync(join(elsewhere, 'real.json'), file)
      expect(await codeOf((await read()).set('gateway.port', 2))).toBe('config-write-refused')
      expect(readFileSync(join(elsewhere, 'real.json'), 'utf8')).toBe('{}')
      // A second name of the file keeps the old text: writing makes a new file and never changes one in place.
      rmSync(file)
      writeFileSync(file, '{}', { mode: 0o600 })
      linkSync(file, join(elsewhere, 'second.json'))
      await (await read()).set('gateway.port', 2)
      expect(readFileSync(join(elsewhere, 'second.json'), 'utf8')).toBe('{}')
    } finally {
      rmSync(elsewhere, { recursive: true, force: true })
    }
  })
})

const canary = (path: string): string => `canary-${path.replaceAll(/[^a-z]/gi, '')}-51fb3a`
const secretPaths = sections.flatMap((section) => (section.secrets ?? []).map((secret) => `${section.path}.${secret}`.replaceAll('*', 'one')))

describe('CFG-12: secrets in what is shown', () => {
  it('every key that holds a secret is masked in everything the configuration shows', async () => {
    expect(secretPaths.length).toBeGreaterThan(5)
    for (const path of secretPaths) {
      for (const value of [canary(path), { wrong: canary(path) }, [canary(path)]]) {
        const config = await read(JSON.stringify(nested(path, value)))
        const { raw: _, parsed: __, ...shown } = config.snapshot()
        expect(JSON.stringify(shown), path).not.toContain(canary(path))
        expect(JSON.stringify(config.schema())).not.toContain(canary(path))
        expect(JSON.stringify(defaultsOf(config)), path).not.toContain(canary(path))
      }
    }
  })

  it('nor does the wire show it: config.get, the schema, status, the review', async () => {
    const at = await startTestGateway({ config: { gateway: { auth: { token: 'journey-token-0123456789abcdef0123456789abcdef' } }, env: { SOME_API_KEY: canary('env') }, channels: { telegram: { webhookSecret: canary('hook') } } } })
    try {
      const client = await at.connect()
      for (const method of ['config.get', 'config.schema', 'status', 'health', 'channels.status', 'models.status', 'models.list']) {
        const answer = JSON.stringify(await client.request(method).catch((error: unknown) => String(error)))
        for (const secret of [canary('env'), canary('hook'), at.token, 'test-key', '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi']) expect(answer.includes(secret), `${method} shows ${secret}`).toBe(false)
      }
    } finally {
      await at.close()
    }
  })

  it('twin: a snapshot with its raw text in it is caught', async () => {
    const path = secretPaths[0] ?? ''
    const config = await read(JSON.stringify(nested(path, canary(path))))
    expect(JSON.stringify(config.snapshot())).toContain(canary(path))
  })
})

it('CFG-13: a mask written back keeps the secret, and is never stored', async () => {
  const config = await read('{gateway: {auth: {token: "5f0c9e1b7a3d48264be1906df7c2a85d"}, port: 1}}')
  const shown = config.snapshot().redactedRaw ?? ''
  expect(shown).toContain(redactionMark)
  await config.replace(shown.replace('port: 1', 'port: 2'), config.snapshot().hash)
  expect(readFileSync(file, 'utf8')).toBe('{gateway: {auth: {token: "5f0c9e1b7a3d48264be1906df7c2a85d"}, port: 2}}')
  await config.patch({ gateway: { auth: { token: redactionMark }, port: 3 } }, config.snapshot().hash)
  expect(readFileSync(file, 'utf8')).toContain('5f0c9e1b7a3d48264be1906df7c2a85d')
  expect(await codeOf(config.set('gateway.auth.password', redactionMark))).toBe('config-invalid')
  expect(readFileSync(file, 'utf8')).not.toContain(redactionMark)
})

it('CFG-14: keys of a newer version are told, kept by every kind of change, and what they hold is not guessed at', async () => {
  const text = '{\n  // of a newer version\n  gateway: {port: 1, teleport: {to: "mars"}},\n  hyperspace: {lanes: [1, 2]},\n}'
  const config = await read(text)
  expect(told(config)).toEqual(expect.arrayContaining(['gateway.teleport', 'hyperspace']))
  await config.set('gateway.port', 2)
  await config.patch({ logging: { level: 'debug' } }, config.snapshot().hash)
  await config.set('logging.level', undefined)
  const after = readFileSync(file, 'utf8')
  for (const kept of ['// of a newer version', 'teleport: {to: "mars"}', 'hyperspace: {lanes: [1, 2]}']) expect(after).toContain(kept)
  // A value only a newer version knows does not open anything here.
  const unknownValue = await read('{gateway: {bind: "everywhere-v9", auth: {mode: "none-v9"}}}')
  expect(unknownValue.get(sections[0] as (typeof sections)[number])).toMatchObject({ bind: 'loopback', auth: { mode: 'token' } })
  expect(faults(unknownValue)).toEqual(expect.arrayContaining(['gateway.bind', 'gateway.auth.mode']))
})

describe('CFG-15: ids that only look alike', () => {
  it.each([
    ['a zero-width space', '1001\u200b'], ['digits of another width', '１００１'], ['a joiner', 'tele\u200dgram:1001'], ['a turned direction', '\u202e1001'], ['letters of two alphabets', 'tеlegram:1001'], ['a tag', '1001\u{E0031}'], ['a soft hyphen', '10\u00ad01'],
  ])('%s in a list of people is refused, and the list lets nobody in', async (_, entry) => {
    const config = await read(JSON.stringify({ commands: { ownerAllowFrom: [entry, 'telegram:5'] }, channels: { telegram: { allowFrom: [entry] } } }))
    expect(faults(config)).toEqual(expect.arrayContaining(['commands.ownerAllowFrom[0]', 'channels.telegram.allowFrom[0]']))
    expect(config.get(sections.find((section) => section.path === 'commands') as (typeof sections)[number])).toMatchObject({ ownerAllowFrom: [] })
  })

  it('nor may a key look like another', async () => {
    for (const key of ['telegram\u200b', 'ｔelegram', 'tеlegram', 'telegram\u00ad']) {
      const config = await read(JSON.stringify({ channels: { [key]: { enabled: false } } }))
      expect(faults(config).length, key).toBeGreaterThan(0)
    }
  })

  it('ordinary names of all languages are fine', async () => {
    const config = await read(JSON.stringify({ channels: { telegram: { allowFrom: ['1001', 'telegram:1002'], accounts: { 'рабочий': {}, 'büro': {}, '仕事': {} } } } }))
    expect(faults(config)).toEqual([])
  })
})

/** What the gateway says to a connection with these scopes. */
function refusalOf(port: number, token: string, scopes: readonly string[], method: string, params: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
    const send = (id: string, name: string, with_: object): void => socket.send(JSON.stringify({ type: 'req', id, method: name, params: with_ }))
    socket.on('error', reject)
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; event?: string; id?: string; ok?: boolean; error?: { message: string } }
      if (frame.event === 'connect.challenge') send('c', 'connect', { minProtocol: 3, maxProtocol: 4, client: { id: 'gateway-client', version: '0', platform: 'test', mode: 'backend' }, role: 'operator', scopes, auth: { token } })
      else if (frame.id === 'c') send('m', method, params)
      else if (frame.id === 'm') { socket.close(); resolve(frame.ok === true ? 'it was done' : frame.error?.message ?? '') }
    })
  })
}
