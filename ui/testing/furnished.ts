import type { FakeGateway } from './fake-gateway.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

function date(daysAgo: number): string {
  return new Date(Date.now() - daysAgo * day).toISOString().slice(0, 10)
}

/** A gateway with something in every room: what the page shows when it is in use. */
export function furnish(fake: FakeGateway): void {
  const now = Date.now()
  const main = 'agent:main:main'
  const family = 'agent:main:telegram:group:family'
  fake.channels = [
    { id: 'telegram', label: 'Telegram', accounts: [{ accountId: 'default', enabled: true, configured: true, state: 'connected', connected: true }] },
    { id: 'discord', label: 'Discord', accounts: [{ accountId: 'default', enabled: true, configured: true, state: 'needs-you', detail: 'The token was refused. Make a new one and put it into secrets.env.' }] },
  ]
  fake.sessions.set(family, { key: family, messages: [], row: { key: family, kind: 'group', derivedTitle: 'Family', lastMessagePreview: 'Who buys bread?', channel: 'telegram', updatedAt: now - 3 * minute } })
  fake.pairing = [{ channel: 'telegram', account: 'default', sender: '5512', senderName: 'Berta', code: 'K7QX2M', createdAt: now - 4 * minute, expiresAt: now + hour }]
  fake.ask({ command: 'run: curl -s https://api.weather.example/v1/today', sessionKey: main, reason: 'It reaches api.weather.example, which nobody allowed yet.', always: 'reach api.weather.example, for you and agent main', detail: '{\n  "tool": "run",\n  "command": "curl -s https://api.weather.example/v1/today"\n}' })
  fake.ask({ command: 'message: send “On my way” to Berta (Telegram)', sessionKey: family, tool: 'message', reason: 'Words from a web page led to this.', detail: 'message send' })
  fake.ask({ command: 'run: rm notes/old.md', state: 'denied', decision: 'deny', decidedBy: 'owner', decidedAtMs: now - day, createdAtMs: now - day })
  fake.ask({ command: 'run: git fetch origin', state: 'allowed', decision: 'allow-always', decidedBy: 'owner', decidedAtMs: now - 2 * hour, createdAtMs: now - 2 * hour - minute })
  fake.ask({ command: 'web_fetch: https://example.org/report.pdf', state: 'expired', createdAtMs: now - 5 * hour })
  let browsers = [
    { id: 'b1', words: 'Firefox on Linux', browser: 'x', address: null, via: 'token', createdAtMs: now - 2 * day, lastUsedAtMs: now, expiresAtMs: now + day, provedAtMs: now },
    { id: 'b2', words: 'Safari on iPhone', browser: 'x', address: '10.0.0.7', via: 'password', createdAtMs: now - 9 * day, lastUsedAtMs: now - day, expiresAtMs: now + day, provedAtMs: now },
  ]
  let grants = [
    { id: 'g1', principal: 'owner', agentId: 'main', kind: 'network', what: 'api.weather.example', words: 'reach github.com by git', sinceMs: now - 2 * hour, by: 'owner' },
    { id: 'g2', principal: 'owner', agentId: 'main', kind: 'command', what: 'x', words: 'run exactly “npm test” in the workspace', sinceMs: now - 6 * day, by: 'owner' },
  ]
  const people = [
    { id: 'owner', name: 'Anna', role: 'owner', profile: null, via: 'owner', senders: [{ channel: 'telegram', account: 'default', sender: '77', since: now - 60 * day }] },
    { id: 'pr_2', name: 'Carl', role: 'member', profile: null, via: 'pairing', senders: [{ channel: 'telegram', account: 'default', sender: '4711', since: now - 30 * day }] },
    { id: 'pr_3', name: 'Dora', role: 'guest', profile: 'child', via: 'list', senders: [{ channel: 'discord', account: 'default', sender: '991', since: now - 8 * day }] },
  ]
  const check = (id: string, title: string, outcome: string): Record<string, unknown> => ({ id, title, severity: 'warn', outcome })
  const budgets = { daily: 2.5, monthly: 100, perTurn: 1, byPrincipal: { '*': { daily: 0.5 } }, byAgent: {}, byChannel: {}, whenReached: 'stop' }
  let halt: Record<string, unknown> = { kind: 'running' }
  let factor = 'totp'
  const sum = (cost: number): Record<string, unknown> => ({ input: cost * 1e5, output: cost * 2e4, cacheRead: 0, cacheWrite: 0, totalTokens: Math.round(cost * 120_000), totalCost: cost, missingCostEntries: cost > 2 ? 1 : 0 })
  const daily = Array.from({ length: 30 }, (_, index) => ({ date: date(29 - index), ...sum(index % 7 === 0 ? 0 : Math.round(100 * (0.4 + Math.abs(Math.sin(index)) * 1.9)) / 100) }))
  Object.assign(fake.also, {
    'exec.approval.grants.list': () => ({ grants }),
    'exec.approval.grants.revoke': (params) => {
      const before = grants.length
      grants = params['id'] === 'all' ? [] : grants.filter((grant) => grant.id !== params['id'])
      return { ok: true, revoked: before - grants.length }
    },
    'device.pair.list': () => ({ pending: [], paired: [{ deviceId: 'd1', displayName: 'Anna’s laptop', platform: 'linux', createdAtMs: now - 20 * day, approvedAtMs: now - 20 * day, approvedVia: 'person', tokens: [{ role: 'operator', scopes: [], createdAtMs: 1, lastUsedAtMs: now - hour }] }] }),
    'device.pair.remove': (params) => ({ deviceId: params['deviceId'], removed: true }),
    'principals.list': () => ({ people, profiles: ['child'] }),
    'principals.role': (params) => {
      const person = people.find((known) => known.id === params['id'])
      if (person === undefined) throw new Error('Nobody has that id.')
      person.role = String(params['role'])
      return { ok: true, person }
    },
    'principals.profile': () => ({ ok: true }),
    'principals.remove': () => ({ ok: true }),
    'sessions.browser.list': () => ({ browsers }),
    'auth.link': () => ({ token: `link-${'a'.repeat(43)}`, expiresAtMs: now + 10 * minute }),
    'gateway.addresses': () => ({
      addresses: [{ url: 'https://box.tailnet.ts.net/', where: 'name', trusted: true }, { url: 'https://192.0.2.7:18789/', where: 'network', trusted: false }], silent: [], onlyHere: false,
    }),
    'sessions.browser.end': (params) => {
      const before = browsers.length
      browsers = browsers.filter((browser) => (params['others'] === true ? browser.id === 'b1' : params['all'] === true ? false : browser.id !== params['id']))
      return { ok: true, ended: before - browsers.length }
    },
    'security.audit': () => ({
      takenAt: now, stateDir: '/home/anna/.moltbot', live: true, deep: false,
      findings: [
        { check: 'logging.redact_off', severity: 'critical', subject: 'logging.redactSensitive', evidence: 'Secrets are written to the log as they are.', remedy: 'Set logging.redactSensitive to "tools".', fix: { kind: 'config', path: 'logging.redactSensitive', value: 'tools' } },
        { check: 'fs.config.perms', severity: 'warn', subject: '/home/anna/.moltbot/moltbot.json', evidence: 'Others on this machine can read the configuration (mode 644).', remedy: 'Allow only yourself: chmod 600.', fix: { kind: 'chmod', path: '/home/anna/.moltbot/moltbot.json', mode: 0o600 } },
        { check: 'credentials.age', severity: 'info', subject: 'gateway.auth.token', evidence: 'The gateway token is 120 days old.', remedy: 'Change it: moltbot token rotate.' },
      ],
      checks: [
        check('gateway.bind', 'Ports are bound to localhost', 'clean'), check('fs.state_dir', 'The state directory is private', 'clean'), check('sandbox.available', 'Commands are isolated', 'clean'),
        check('logging.redact_off', 'The log hides secrets', 'found'), check('fs.config.perms', 'The configuration is private', 'found'), check('credentials.age', 'Secrets are fresh', 'found'), check('deep', 'Strangers are refused', 'not-looked-at'),
      ],
    }),
    'config.get': () => ({ path: '/home/anna/.moltbot/moltbot.json', exists: true, raw: '{}\n', parsed: { budgets: { byPrincipal: { '*': { daily: 0.5 } } } }, config: { budgets, tools: { exec: { allowlist: ['git status', 'ls *'] } } }, hash: 'abc', issues: [], warnings: [] }),
    'config.patch': () => ({ ok: true, hash: 'abc' }),
    'config.set': () => ({ ok: true, hash: 'abc' }),
    'agents.list': () => ({ defaultId: 'main', agents: [{ id: 'main', name: 'Clawd' }, { id: 'research', name: 'Research' }] }),
    'usage.daily': (params) => ({
      today: date(0), days: params['days'], by: params['by'], names: ['acme/large', 'acme/small'],
      rows: daily.flatMap((one) => [['acme/large', 0.7], ['acme/small', 0.25], [null, 0.05]].map(([name, share]) => ({ date: one.date, name, calls: 4, ...sum(Number((one as Record<string, unknown>)['totalCost']) * Number(share)), costUsd: Number((one as Record<string, unknown>)['totalCost']) * Number(share) }))),
    }),
    'audit.log': (params) => {
      const at = (seq: number, act: string, outcome: string, subject: string, reason: string): Record<string, unknown> => ({ seq, id: `a${seq}`, at: now - (200 - seq) * minute, act, class: 'access', principal: 'owner', subject, outcome, reason, place: null, correlation: null })
      if (params['outcome'] === 'failed') return { lines: [], next: null }
      return params['before'] !== undefined
        ? { lines: [at(100, 'gateway.started', 'done', 'gateway', 'version 0.1.0')], next: null }
        : { lines: [at(196, 'message.judged', 'allow', 'telegram/77', 'the owner'), at(197, 'tool.judged', 'ask', 'run', 'reaches a host nobody allowed'), at(198, 'pairing.asked', 'ask', 'telegram/5512', 'a stranger wrote'), at(199, 'egress.refused', 'deny', '169.254.169.254', 'a metadata address')], next: 196 }
    },
    'audit.export': (params) => (params['after'] === undefined ? { lines: ['{"seq":1}', '{"seq":2}'], next: 2 } : { lines: ['{"seq":3}'], next: null }),
    'egress.test': (params) => (String(params['url']).includes('github.com')
      ? { allowed: true, host: 'github.com', port: 443, addresses: [], rule: 'egress.web', code: null, reason: null }
      : { allowed: false, host: '169.254.169.254', port: 80, addresses: [], rule: null, code: 'egress-private', reason: 'It is an address of this machine’s own network.' }),
    'audit.verify': () => ({ ok: true, fault: null, at: null, rows: 1204, from: 1, to: 1204, anchors: 3, sentence: 'The record is whole.', next: null, notes: [] }),
    'vault.list': () => ({ secrets: [{ name: 'ANTHROPIC_API_KEY', version: 2, createdAt: now - 120 * day, changedAt: now - 12 * day, ageMs: 12 * day }, { name: 'TELEGRAM_BOT_TOKEN', version: 1, createdAt: now - 140 * day, changedAt: now - 140 * day, ageMs: 140 * day }] }),
    'egress.today': () => ({
      date: date(0), connections: 14, refused: 2, bytesOut: 48_211, bytesIn: 1_804_442,
      rows: [{ host: 'github.com', agent: 'main', principal: 'owner', use: 'run', connections: 11, refused: 0, bytesOut: 46_100, bytesIn: 1_800_000 }, { host: '169.254.169.254', agent: 'main', principal: 'owner', use: 'web_fetch', connections: 0, refused: 2, bytesOut: 0, bytesIn: 0 }],
    }),
    'sandbox.explain': () => ({
      backend: 'bubblewrap', available: true, reason: null, remedy: null, scope: 'session', workspaceAccess: 'rw', network: 'proxy', profile: '',
      promises: ['Reads are denied but for the workspace and the system’s programs.', 'No network but by the proxy.', 'The whole tree ends with its parent.'], weaker: ['No limit of disk space on this file system.'],
    }),
    'sandbox.test': () => ({ probes: [{ id: 'home', what: 'Read the home directory', held: true, saw: 'No such file or directory' }, { id: 'net', what: 'Reach the network directly', held: true, saw: 'Network is unreachable' }] }),
    status: () => ({ halt }),
    panic: () => {
      halt = { kind: 'panic', since: now, by: 'owner', via: 'web', incident: '/home/anna/.moltbot/incidents/1' }
      return {}
    },
    pause: () => (halt = { kind: 'paused', since: now, by: 'owner', via: 'web' }),
    resume: (params) => {
      if (halt['kind'] === 'panic' && params['code'] !== '123456') throw new Error('That code is wrong.')
      halt = { kind: 'running' }
      return { was: 'paused', forgotten: 0 }
    },
    'resume.challenge': (params) => ({ factor, halt, ...(factor === 'local' && params['look'] !== true ? { file: '/home/anna/.moltbot/resume-code' } : {}) }),
    'panic.enroll': () => ({ uri: 'otpauth://totp/Moltbot:home?issuer=Moltbot&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', recovery: 'K7QX-2M9P-HW4T-ZR8B' }),
    'panic.enroll.confirm': () => {
      factor = 'totp'
      return { ok: true }
    },
    'panic.unenroll': () => {
      factor = 'local'
      return { ok: true }
    },
    'usage.cost': (params) => {
      const days = daily.slice(-Number(params['days'] ?? 30))
      return { updatedAt: now, days: days.length, daily: days, totals: sum(days.reduce((all, one) => all + Number((one as Record<string, unknown>)['totalCost']), 0)) }
    },
    'usage.spend': (params) => ({
      today: date(0), days: params['days'] ?? 1, by: params['by'] ?? 'model',
      rows: [
        { name: 'acme/large', calls: 212, input: 1_240_000, output: 88_000, cacheRead: 0, cacheWrite: 0, costUsd: 24.2, unpriced: 0 },
        { name: 'acme/small', calls: 840, input: 2_900_000, output: 104_000, cacheRead: 0, cacheWrite: 0, costUsd: 3.113, unpriced: 0 },
        { name: 'elsewhere/other', calls: 1, input: 900, output: 20, cacheRead: 0, cacheWrite: 0, costUsd: 0.0042, unpriced: 1 },
      ],
      caps: [
        { scope: 'gateway', id: '', period: 'day', path: 'budgets.daily', capUsd: 2.5, spentUsd: 2.11, reservedUsd: 0, leftUsd: 0.39, resetsAt: now + 6 * hour },
        { scope: 'gateway', id: '', period: 'month', path: 'budgets.monthly', capUsd: 100, spentUsd: 27.3, reservedUsd: 0, leftUsd: 72.7, resetsAt: now + 8 * day },
        { scope: 'person', id: 'pr_2', period: 'day', path: 'budgets.byPrincipal.*.daily', capUsd: 0.5, spentUsd: 0.5, reservedUsd: 0, leftUsd: 0, resetsAt: now + 6 * hour },
      ],
    }),
  } satisfies FakeGateway['also'])
}
