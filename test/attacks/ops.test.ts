import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, chownSync, cpSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Review, Severity } from '@moltbot/contract'
import { linkForTail } from '../../gateway/src/foundation/log/link-for-tail.ts'
import { offlineConfig, offlineReview } from '../../gateway/src/offline.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { createSpawnedGateway } from '../support/spawned-gateway.ts'
import { startTestGateway } from '../support/test-gateway.ts'

/** The scripts and the deployment under attack: the real scripts on real state directories, the review on what is on disk. */
let home: string
let state: string
let root: string
const kept = { home: process.env['HOME'], config: process.env['XDG_CONFIG_HOME'] }
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'moltbot-ops-'))
  state = join(home, '.moltbot')
  root = join(home, 'installation')
  mkdirSync(state, { mode: 0o700 })
  // The review without a gateway reads its own environment, as the command line does.
  process.env['HOME'] = home
  process.env['XDG_CONFIG_HOME'] = join(home, '.config')
})
afterEach(() => {
  for (const [name, value] of [['HOME', kept.home], ['XDG_CONFIG_HOME', kept.config]] as const) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  rmSync(home, { recursive: true, force: true })
})

const asRoot = process.getuid?.() === 0
const token = '5f0c9e1b7a3d48264be1906df7c2a85d93e470b6182fca5d0e9b37641cd8a2f5'
const put = (name: string, text: string, mode = 0o600): string => {
  const path = join(state, name)
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
  return path
}
const folder = (name: string, mode = 0o700): string => {
  mkdirSync(join(state, name), { recursive: true, mode })
  chmodSync(join(state, name), mode)
  return join(state, name)
}
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const merged = (base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> => Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => {
  const [before, after] = [base[key], over[key]]
  return [key, isObject(before) && isObject(after) ? merged(before, after) : key in over ? after : before]
}))
/** A sound configuration with these changes, in the state directory. */
const config = (changes: Record<string, unknown> = {}, mode = 0o600): string => put('moltbot.json', JSON.stringify(merged({ gateway: { auth: { mode: 'token', token } } }, changes)), mode)
const telegram = (changes: Record<string, unknown>, beside: Record<string, unknown> = {}): void => {
  put('secrets.env', 'export TELEGRAM_BOT_TOKEN="123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"\n')
  config({ ...beside, channels: { telegram: { botToken: '${TELEGRAM_BOT_TOKEN}', ...changes } } })
}

interface Ran { code: number; out: string }
/** A script of an installation of its own, where nothing is built. */
function run(script: string, { environment = {}, as }: { environment?: Record<string, string>; as?: number } = {}): Promise<Ran> {
  if (!existsSync(root)) {
    mkdirSync(join(root, 'scripts'), { recursive: true })
    for (const name of ['audit-lines.sh', 'quick-audit.sh', 'security-audit.sh', 'judge-containers.mjs', 'secure-permissions.sh']) cpSync(join(projectRoot, 'scripts', name), join(root, 'scripts', name))
  }
  return new Promise((resolve) => execFile('bash', [join(root, 'scripts', script)], {
    cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home, MOLTBOT_STATE_DIR: state, NO_COLOR: '1', ...environment }, ...(as === undefined ? {} : { uid: as, gid: as }),
  }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })))
}
const look = (): Promise<Review> => offlineReview(state, { deep: false, quick: false } as never)

const day = 86_400_000
/** Each has one flaw. `finds`: the check that must tell of it, and how grave it must call it. */
const badStates: [what: string, finds: string, severity: Severity, make: () => void, needsRoot?: 'root'][] = [
  ['no secret at all', 'gateway.loopback_no_auth', 'critical', () => void put('moltbot.json', '{gateway: {}}')],
  ['an empty token', 'gateway.loopback_no_auth', 'critical', () => void config({ gateway: { auth: { token: '' } } })],
  ['a placeholder as token', 'gateway.token_placeholder_value', 'critical', () => void config({ gateway: { auth: { token: 'changeme' } } })],
  ['the guide\'s own placeholder', 'gateway.token_placeholder_value', 'critical', () => void config({ gateway: { auth: { token: '<your-token-here>' } } })],
  ['"undefined" as token', 'gateway.token_placeholder_value', 'critical', () => void config({ gateway: { auth: { token: 'undefined' } } })],
  ['a short token', 'gateway.token_too_short', 'warn', () => void config({ gateway: { auth: { token: 'k3v9x2m1q8' } } })],
  ['a short password', 'gateway.password_too_short', 'warn', () => void put('moltbot.json', JSON.stringify({ gateway: { auth: { mode: 'password', password: 'kv9x' } } }))],
  ['a password in the file', 'config.secrets.gateway_password_in_config', 'warn', () => void put('moltbot.json', JSON.stringify({ gateway: { auth: { mode: 'password', password: 'correct horse battery staple 77' } } }))],
  ['a token used twice', 'gateway.token_reused', 'critical', () => void config({ hooks: { token } , gateway: { remote: { token } } })],
  ['a token as old as the year', 'gateway.token_age', 'warn', () => {
    const text = readFileSync(config(), 'utf8')
    folder('backups')
    const old = put('backups/moltbot.json.1', text)
    utimesSync(old, new Date(Date.now() - 400 * day), new Date(Date.now() - 400 * day))
  }],
  ['the network without TLS', 'gateway.bind_no_tls', 'critical', () => void config({ gateway: { bind: 'lan' } })],
  ['every address by hand', 'gateway.bind_no_tls', 'critical', () => void config({ gateway: { bind: 'custom', customBindHost: '0.0.0.0' } })],
  ['the network without a secret', 'gateway.bind_no_auth', 'critical', () => void put('moltbot.json', '{gateway: {bind: "lan"}}')],
  ['a proxy that is the whole world', 'gateway.trusted_proxies_broad', 'critical', () => void config({ gateway: { trustedProxies: ['0.0.0.0/0'] } })],
  ['a proxy that is a large network', 'gateway.trusted_proxies_broad', 'critical', () => void config({ gateway: { trustedProxies: ['10.0.0.0/8'] } })],
  ['every page may connect', 'gateway.control_ui.allowed_origins_wildcard', 'critical', () => void config({ gateway: { controlUi: { allowedOrigins: ['*'] } } })],
  ['a page without encryption may connect', 'gateway.control_ui.allowed_origins_insecure', 'warn', () => void config({ gateway: { controlUi: { allowedOrigins: ['http://far.example'] } } })],
  ['devices without identity', 'gateway.control_ui.device_auth_disabled', 'critical', () => void config({ gateway: { controlUi: { dangerouslyDisableDeviceAuth: true } } })],
  ['the page without encryption', 'gateway.control_ui.insecure_auth', 'warn', () => void config({ gateway: { controlUi: { allowInsecureAuth: true } } })],
  ['half a certificate', 'gateway.tls_incomplete', 'critical', () => void config({ gateway: { tls: { enabled: true, certPath: '/nowhere/cert.pem' } } })],
  ['open to the internet', 'gateway.tailscale_funnel', 'critical', () => void config({ gateway: { tailscale: { mode: 'funnel' } } })],
  ['another gateway without encryption', 'gateway.remote_plain', 'warn', () => void config({ gateway: { remote: { url: 'ws://far.example:18789' } } })],
  ['no limit on guesses', 'gateway.auth_no_rate_limit', 'warn', () => void config({ gateway: { bind: 'lan', auth: { rateLimit: { maxAttempts: 100_000 } } } })],
  ['redaction off', 'logging.redact_off', 'warn', () => void config({ logging: { redactSensitive: 'off' } })],
  ['a switch called dangerous', 'config.insecure_or_dangerous_flags', 'warn', () => void config({ tools: { exec: { dangerouslyAllowAll: true } } })],
  ['a misspelt key', 'config.unknown_keys', 'warn', () => void config({ gateway: { bnid: 'loopback' } })],
  ['a wrong value', 'config.invalid', 'warn', () => void config({ gateway: { port: 'many' } })],
  ['no JSON5', 'config.unreadable', 'critical', () => void put('moltbot.json', '{gateway: ')],
  ['a key of a provider in the file', 'config.secrets.plain', 'warn', () => void config({ models: { providers: { openai: { apiKey: 'sk-proj-4f9a8c7b6d5e4f3a2b1c0d9e' } } } })],
  ['strangers may write', 'channels.dm.open', 'critical', () => telegram({ dmPolicy: 'open', allowFrom: ['*'] })],
  ['"open" that is not', 'channels.dm.open_invalid', 'warn', () => telegram({ dmPolicy: 'open' })],
  ['a list of nobody', 'channels.dm.allowlist_empty', 'warn', () => telegram({ dmPolicy: 'allowlist', allowFrom: [] })],
  ['any group', 'channels.groups.open', 'critical', () => telegram({ groupPolicy: 'open' })],
  ['every group by a star', 'channels.groups.wildcard', 'warn', () => telegram({ groups: { '*': {} } })],
  ['everybody in groups', 'channels.groups.allow_from_wildcard', 'critical', () => telegram({ groupAllowFrom: ['*'] })],
  ['names that anybody can take', 'channels.allow_from.mutable_entries_inert', 'warn', () => telegram({ allowFrom: ['@anna'] })],
  ['a crowd', 'channels.allow_from.large', 'warn', () => telegram({ allowFrom: Array.from({ length: 200 }, (_, index) => 1000 + index) })],
  ['everybody is the owner', 'channels.owner_wildcard', 'critical', () => void config({ commands: { ownerAllowFrom: ['telegram:*'] } })],
  ['a webhook without a secret', 'channels.webhook.no_secret', 'critical', () => telegram({ webhookUrl: 'https://bot.example/hook' })],
  ['a bot server without encryption', 'channels.address_insecure', 'critical', () => telegram({ apiRoot: 'http://far.example' })],
  ['one conversation for many people', 'channels.dm.scope_main_multiuser', 'warn', () => telegram({ allowFrom: ['1', '2', '3'] }, { session: { dmScope: 'main' } })],
  ['a provider without encryption', 'models.base_url_insecure', 'warn', () => void config({ models: { providers: { mine: { baseUrl: 'http://far.example/v1', api: 'openai-completions', models: [{ id: 'm' }] } } } })],
  ['a retired model', 'models.legacy', 'warn', () => void config({ agents: { defaults: { model: { primary: 'openai/gpt-3.5-turbo' } } } })],
  ['a tiny model', 'models.small_params', 'warn', () => void config({ agents: { defaults: { model: { primary: 'ollama/llama-4-3b' } } } })],
  ['a configuration others read', 'fs.config.perms_world_readable', 'critical', () => void config({}, 0o644)],
  ['a configuration a group reads', 'fs.config.perms_group_readable', 'warn', () => void config({}, 0o640)],
  ['a configuration others change', 'fs.config.perms_writable', 'critical', () => void config({}, 0o666)],
  ['a configuration that is a link', 'fs.config.symlink', 'warn', () => {
    const elsewhere = join(home, 'elsewhere.json')
    writeFileSync(elsewhere, JSON.stringify({ gateway: { auth: { token } } }), { mode: 0o600 })
    symlinkSync(elsewhere, join(state, 'moltbot.json'))
  }],
  ['a state directory others read', 'fs.state_dir.perms_readable', 'warn', () => { config(); chmodSync(state, 0o755) }],
  ['a state directory a group changes', 'fs.state_dir.perms_group_writable', 'warn', () => { config(); chmodSync(state, 0o770) }],
  ['a state directory everybody changes', 'fs.state_dir.perms_world_writable', 'critical', () => { config(); chmodSync(state, 0o777) }],
  ['credentials others read', 'fs.credentials_dir.perms_readable', 'warn', () => { config(); folder('credentials', 0o755) }],
  ['credentials others change', 'fs.credentials_dir.perms_writable', 'critical', () => { config(); folder('credentials', 0o777) }],
  ['secrets.env others read', 'fs.secrets_env.perms', 'critical', () => { config(); put('secrets.env', 'A="1"\n', 0o640) }],
  ['secrets.env with a command', 'secrets.env_invalid', 'critical', () => { config(); put('secrets.env', 'A="$(touch /tmp/never)"\n') }],
  ['conversations others read', 'fs.sessions_store.perms_readable', 'warn', () => { config(); folder('sessions', 0o755) }],
  ['a log others read', 'fs.log_file.perms_readable', 'warn', () => { config(); folder('logs'); put('logs/gateway.log', '{}\n', 0o644) }],
  ['copies others read', 'fs.config_copy.perms', 'critical', () => { config(); put('moltbot.json.last-good', readFileSync(join(state, 'moltbot.json'), 'utf8'), 0o644) }],
  ['backups others read', 'fs.backups.perms', 'warn', () => { config(); folder('backups', 0o755) }],
  ['an included file others read', 'fs.config_include.perms_world_readable', 'critical', () => { put('moltbot.json', `{$include: "more.json", gateway: {auth: {token: "${token}"}}}`); put('more.json', '{}', 0o644) }],
  ['an included file others change', 'fs.config_include.perms_writable', 'critical', () => { put('moltbot.json', `{$include: "more.json", gateway: {auth: {token: "${token}"}}}`); put('more.json', '{}', 0o666) }],
  ['other files others read', 'fs.state_files.perms', 'warn', () => { config(); put('something.json', '{}', 0o644) }],
  ['a token file others read', 'fs.token_file.perms', 'warn', () => { const file = put('bot.token', '123:abc', 0o644); telegram({ tokenFile: file }) }],
  ['a private key others read', 'fs.tls_key.perms', 'critical', () => {
    const key = put('key.pem', 'x', 0o644)
    config({ gateway: { tls: { enabled: true, certPath: key, keyPath: key } } })
  }],
  ['a workspace others change', 'fs.workspace.perms_writable', 'critical', () => { config(); folder('workspace', 0o777) }],
  ['a workspace that leads out', 'fs.workspace.symlink_escape', 'warn', () => { config(); folder('workspace'); symlinkSync('/etc', join(state, 'workspace', 'AGENTS.md')) }],
  ['a key of the vault others read', 'fs.vault_key.perms', 'critical', () => {
    config()
    mkdirSync(join(home, '.config', 'moltbot'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, '.config', 'moltbot', 'vault.key'), Buffer.alloc(32, 7).toString('base64'), { mode: 0o644 })
    chmodSync(join(home, '.config', 'moltbot', 'vault.key'), 0o644)
  }],
  ['a vault that cannot be read', 'vault.unusable', 'critical', () => { config(); folder('credentials'); put('credentials/vault.json', 'not a vault') }],
  ['a file of somebody else', 'fs.foreign_owner', 'critical', () => { config(); chownSync(put('secrets.env', ''), 54321, 54321) }, 'root'],
]

describe('OPS-01: sixty bad states', () => {
  it('are at least sixty', () => expect(badStates.length).toBeGreaterThanOrEqual(60))

  it.each(badStates)('%s: the review tells of %s, %s', async (what, finds, severity, make, needs) => {
    if (needs === 'root' && !asRoot) return
    make()
    const review = await look()
    const found = review.findings.filter((finding) => finding.check === finds)
    expect(found.map((finding) => finding.severity), `${what}: ${review.findings.map((finding) => finding.check).join(' ')}`).toContain(severity)
    expect(found[0]?.remedy).not.toBe('')
    // Nothing graver is made up beside it, but what follows from the same flaw
    // (an address of the network has no encryption in any of these).
    if (severity !== 'critical') expect(review.findings.filter((finding) => finding.severity === 'critical' && finding.check !== 'gateway.bind_no_tls').map((finding) => finding.check), what).toEqual([])
  }, 60_000)

  it('twin: a review that asks one question less misses the state that question is for', async () => {
    config({}, 0o644)
    const review = await look()
    const blind = { ...review, findings: review.findings.filter((finding) => finding.check !== 'fs.config.perms_world_readable') }
    expect(blind.findings.filter((finding) => finding.severity === 'critical')).toEqual([])
    expect(review.findings.filter((finding) => finding.severity === 'critical')).not.toEqual([])
  })

  it.each<[string, object, string]>([
    ['a port for everybody', { ports: [{ published: '18789', target: 18789 }] }, 'publishes every address:18789'],
    ['a port of the network in a second file', { ports: [{ published: '18789', host_ip: '0.0.0.0' }] }, 'publishes 0.0.0.0:18789'],
    ['the host\'s network', { network_mode: 'host' }, 'uses the network of the host'],
    ['the socket under its own name', { volumes: [{ type: 'bind', source: '/var/run/docker.sock', target: '/x' }] }, 'that is root on this machine'],
    ['the socket under another name inside', { volumes: [{ type: 'bind', source: '/srv/s', target: '/var/run/docker.sock' }] }, 'that is root on this machine'],
    ['a way to the engine by its address', { environment: { DOCKER_HOST: 'tcp://10.0.0.1:2375' } }, 'is told of DOCKER_HOST'],
    ['a secret in its environment', { environment: { ANTHROPIC_API_KEY: 'sk-ant-x' } }, 'has ANTHROPIC_API_KEY in its environment'],
    ['all privileges', { privileged: true }, 'is privileged'],
    ['the disk', { volumes: [{ type: 'bind', source: '/' }] }, 'has / of this machine'],
  ])('a container with %s is found by both scripts', async (_, service, sentence) => {
    config()
    for (const script of ['quick-audit.sh', 'security-audit.sh']) {
      const ran = await run(script, { environment: dockerThatSays({ gateway: { user: '1000', ...service } }) })
      expect(ran.out).toContain(sentence)
      expect(ran.code).toBe(1)
    }
  }, 60_000)

  it('the socket behind a link is found', async () => {
    config()
    const real = join(home, 'docker.sock')
    writeFileSync(real, '')
    symlinkSync(real, join(home, 'harmless'))
    const ran = await run('quick-audit.sh', { environment: dockerThatSays({ gateway: { user: '1000', volumes: [{ type: 'bind', source: join(home, 'harmless'), target: '/s' }] } }) })
    expect(ran.out).toContain('that is root on this machine')
    expect(ran.code).toBe(1)
  })

  it('a secret that was committed and taken out again is found', async () => {
    config()
    await run('quick-audit.sh')
    const git = (...words: string[]): Promise<void> => new Promise((resolve, reject) => execFile('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words], (error) => (error === null ? resolve() : reject(error))))
    await git('init', '-q')
    writeFileSync(join(root, 'secrets.env'), 'A=1')
    await git('add', '-f', 'secrets.env')
    await git('commit', '-qm', 'oops')
    await git('rm', '-q', 'secrets.env')
    await git('commit', '-qm', 'gone')
    const ran = await run('security-audit.sh')
    expect(ran.out).toContain('✗ In the history of version control: secrets.env')
    expect(ran.code).toBe(1)
  })
})

/** A `docker` that answers as Docker Compose does for any file it is shown. */
function dockerThatSays(services: object): Record<string, string> {
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  mkdirSync(root, { recursive: true })
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\ncase "$*" in *version*) exit 0 ;; *config*) cat <<'TXT'\n${JSON.stringify({ services })}\nTXT\n ;; esac\n`, { mode: 0o755 })
  mkdirSync(join(root, 'scripts'), { recursive: true })
  for (const name of ['audit-lines.sh', 'quick-audit.sh', 'security-audit.sh', 'judge-containers.mjs']) cpSync(join(projectRoot, 'scripts', name), join(root, 'scripts', name))
  writeFileSync(join(root, 'docker-compose.prod.yml'), 'services: {}\n')
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
}

const goodStates: [what: string, make: () => void][] = [
  ['nothing at all', () => rmSync(state, { recursive: true })],
  ['an empty state directory', () => undefined],
  ['a configuration as it is made', () => void config()],
  ['with everything tidy beside it', () => { config(); put('secrets.env', 'export TELEGRAM_BOT_TOKEN="123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"\n'); folder('credentials'); folder('sessions'); folder('logs'); folder('workspace'); folder('backups') }],
  ['a bot with a list', () => telegram({ dmPolicy: 'allowlist', allowFrom: ['1001', 1002] })],
  ['a bot that pairs', () => telegram({ dmPolicy: 'pairing', groups: { '-1001': { requireMention: true } } })],
  ['an owner by id', () => void config({ commands: { ownerAllowFrom: ['telegram:1001'] } })],
  ['a token from the environment file', () => { put('moltbot.json', '{gateway: {auth: {mode: "token"}}}'); put('secrets.env', `export MOLTBOT_GATEWAY_TOKEN="${token}"\n`) }],
  ['another port and stricter log', () => void config({ gateway: { port: 18999 }, logging: { redactSensitive: 'all' } })],
  ['TLS with a certificate of its own making', () => void config({ gateway: { tls: { enabled: true } } })],
  ['the network behind that', () => void config({ gateway: { bind: 'lan', tls: { enabled: true } } })],
  ['a proxy by its address', () => void config({ gateway: { trustedProxies: ['127.0.0.1'] } })],
]

describe('OPS-02: good states, ten and more', () => {
  it.each(goodStates)('%s: nothing critical, and both scripts end with 0', async (_, make) => {
    make()
    const review = await look()
    expect(review.findings.filter((finding) => finding.severity === 'critical')).toEqual([])
    for (const script of ['quick-audit.sh', 'security-audit.sh']) {
      const ran = await run(script)
      expect(ran.code, ran.out).toBe(0)
      expect(ran.out).toContain('✅ All critical checks passed')
    }
  }, 60_000)

  it('nor is there anything on a gateway that runs', async () => {
    const at = await startTestGateway({ telegram: false })
    try {
      const client = await at.connect()
      const review = await client.request('security.audit', { deep: true }) as unknown as Review
      expect(review.findings.filter((finding) => finding.severity === 'critical').map((finding) => `${finding.check}: ${finding.evidence}`)).toEqual([])
    } finally {
      await at.close()
    }
  }, 60_000)
})

/** Everything below a folder: kind, modes, times, contents. */
function picture(folder: string): string {
  const lines: string[] = []
  const walk = (path: string): void => {
    const stat = lstatSync(path)
    lines.push(`${path} ${stat.mode} ${stat.uid} ${stat.mtimeMs} ${stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : stat.isSymbolicLink() ? readlinkSync(path) : ''}`)
    if (stat.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name))
  }
  walk(folder)
  return lines.toSorted().join('\n')
}

describe('OPS-03: the audit changes nothing and guesses nothing', () => {
  const hostile = (): void => {
    config()
    for (const name of ['a\nb', '$(touch pwned)', '-rf', '`id`', 'ü\u202e', '; rm x', '*']) put(name, 'x')
    folder('sessions')
    symlinkSync('/etc/passwd', join(state, 'link'))
  }

  it('also among hostile names, with and without help of the system', async () => {
    hostile()
    const before = picture(state)
    await look()
    const bare = join(home, 'bare')
    mkdirSync(bare)
    for (const name of ['bash', 'stat', 'id', 'sed', 'awk', 'dirname', 'cat', 'tr', 'grep', 'printf', 'env', 'sort']) {
      const found = ['/usr/bin', '/bin'].map((place) => join(place, name)).find((path) => existsSync(path))
      if (found !== undefined) symlinkSync(found, join(bare, name))
    }
    for (const script of ['quick-audit.sh', 'security-audit.sh']) {
      expect((await run(script)).code).toBe(0)
      const alone = await run(script, { environment: { PATH: bare } })
      // No ss, no lsof, no netstat, no node, no docker: what cannot be seen is said, and not called good.
      expect(alone.out).toContain('This system does not say who listens')
      expect(alone.out).not.toContain('✅ Ports are bound to localhost')
    }
    expect(picture(state)).toBe(before)
    expect(readdirSync(home)).not.toContain('pwned')
  }, 60_000)

  // Being another user needs root.
  it.skipIf(!asRoot)('says as another user that it may not look, and does not call that good', async () => {
    config()
    chmodSync(home, 0o755)
    await run('quick-audit.sh')
    const ran = await run('quick-audit.sh', { as: 65_534 })
    expect(ran.out).not.toContain('✅ Only its owner can read the configuration')
    expect(ran.code).toBe(1)
  })
})

describe('OPS-04: modes are set and links not followed', () => {
  const outside = (): string => {
    const path = join(home, 'outside')
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'file'), 'x', { mode: 0o644 })
    chmodSync(join(path, 'file'), 0o644)
    return path
  }
  const modeOf = (path: string): number => statSync(path).mode & 0o777

  it('links to files and folders, and second names, stay as they are and are told', async () => {
    const other = outside()
    config({}, 0o644)
    symlinkSync(join(other, 'file'), join(state, 'link'))
    symlinkSync(other, join(state, 'linked'))
    symlinkSync('/etc', join(state, 'etc'))
    linkSync(join(other, 'file'), join(state, 'second'))
    const ran = await run('secure-permissions.sh')
    expect(modeOf(join(other, 'file'))).toBe(0o644)
    expect(modeOf('/etc')).toBe(0o755)
    expect(modeOf(join(state, 'moltbot.json'))).toBe(0o600)
    expect(ran.out).toContain('has a second name elsewhere and was left as it is')
    expect(ran.code).toBe(1)
  })

  it('odd names are handled, a second run changes nothing, a state directory that is a link is refused', async () => {
    const names = ['a\nb', '$(touch pwned)', '-rf', ' ', '\u202eb']
    for (const name of names) put(name, 'x', 0o666)
    folder('deep/er', 0o777)
    const first = await run('secure-permissions.sh')
    expect(first.code).toBe(0)
    for (const name of names) expect(modeOf(join(state, name)), name).toBe(0o600)
    expect(modeOf(join(state, 'deep/er'))).toBe(0o700)
    // One change, one line, and the total: a name cannot forge another.
    expect(first.out.trim().split('\n').length).toBe(names.length + 3)
    expect((await run('secure-permissions.sh')).out.trim()).toBe('All permissions already secure')
    symlinkSync(state, join(home, 'link-to-state'))
    expect(await run('secure-permissions.sh', { environment: { MOLTBOT_STATE_DIR: join(home, 'link-to-state') } })).toMatchObject({ code: 1 })
  })

  it('files that come and go meanwhile are no obstacle, nor are thousands', async () => {
    folder('many')
    for (let index = 0; index < 1_500; index += 1) put(`many/${index}`, 'x', index % 3 === 0 ? 0o644 : 0o600)
    let going = true
    const coming = (async () => {
      for (let index = 0; going; index += 1) {
        const path = join(state, 'many', `temporary-${index}`)
        writeFileSync(path, 'x', { mode: 0o644 })
        await new Promise((resolve) => setImmediate(resolve))
        unlinkSync(path)
      }
    })()
    const ran = await run('secure-permissions.sh')
    going = false
    await coming
    expect(ran.code, ran.out.slice(-500)).toBe(0)
    expect(readdirSync(join(state, 'many')).filter((name) => modeOf(join(state, 'many', name)) !== 0o600)).toEqual([])
  }, 60_000)

  // Giving a file to somebody else needs root.
  it.skipIf(!asRoot)('what belongs to somebody else is told', async () => {
    chmodSync(home, 0o755)
    chownSync(state, 65_534, 65_534)
    chownSync(put('theirs', 'x', 0o644), 54_321, 54_321)
    await run('secure-permissions.sh')
    chmodSync(put('theirs', 'x', 0o644), 0o644)
    const ran = await run('secure-permissions.sh', { as: 65_534 })
    expect(ran.out).toContain('belongs to somebody else')
    expect(ran.code).toBe(1)
  })
})

describe('OPS-05: a token is rotated whole or not at all', () => {
  const rotation = join(projectRoot, 'scripts', 'rotate-gateway-token.mjs')
  const rotate = (): Promise<Ran> => new Promise((resolve) => execFile(process.execPath, [rotation], { env: { PATH: process.env['PATH'] ?? '', HOME: home }, cwd: home }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })))

  it('comments stay, the old one is gone from the file, the new one is shown once and stands in no log or second file', async () => {
    put('moltbot.json', `{\n  // mine\n  gateway: { auth: { mode: "token", token: "${token}" } }, // the door\n}\n`)
    put('secrets.env', `# keys\nexport MOLTBOT_GATEWAY_TOKEN="${token}"\nexport A="b"\n`)
    const ran = await rotate()
    expect(ran.code, ran.out).toBe(0)
    const text = readFileSync(join(state, 'moltbot.json'), 'utf8')
    const fresh = /token: "([0-9a-f]{64})"/.exec(text)?.[1] ?? ''
    expect(fresh).not.toBe('')
    expect(text).toContain('// mine')
    expect(text).toContain('// the door')
    expect(text).not.toContain(token)
    expect(ran.out.split(fresh).length - 1).toBe(1)
    expect(ran.out).not.toContain(token)
    expect(readFileSync(join(state, 'secrets.env'), 'utf8')).toBe(`# keys\nexport MOLTBOT_GATEWAY_TOKEN="${fresh}"\nexport A="b"\n`)
    for (const name of readdirSync(state).filter((one) => statSync(join(state, one)).isFile())) expect(statSync(join(state, name)).mode & 0o077, name).toBe(0)
  }, 60_000)

  it('killed at any moment, the old or the new one stands there whole', async () => {
    const seen = new Set<string>()
    for (const after of [30, 120, 200, 260, 320, 380, 450, 550]) {
      put('moltbot.json', `{ gateway: { auth: { mode: "token", token: "${token}" } } }`)
      const child = spawn(process.execPath, [rotation], { env: { PATH: process.env['PATH'] ?? '', HOME: home }, cwd: home, stdio: 'ignore' })
      const gone = new Promise((resolve) => child.once('exit', resolve))
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, after))])
      child.kill('SIGKILL')
      await gone
      const now = await offlineConfig(state)
      const found = /token: "([0-9a-f]{64})"/.exec(readFileSync(now.file, 'utf8'))?.[1]
      expect(found).toBeDefined()
      seen.add(found === token ? 'old' : 'new')
    }
    expect([...seen].every((one) => one === 'old' || one === 'new')).toBe(true)
  }, 180_000)
})

describe('OPS-06: secrets.env is data', () => {
  it.each([
    ['a command', 'export A="$(touch PWNED)"'], ['backticks', 'A=`touch PWNED`'], ['a variable', 'A="$HOME"'], ['two commands', 'A=1; touch PWNED'], ['a function', 'A() { touch PWNED; }'], ['no assignment', 'touch PWNED'], ['an unclosed quote', 'A="x'],
  ])('%s is not run, and the file is not used', async (_, line) => {
    config()
    put('secrets.env', `${line.replaceAll('PWNED', join(home, 'pwned'))}\n`)
    const review = await look()
    expect(review.findings.map((finding) => finding.check)).toContain('secrets.env_invalid')
    expect(existsSync(join(home, 'pwned'))).toBe(false)
  })

  it('the start script hands it to no shell', () => {
    for (const name of readdirSync(join(projectRoot, 'scripts')).filter((one) => one.endsWith('.sh'))) {
      const text = readFileSync(join(projectRoot, 'scripts', name), 'utf8')
      expect(text, name).not.toMatch(/(?:^|[;&|]\s*|\s)(?:\.|source|eval)\s+[^\n]*secrets\.env/)
    }
  })

  it('lines of Windows, quotes and exports are read', async () => {
    put('moltbot.json', '{gateway: {auth: {mode: "token"}}}')
    put('secrets.env', `# a note\r\nexport MOLTBOT_GATEWAY_TOKEN="${token}"\r\nB='$(not run)'\r\n`)
    expect((await look()).findings.filter((finding) => finding.severity === 'critical')).toEqual([])
  })

  it('one that others can change, or that belongs to somebody else, is refused', async () => {
    config()
    put('secrets.env', 'A="1"\n', 0o666)
    expect((await look()).findings.filter((finding) => finding.check === 'secrets.env_invalid').map((finding) => finding.evidence).join()).toMatch(/can be changed by others/)
  })
})

it('OPS-07: no secret stands in the environment or the arguments of the gateway, nor of what it starts', async () => {
  const canaries = { key: 'sk-ant-CANARY-51fb3a-one', bot: '123456789:CANARYtwo51fb3aAAbbCCddEEffGGhhIIj' }
  const at = await createSpawnedGateway({ gateway: { auth: { mode: 'token', token } }, channels: { telegram: { apiRoot: 'http://127.0.0.1:9' } } })
  try {
    writeFileSync(join(at.stateDir, 'secrets.env'), `export ANTHROPIC_API_KEY="${canaries.key}"\nexport TELEGRAM_BOT_TOKEN="${canaries.bot}"\n`, { mode: 0o600 })
    await at.start()
    const family = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
      try {
        return Number(pid) === at.pid || readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(at.pid)
      } catch {
        // It ended between the list and the look.
        return false
      }
    })
    expect(family).toContain(String(at.pid))
    for (const pid of family) {
      const shown = readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      for (const secret of [...Object.values(canaries), token]) expect(shown.includes(secret), `process ${pid}`).toBe(false)
    }
  } finally {
    await at.stop()
    at.remove()
  }
}, 60_000)

describe('OPS-08: the compose file', () => {
  const text = readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8')
  const dockerfile = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8')

  it('takes everything away that the gateway does not need', () => {
    for (const line of ['user: "10001:10001"', 'read_only: true', 'cap_drop: ["ALL"]', 'security_opt: ["no-new-privileges:true"]', 'pids_limit: 256', 'mem_limit: 1g', 'cpus: 2.0', '"127.0.0.1:18789:18789"', 'networks: ["outward"]', 'healthcheck:']) expect(text).toContain(line)
    expect(text).toMatch(/tmpfs:\n\s+- \/tmp:.*noexec.*nosuid.*nodev/)
    expect(text).not.toMatch(/privileged|network_mode|pid:\s*host|ipc:\s*host|cap_add|docker\.sock|unconfined/)
    expect(text).not.toMatch(/^\s+environment:/m)
    expect([...text.matchAll(/"(?:[\d.]+:)?\d+:\d+"/g)].map((found) => found[0]).filter((port) => port !== '"10001:10001"')).toEqual(['"127.0.0.1:18789:18789"'])
  })

  it('runs as nobody special, from an image without a package manager', () => {
    expect(dockerfile.trim().split('\n').findLast((line) => line.startsWith('USER'))).toBe('USER 10001:10001')
    expect(dockerfile).toContain('rm -rf /usr/local/lib/node_modules')
    expect(dockerfile).toMatch(/HEALTHCHECK .*CMD \["node", "bin\/moltbot", "health"\]/)
    expect(dockerfile).not.toMatch(/^(?:ADD http|ENV .*(?:TOKEN|KEY|SECRET))/m)
  })

  it('passes its own audit', async () => {
    config()
    const ran = await run('quick-audit.sh', { environment: dockerThatSays({ 'moltbot-gateway': { user: '10001:10001', ports: [{ published: '18789', target: 18789, host_ip: '127.0.0.1' }], volumes: [{ type: 'volume', source: 'moltbot-state', target: '/home/moltbot/.moltbot' }] } }) })
    expect(ran.out).not.toMatch(/[✗⚠]/)
    expect(ran.code).toBe(0)
  })
})

describe('OPS-09: loopback in a container', () => {
  const answers = (host: string, port: number): Promise<number | undefined> => new Promise((resolve) => {
    const request = get({ host, port, path: '/readyz', rejectUnauthorized: false, timeout: 2_000 }, (response) => { response.resume(); resolve(response.statusCode) })
    request.on('error', () => resolve(undefined))
    request.on('timeout', () => { request.destroy(); resolve(undefined) })
  })

  it('a wider bind without encryption ends at once with what to do; with it, it answers as the compose file needs', async () => {
    const plain = await createSpawnedGateway({ gateway: { bind: 'lan', auth: { mode: 'token', token } } })
    try {
      const { code, output } = await plain.run()
      expect(code).not.toBe(0)
      expect(output).toMatch(/gateway\.tls/)
    } finally {
      plain.remove()
    }
    const sealed = await createSpawnedGateway({ gateway: { bind: 'lan', tls: { enabled: true }, auth: { mode: 'token', token } } })
    try {
      sealed.launch()
      let status: number | undefined
      for (const until = Date.now() + 30_000; status !== 200 && Date.now() < until;) status = await answers('127.0.0.1', sealed.port)
      expect(status).toBe(200)
      // What the container's health check runs.
      expect((await sealed.cli(['health'])).code).toBe(0)
    } finally {
      await sealed.stop()
      sealed.remove()
    }
  }, 180_000)
})

describe('OPS-10: backup and restore as documented', () => {
  it('what is packed comes back below HOME and nowhere else, with its modes, and the gateway\'s files are whole', async () => {
    const page = readFileSync(join(projectRoot, 'docs/operator-workflow.md'), 'utf8')
    const backup = /^(tar czf - .*)\| gpg/m.exec(page)?.[1] ?? ''
    const restore = /gpg .*-d .*\| (tar x.*)$/m.exec(page)?.[1] ?? ''
    expect(backup).toContain('-C ~ .moltbot')
    expect(restore).toContain('-C ~')
    expect(restore).not.toMatch(/-C \/(?:\s|$)/)
    config()
    put('secrets.env', 'A="1"\n')
    mkdirSync(join(home, '.config', 'moltbot'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, '.config', 'moltbot', 'vault.key'), 'k', { mode: 0o600 })
    const before = picture(state)
    const shell = (line: string): Promise<void> => new Promise((resolve, reject) => execFile('bash', ['-euo', 'pipefail', '-c', line], { cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home } }, (error, _, stderr) => (error === null ? resolve() : reject(new Error(stderr)))))
    await shell(`${backup} > backup.tar.gz`)
    rmSync(state, { recursive: true })
    await shell(`${restore} < backup.tar.gz`)
    expect(picture(state).replaceAll(/ \d+(?:\.\d+)? (?=[0-9a-f]*$)/gm, ' ')).toBe(before.replaceAll(/ \d+(?:\.\d+)? (?=[0-9a-f]*$)/gm, ' '))
    expect(statSync(join(home, '.config', 'moltbot', 'vault.key')).mode & 0o777).toBe(0o600)
  })
})

it('OPS-12: a link, file or folder that waits at the log\'s well-known place is neither followed nor replaced', () => {
  const log = put('gateway.log', 'x')
  const places = ['link', 'file', 'folder', 'dangling', 'pipe'].map((kind) => join(home, `${kind}.log`)) as [string, string, string, string, string]
  const victim = join(home, 'victim')
  writeFileSync(victim, 'mine')
  symlinkSync(victim, places[0])
  writeFileSync(places[1], 'theirs')
  mkdirSync(places[2])
  symlinkSync(join(home, 'nowhere'), places[3])
  linkSync(victim, places[4])
  for (const place of places) expect(linkForTail(log, place), place).toBe('occupied')
  appendFileSync(log, 'a line\n')
  expect(readFileSync(victim, 'utf8')).toBe('mine')
  expect(readFileSync(places[1], 'utf8')).toBe('theirs')
  expect(existsSync(join(home, 'nowhere'))).toBe(false)
  expect(linkForTail(log, join(home, 'free.log'))).toBe('made')
  expect(realpathSync(join(home, 'free.log'))).toBe(realpathSync(log))
})
