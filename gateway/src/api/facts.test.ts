import { createServer } from 'node:http'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@moltbot/contract'
import type { Facts } from '@moltbot/contract'
import { FakeClock, realClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigSnapshot } from '../foundation/config/types.ts'
import { bitsOf, isPlaceholder } from './facts/config-facts.ts'
import { listenersIn, namesIn } from './facts/listening.ts'
import { lookFromOutside } from './facts/look-from-outside.ts'
import { takeFacts, thisMachine } from './facts.ts'
import { fakeRooms } from './testing/fake-rooms.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'moltbot-facts-'))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const token = 'c'.repeat(3) + 'anary-0123456789abcdef0123456789abcdef'

function snapshotOf(parsed: Record<string, unknown>, redacted: Record<string, unknown>, effective: Record<string, unknown> = redacted): ConfigSnapshot {
  return { path: join(stateDir, 'moltbot.json'), exists: true, raw: '', hash: undefined, parsed, redactedParsed: redacted, effective, issues: [] }
}

function facts(snapshot: ConfigSnapshot, secrets: Record<string, string> = {}, more: object = {}): Promise<Facts> {
  return takeFacts({
    version: '1', stateDir, clock: realClock, channels: [], machine: { ...thisMachine(), home: stateDir }, secretsFault: null, vault: { state: 'none' },
    config: { snapshot: () => snapshot, secrets: { get: async (path) => (secrets[path] === undefined ? undefined : new Secret(path, secrets[path])) } },
    ...more,
  })
}

describe('files', () => {
  it('are named by what they are, with modes, and links are not followed', async () => {
    for (const folder of ['credentials', 'sessions', 'logs', 'backups', 'workspace', 'people', 'people/ana']) mkdirSync(join(stateDir, folder), { mode: 0o700 })
    const write = (name: string, mode: number, text = '{}'): void => {
      writeFileSync(join(stateDir, name), text)
      chmodSync(join(stateDir, name), mode)
    }
    write('moltbot.json', 0o640, '{ $include: "./family.json5" }')
    write('family.json5', 0o644, '{ $include: ["deep.json5"] }')
    write('deep.json5', 0o600)
    write('secrets.env', 0o604, '')
    write('credentials/vault.json', 0o660)
    write('sessions/moltbot.db', 0o600)
    write('logs/gateway.log', 0o600)
    write('workspace/notes.md', 0o644)
    write('people/ana/x', 0o644)
    symlinkSync('/etc', join(stateDir, 'workspace', 'out'))
    symlinkSync('/nowhere-at-all', join(stateDir, 'logs', 'dangling'))
    const { files, filesLeftOut } = await facts(snapshotOf({}, {}))
    const by = (name: string): unknown => files.find(({ path }) => path === join(stateDir, name))
    expect(filesLeftOut).toBe(false)
    expect(files.find(({ path }) => path === stateDir)).toMatchObject({ role: 'state-dir', kind: 'folder', mode: 0o700, owner: process.getuid?.() })
    expect(by('moltbot.json')).toMatchObject({ role: 'config', mode: 0o640 })
    expect(by('family.json5')).toMatchObject({ role: 'config-include', mode: 0o644 })
    expect(by('deep.json5')).toMatchObject({ role: 'config-include' })
    expect(by('secrets.env')).toMatchObject({ role: 'secrets-env', mode: 0o604 })
    expect(by('credentials/vault.json')).toMatchObject({ role: 'credentials', mode: 0o660 })
    expect(by('sessions/moltbot.db')).toMatchObject({ role: 'sessions' })
    expect(by('workspace')).toMatchObject({ role: 'workspace', kind: 'folder' })
    expect(by('workspace/out')).toMatchObject({ role: 'workspace', kind: 'link', target: '/etc' })
    expect(by('logs/dangling')).toMatchObject({ kind: 'link', target: null })
    // People's own files and the assistant's are not listed one by one.
    expect(by('workspace/notes.md')).toBeUndefined()
    expect(by('people/ana')).toBeUndefined()
  })

  it('outside the state directory are found where the configuration names them', async () => {
    const key = join(stateDir, '..', `${stateDir.split('/').at(-1) ?? ''}-key.pem`)
    writeFileSync(key, '', { mode: 0o600 })
    try {
      const { files } = await facts(snapshotOf({}, {}, { gateway: { tls: { keyPath: key } }, channels: { network: { tokenFile: '~/token', accounts: { b: { tokenFile: key } } } } }), {}, { vaultKeyFile: join(stateDir, 'no-key') })
      expect(files.find(({ role }) => role === 'tls-key')?.path).toBe(key)
      expect(files.filter(({ role }) => role === 'token-file' || role === 'vault-key')).toEqual([])
    } finally {
      rmSync(key)
    }
  })

  it('are none before the first start', async () => {
    rmSync(stateDir, { recursive: true })
    const { files, disk } = await facts({ ...snapshotOf({}, {}), exists: false })
    expect(files).toEqual([])
    expect(disk === null || disk.freeBytes > 0).toBe(true)
  })
})

describe('secrets', () => {
  it('are described and never included', async () => {
    const written = { gateway: { auth: { token } }, channels: { network: { webhookSecret: token, botToken: '${secret:bot}' } }, env: { vars: { TZ: 'Europe/Berlin', X_API_KEY: 'k-123456789' } } }
    const shown = { gateway: { auth: { token: '__MOLTBOT_REDACTED__' } }, channels: { network: { webhookSecret: '__MOLTBOT_REDACTED__', botToken: '${secret:bot}' } }, env: { vars: { TZ: '__MOLTBOT_REDACTED__', X_API_KEY: '__MOLTBOT_REDACTED__' } } }
    const found = await facts(snapshotOf(written, shown), { 'gateway.auth.token': token, 'gateway.auth.password': 'changeme', 'channels.network.botToken': 'from-the-vault' })
    expect(JSON.stringify(found)).not.toContain(token)
    expect(JSON.stringify(found)).not.toContain('from-the-vault')
    expect(found.config.plainSecrets).toEqual(['gateway.auth.token', 'channels.network.webhookSecret', 'env.vars.X_API_KEY'])
    expect(found.credentials).toMatchObject([
      { path: 'gateway.auth.token', from: 'plain', length: token.length, placeholder: false, sameAs: ['channels.network.webhookSecret'] },
      { path: 'channels.network.webhookSecret', from: 'plain', sameAs: ['gateway.auth.token'] },
      { path: 'env.vars.X_API_KEY', from: 'plain' },
      { path: 'channels.network.botToken', from: 'reference', length: 14 },
      { path: 'gateway.auth.password', from: 'elsewhere', placeholder: true },
    ])
  })

  it('are as old as the oldest kept text that has them', async () => {
    mkdirSync(join(stateDir, 'backups'))
    const at = (name: string, value: string, days: number): void => {
      writeFileSync(join(stateDir, name), `{ gateway: { auth: { token: "${value}" } } }`)
      utimesSync(join(stateDir, name), new Date(Date.now() - days * 86_400_000), new Date(Date.now() - days * 86_400_000))
    }
    at('moltbot.json', token, 1)
    at('backups/moltbot.json.1', token, 50)
    at('backups/moltbot.json.2', 'another', 70)
    const [credential] = (await facts(snapshotOf({ gateway: { auth: { token } } }, { gateway: { auth: { token: '***' } } }))).credentials
    expect(Math.round((Date.now() - (credential?.knownSince ?? 0)) / 86_400_000)).toBe(50)
  })

  it('are measured by variety, not length alone', () => {
    expect(bitsOf('a'.repeat(40))).toBe(0)
    expect(bitsOf('abcabcabcabcabcabcabcabc')).toBeLessThan(10)
    expect(bitsOf('0123456789abcdef'.split('').toSorted(() => 1).join('') + '8f3a61c0')).toBeGreaterThan(80)
    expect(bitsOf('')).toBe(0)
  })

  it.each(['changeme', '<your-token-here>', 'your-token', 'sk-ant-...', 'xxxx', 'password1', 'Moltbot', 'PASTE_TOKEN_HERE', 'my-secret'])('%s is a word from an example', (value) => {
    expect(isPlaceholder(value)).toBe(true)
  })
  it.each(['c81a30f29b5e', 'correct horse battery staple', 'sk-ant-api03-abcdef', 'tokenized-8271-river'])('%s is none', (value) => {
    expect(isPlaceholder(value)).toBe(false)
  })
})

describe('who listens', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0',
    '   1: 00000000:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 100 0 0 10 0',
    '   2: 0100007F:4965 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 100 0 0 10 0',
    '   3: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0',
  ].join('\n')

  it('is read from the kernel’s table: only listeners, only of the port', () => {
    expect(listenersIn(table, 18_789)).toEqual(['127.0.0.1', '0.0.0.0'])
    expect(listenersIn('0: 00000000000000000000000001000000:4965 0:0 0A', 18_789)).toEqual(['::1'])
    expect(listenersIn('0: 00000000000000000000000000000000:4965 0:0 0A', 18_789)).toEqual(['::'])
    expect(listenersIn('0: 0000000000000000FFFF00000100007F:4965 0:0 0A', 18_789)).toEqual(['127.0.0.1'])
    expect(listenersIn('0: B80D01200000000067452301EFCDAB89:4965 0:0 0A', 18_789)).toEqual(['2001:db8::123:4567:89ab:cdef'])
  })

  it('is read from what lsof says', () => {
    expect(namesIn('p12\nf3\nn127.0.0.1:18789\nf4\nn[::1]:18789\np13\nn*:18789\nn*:8080', 18_789)).toEqual(['127.0.0.1', '::1', '0.0.0.0'])
  })

  // The kernel's table exists on Linux only; the parsers above are tested everywhere.
  it.runIf(process.platform === 'linux')('is seen on this machine', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      expect((await facts(snapshotOf({}, {}), {}, { port })).listening).toEqual({ port, addresses: ['127.0.0.1'] })
    } finally {
      server.close()
    }
    expect((await facts(snapshotOf({}, {}), {}, { port })).listening).toEqual({ port, addresses: [] })
  })
})

describe('the look from outside', () => {
  it('tells of a server that serves strangers', async () => {
    const server = createServer((_, response) => response.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const deep = await lookFromOutside((server.address() as AddressInfo).port, false)
      expect(deep.reached).toBe(true)
      expect(deep.refusals.length).toBeGreaterThan(3)
      expect(deep.refusals.every(({ status }) => status === 200)).toBe(true)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('says why nobody answers', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await lookFromOutside(port, false)).toMatchObject({ reached: false, reason: expect.stringMatching(/ECONNREFUSED/), refusals: [] })
  })
})

it('the age of a device\'s token is that of the last one it was given', async () => {
  const clock = new FakeClock()
  const rooms = await fakeRooms({ clock })
  const credentials = { mark: (value: string) => value } as never
  const ages = async (): Promise<(number | null | undefined)[]> => (await facts(snapshotOf({}, {}), {}, { rooms, clock })).live?.devices.map(({ tokenAt }) => tokenAt) ?? []
  await rooms.devices.admitSilently({ deviceId: 'd', publicKey: 'k', clientId: 'cli', clientMode: 'backend' } as never, 'operator', ['operator.read'])
  expect(await ages()).toEqual([null])
  await rooms.devices.issueToken('d', 'operator', ['operator.read'], credentials)
  await clock.advance(1_000)
  await rooms.devices.issueToken('d', 'operator', ['operator.read'], credentials)
  expect(await ages()).toEqual([clock.now()])
  await rooms.devices.revokeToken('d', 'operator')
  expect(await ages()).toEqual([null])
})
