import type { FileFact, Fix, Facts } from '../check.ts'

type Changeable<T> = T extends readonly (infer Item)[] ? Changeable<Item>[] : T extends object ? { -readonly [Key in keyof T]: Changeable<T[Key]> } : T

/** Facts that a test may change in place. */
export type ChangeableFacts = Changeable<Facts>

export const sampleHome = '/home/ana'
export const sampleStateDir = '/home/ana/.moltbot'
const now = Date.UTC(2026, 10, 22)

/** A fresh copy of a well-kept installation: one network connected, a running gateway asked, a deep look taken. No check finds anything in it. */
export function cleanFacts(): ChangeableFacts {
  const file = (role: FileFact['role'], path: string, kind: FileFact['kind'] = 'file'): ChangeableFacts['files'][number] => ({ role, path, kind, mode: kind === 'folder' ? 0o700 : 0o600, owner: 1000, modifiedAt: now - 1_000 })
  return {
    takenAt: now,
    version: '1.0.0',
    node: '24.4.1',
    platform: 'linux',
    user: 1000,
    home: sampleHome,
    stateDir: sampleStateDir,
    configFile: `${sampleStateDir}/moltbot.json`,
    files: [
      file('state-dir', sampleStateDir, 'folder'),
      file('config', `${sampleStateDir}/moltbot.json`),
      file('config-include', `${sampleStateDir}/family.json5`),
      file('config-copy', `${sampleStateDir}/moltbot.json.last-good`),
      file('credentials', `${sampleStateDir}/credentials`, 'folder'),
      file('credentials', `${sampleStateDir}/credentials/vault.json`),
      file('identity', `${sampleStateDir}/identity/device.json`),
      file('sessions', `${sampleStateDir}/sessions`, 'folder'),
      file('sessions', `${sampleStateDir}/sessions/moltbot.db`),
      file('log', `${sampleStateDir}/logs/gateway.log`),
      file('secrets-env', `${sampleStateDir}/secrets.env`),
      file('backup', `${sampleStateDir}/backups/moltbot.json.1`),
      file('workspace', `${sampleStateDir}/workspace`, 'folder'),
      file('state', `${sampleStateDir}/running.json`),
      file('vault-key', `${sampleHome}/.config/moltbot/vault.key`),
      file('tls-key', `${sampleHome}/tls/key.pem`),
      file('token-file', `${sampleHome}/tokens/network`),
      { role: 'log-link', path: '/tmp/moltbot-gateway.log', kind: 'link', mode: 0o777, owner: 1000, target: `${sampleStateDir}/logs/gateway.log`, modifiedAt: now - 1_000 },
    ],
    filesLeftOut: false,
    certificates: [{ role: 'server', path: `${sampleStateDir}/tls/server.pem`, endsAt: now + 10 * 86_400_000, renews: true }, { role: 'authority', path: `${sampleStateDir}/tls/authority.pem`, endsAt: now + 3_000 * 86_400_000, renews: true }],
    config: {
      exists: true,
      effective: {
        agents: { defaults: {}, list: [] },
        channels: {
          defaults: { groupPolicy: 'allowlist' },
          network: { enabled: true, dmPolicy: 'pairing', allowFrom: [], groupPolicy: 'allowlist', groupAllowFrom: [], groups: {}, requireMention: true, accounts: {} },
        },
        commands: { text: true, ownerAllowFrom: [] },
        gateway: {
          port: 18_789, mode: 'local', bind: 'loopback', customBindHost: '',
          auth: { mode: 'token', token: '__MOLTBOT_REDACTED__', password: '', allowTailscale: false, rateLimit: { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 } },
          allowedHosts: [],
          controlUi: { enabled: true, basePath: '', allowedOrigins: [], allowInsecureAuth: false, dangerouslyDisableDeviceAuth: false, sessionMinutes: 720, sessionIdleMinutes: 720 },
          trustedProxies: [], http: { endpoints: { chatCompletions: { enabled: true, maxBodyBytes: 1_048_576 } } },
          tls: { enabled: false, certPath: '', keyPath: '', caPath: '' }, remote: { url: '', token: '', password: '' }, tailscale: { mode: 'off' },
        },
        logging: { level: 'info', redactSensitive: 'tools', redactPatterns: [] },
        models: { mode: 'merge', providers: {}, detectLocal: true },
        session: { dmScope: 'auto', identityLinks: {} },
      },
      written: { gateway: { bind: 'loopback', port: 18_789, auth: { mode: 'token', token: '__MOLTBOT_REDACTED__' } }, logging: { redactSensitive: 'tools' } },
      issues: [],
      plainSecrets: ['gateway.auth.token'],
    },
    credentials: [{ path: 'gateway.auth.token', from: 'plain', length: 64, bits: 256, placeholder: false, sameAs: [], knownSince: now - 5 * 86_400_000 }],
    secretsFault: null,
    vault: { state: 'ok', secrets: 1 },
    channels: [{ id: 'web', label: 'Web', senders: 'authenticated' }, { id: 'network', label: 'A network', senders: 'platform' }],
    listening: { port: 18_789, addresses: ['127.0.0.1', '::1'] },
    disk: { freeBytes: 50_000_000_000, totalBytes: 100_000_000_000 },
    live: {
      startedAt: now - 3_600_000,
      devices: [{ id: 'd1', name: 'This computer', roles: ['operator'], scopes: ['operator.admin'], approvedAt: now - 86_400_000, approvedVia: 'silent', lastUsedAt: now - 60_000 }],
      devicesPending: 0,
      pairingPending: 0,
      paired: [{ channel: 'network', account: 'default', sender: '7', role: 'owner', since: now - 86_400_000 }],
      browsers: { count: 1, oldestAt: now - 3_600_000 },
      messages: { open: 0, stuck: 0 },
      deliveries: { waiting: 0, ambiguous: 0, failed: 0 },
      accounts: [{ channel: 'network', account: 'default', enabled: true, configured: true, state: 'connected', reason: null }],
      model: 'anthropic/claude-sonnet-5-5',
    },
    deep: { reached: true, reason: null, refusals: [{ what: 'GET /v1/models without a secret', status: 401 }] },
  }
}

/** Sets one dotted path of the configuration in effect, and as written. */
export function setConfig(facts: ChangeableFacts, path: string, value: unknown): void {
  for (const tree of [facts.config.effective, facts.config.written]) {
    const keys = path.split('.')
    let at = tree as Record<string, unknown>
    for (const key of keys.slice(0, -1)) at = (typeof at[key] === 'object' && at[key] !== null ? at[key] : (at[key] = {})) as Record<string, unknown>
    at[keys.at(-1) ?? path] = value
  }
}

/** Changes the first path of a role (the first folder or file of it, when named). Throws when there is none. */
export function setFile(facts: ChangeableFacts, role: FileFact['role'], changes: Partial<ChangeableFacts['files'][number]>, kind?: FileFact['kind']): void {
  const found = facts.files.find((file) => file.role === role && (kind === undefined || file.kind === kind))
  if (found === undefined) throw new Error(`the facts have no ${kind ?? 'path'} of the role ${role}`)
  Object.assign(found, changes)
}

/** The facts as they would be after a fix was applied. */
export function applyFix(facts: Facts, fix: Fix): ChangeableFacts {
  const after = structuredClone(facts) as ChangeableFacts
  if (fix.kind === 'config') setConfig(after, fix.path, fix.value)
  else for (const file of after.files) if (file.path === fix.path && file.kind !== 'link') file.mode = fix.mode
  return after
}
