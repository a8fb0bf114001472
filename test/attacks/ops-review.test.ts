import { execFile } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checks } from '@moltbot/checks'
import { reviewFacts, type Review, type Severity } from '@moltbot/contract'
import { offlineFacts } from '../../gateway/src/offline.ts'
import { startTestGateway } from '../support/test-gateway.ts'
import { asRoot, config, dockerThatSays, eachWithItsHome, folder, home, look, picture, put, root, run, state, telegram, token } from './ops-installation.ts'

eachWithItsHome()

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
  ['no certificate, and none to be made', 'gateway.tls_incomplete', 'critical', () => void config({ gateway: { tls: { enabled: true, autoGenerate: false } } })],
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
  })

  it('twin: a review that asks one question less misses the state that question is for', async () => {
    config({}, 0o644)
    const facts = await offlineFacts(state, { deep: false })
    const criticals = (asked: typeof checks): string[] => reviewFacts(asked, facts).findings.filter((finding) => finding.severity === 'critical').map((finding) => finding.check)
    expect(criticals(checks)).toEqual(['fs.config.perms_world_readable'])
    expect(criticals(checks.filter((check) => check.id !== 'fs.config.perms_world_readable'))).toEqual([])
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
  })

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
  })

  it('nor is there anything on a gateway that runs', async () => {
    const at = await startTestGateway({ telegram: false })
    try {
      const client = await at.connect()
      const review = await client.request('security.audit', { deep: true }) as unknown as Review
      expect(review.findings.filter((finding) => finding.severity === 'critical').map((finding) => `${finding.check}: ${finding.evidence}`)).toEqual([])
    } finally {
      await at.close()
    }
  })
})

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
  })

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
