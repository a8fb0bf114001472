import { ownerPrincipal, Problem } from '@moltbot/contract'
import type { Clock, NewId, Scope, Sql, Store, Tx } from '@moltbot/contract'
import { digestOf, type Credentials } from './credentials.ts'
import type { DoorFloor } from './door-floor.ts'
import { covers, coversAll } from './scopes.ts'

/** A device that asked to be let in and waits for a person. Times are epoch ms. */
export interface PendingDevice {
  requestId: string
  deviceId: string
  publicKey: string
  displayName?: string
  platform?: string
  clientId?: string
  clientMode?: string
  role: string
  roles: string[]
  scopes: string[]
  remoteIp?: string
  /** True for a local client that is being approved without a person. */
  silent: boolean
  /** True when the device was paired before. */
  isRepair: boolean
  ts: number
}

export interface DeviceTokenSummary { role: string; scopes: string[]; createdAtMs: number; rotatedAtMs?: number; revokedAtMs?: number; lastUsedAtMs?: number }

export interface PairedDevice {
  deviceId: string
  publicKey: string
  displayName?: string
  platform?: string
  clientId?: string
  clientMode?: string
  role: string
  roles: string[]
  scopes: string[]
  remoteIp?: string
  createdAtMs: number
  approvedAtMs: number
  /** `silent`: a local client with the gateway's own token. `person`: someone said yes. */
  approvedVia: 'silent' | 'person'
  /** Never the values. */
  tokens: DeviceTokenSummary[]
}

export type DeviceChange =
  | { kind: 'requested'; request: PendingDevice }
  | { kind: 'resolved'; requestId: string; deviceId: string; decision: 'approved' | 'rejected' }
  /** Its tokens no longer count: whoever is connected with them goes. `role` absent: all of them. */
  | { kind: 'revoked'; deviceId: string; role?: string }

/** What methods may do with devices. Nothing here ever grants more than the one who asks holds. */
export interface Devices {
  /** Requests that still can be decided (5 minutes), oldest first. */
  pending(): Promise<PendingDevice[]>
  /** Paired devices, oldest first. */
  list(): Promise<PairedDevice[]>
  /**
   * Admits the device with exactly the role and scopes it asked for. Throws `Problem('device-request-unknown', 'unknown requestId')` and,
   * when the request asks for a scope that `holding` does not cover, `Problem('device-scope-exceeds')`.
   */
  approve(requestId: string, holding: readonly Scope[]): Promise<{ requestId: string; device: PairedDevice }>
  /** Throws `Problem('device-request-unknown')`. */
  reject(requestId: string): Promise<{ requestId: string; deviceId: string }>
  /** Forgets the device and all its tokens; its connections are closed. False: no such device. */
  remove(deviceId: string): Promise<boolean>
  /**
   * A new token for (device, role); the old ones stop working at once. `scopes` can only narrow what was approved.
   * Throws `Problem('device-unknown')`, `Problem('device-scope-exceeds')`.
   */
  rotateToken(deviceId: string, role: string, scopes: readonly string[] | undefined, holding: readonly Scope[]): Promise<{ deviceId: string; role: string; token: string; scopes: string[]; rotatedAtMs: number }>
  /** Throws `Problem('device-unknown')` when the device has no token for that role. */
  revokeToken(deviceId: string, role: string): Promise<{ deviceId: string; role: string; revokedAtMs: number }>
  /** Calls back after a change is durable. Returns how to stop. */
  onChange(listener: (change: DeviceChange) => void): () => void
}

/** What a device said of itself while connecting. */
export interface DeviceFacts { deviceId: string; publicKey: string; displayName?: string | undefined; platform?: string | undefined; clientId: string; clientMode: string; remoteIp?: string | undefined }

/** What the door itself does with devices, besides what methods may do. */
export interface DeviceStore extends Devices {
  /** The scopes a person (or a silent approval) granted the device for a role; undefined: none. */
  grantedTo(deviceId: string, publicKey: string, role: string): Promise<string[] | undefined>
  /** Admits a local client that holds the gateway's own secret, adding to what the device had. */
  admitSilently(facts: DeviceFacts, role: string, scopes: readonly string[]): Promise<void>
  /**
   * Notes that a device waits for a person. The same wish within its 5 minutes is the same request; another wish replaces it.
   * Throws `Problem('device-pairing-full')` while too many others wait.
   */
  ask(facts: DeviceFacts, role: string, scopes: readonly string[]): Promise<PendingDevice>
  /** Makes a token. `bound`: it dies with the gateway's secret (silent approvals). The five newest per (device, role) count. */
  issueToken(deviceId: string, role: string, scopes: readonly string[], credentials: Credentials): Promise<{ token: string; issuedAtMs: number }>
  /** Undefined: not a token of this device and role, revoked, or made with an earlier secret. */
  checkToken(deviceId: string, role: string, token: string, credentials: Credentials): Promise<{ scopes: string[]; issuedAtMs: number; bound: boolean } | undefined>
  /** The gateway's secret changed: tokens that came from the old one stop working. */
  dropBound(): Promise<void>
}

const pendingForMs = 5 * 60_000
const pendingMax = 50
const tokensPerRoleMax = 5
const touchEveryMs = 5 * 60_000

type DeviceRow = { id: string; public_key: string; display_name: string | null; platform: string | null; client_id: string | null; client_mode: string | null; remote_ip: string | null; grants: string; approved_via: string; created_at: number; approved_at: number }
type PendingRow = Omit<DeviceRow, 'grants' | 'approved_via' | 'approved_at'> & { device_id: string; role: string; scopes: string; is_repair: number; expires_at: number }
type TokenRow = { digest: string; device_id: string; role: string; scopes: string; bound_to: string | null; created_at: number; rotated_at: number | null; revoked_at: number | null; last_used_at: number | null }

const list = (text: string): string[] => JSON.parse(text) as string[]
const given = <K extends string>(key: K, value: string | null): { [P in K]?: string } => (value === null ? {} : ({ [key]: value } as { [P in K]: string }))
const grantsOf = (row: Pick<DeviceRow, 'grants'>): Record<string, string[]> => JSON.parse(row.grants) as Record<string, string[]>

function pendingOf(row: PendingRow): PendingDevice {
  return {
    requestId: row.id, deviceId: row.device_id, publicKey: row.public_key,
    ...given('displayName', row.display_name), ...given('platform', row.platform), ...given('clientId', row.client_id), ...given('clientMode', row.client_mode), ...given('remoteIp', row.remote_ip),
    role: row.role, roles: [row.role], scopes: list(row.scopes), silent: false, isRepair: row.is_repair === 1, ts: row.created_at,
  }
}

function tokensOf(rows: readonly TokenRow[]): DeviceTokenSummary[] {
  const newest = new Map<string, TokenRow>()
  for (const row of rows) {
    const other = newest.get(row.role)
    if (other === undefined || (other.revoked_at !== null && row.revoked_at === null) || ((other.revoked_at === null) === (row.revoked_at === null) && row.created_at >= other.created_at)) newest.set(row.role, row)
  }
  return [...newest.values()].map((row) => ({
    role: row.role, scopes: list(row.scopes), createdAtMs: row.created_at,
    ...(row.rotated_at === null ? {} : { rotatedAtMs: row.rotated_at }),
    ...(row.revoked_at === null ? {} : { revokedAtMs: row.revoked_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAtMs: row.last_used_at }),
  }))
}

function pairedOf(row: DeviceRow, tokens: readonly TokenRow[]): PairedDevice {
  const grants = grantsOf(row)
  const roles = Object.keys(grants)
  return {
    deviceId: row.id, publicKey: row.public_key,
    ...given('displayName', row.display_name), ...given('platform', row.platform), ...given('clientId', row.client_id), ...given('clientMode', row.client_mode), ...given('remoteIp', row.remote_ip),
    role: roles[0] ?? 'operator', roles, scopes: [...new Set(Object.values(grants).flat())],
    createdAtMs: row.created_at, approvedAtMs: row.approved_at, approvedVia: row.approved_via === 'silent' ? 'silent' : 'person',
    tokens: tokensOf(tokens),
  }
}

export function createDevices(options: { store: Store; clock: Clock; newId: NewId; random: (bytes: number) => Buffer; floor: DoorFloor }): DeviceStore {
  const { store, clock, newId, random, floor } = options
  const listeners = new Set<(change: DeviceChange) => void>()
  const tell = (tx: Tx, change: DeviceChange): void => tx.afterCommit(() => listeners.forEach((listener) => listener(change)))

  const deviceRow = (sql: Sql, id: string): Promise<DeviceRow | undefined> => sql.get<DeviceRow>('SELECT * FROM devices WHERE id = ?', id)
  const tokenRows = (sql: Sql, id: string): Promise<TokenRow[]> => sql.all<TokenRow>('SELECT * FROM device_tokens WHERE device_id = ?', id)

  const grant = async (tx: Tx, facts: DeviceFacts, role: string, scopes: readonly string[], via: 'silent' | 'person', widen: boolean): Promise<void> => {
    const now = clock.now()
    const known = await deviceRow(tx, facts.deviceId)
    const grants = known === undefined ? {} : grantsOf(known)
    grants[role] = widen ? [...new Set([...(grants[role] ?? []), ...scopes])] : [...scopes]
    // What a person approved stays theirs when the same device later comes in silently.
    const approvedVia = known?.approved_via === 'person' ? 'person' : via
    await tx.run(
      `INSERT INTO devices (id, principal, public_key, display_name, platform, client_id, client_mode, remote_ip, grants, approved_via, created_at, approved_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key, display_name = excluded.display_name, platform = excluded.platform, client_id = excluded.client_id,
         client_mode = excluded.client_mode, remote_ip = excluded.remote_ip, grants = excluded.grants, approved_via = excluded.approved_via, approved_at = excluded.approved_at`,
      facts.deviceId, ownerPrincipal, facts.publicKey, facts.displayName ?? null, facts.platform ?? null, facts.clientId, facts.clientMode, facts.remoteIp ?? null,
      JSON.stringify(grants), approvedVia, known?.created_at ?? now, now,
    )
  }
  const revoke = async (tx: Tx, deviceId: string, role?: string): Promise<number> => {
    const gone = await (role === undefined
      ? tx.run('UPDATE device_tokens SET revoked_at = ? WHERE device_id = ? AND revoked_at IS NULL', clock.now(), deviceId)
      : tx.run('UPDATE device_tokens SET revoked_at = ? WHERE device_id = ? AND role = ? AND revoked_at IS NULL', clock.now(), deviceId, role))
    await floor.raise(tx)
    return gone
  }
  const insertToken = async (tx: Tx, deviceId: string, role: string, scopes: readonly string[], boundTo: ((token: string) => string) | undefined, rotated: boolean): Promise<string> => {
    const token = random(32).toString('base64url')
    const now = clock.now()
    await tx.run(
      'INSERT INTO device_tokens (digest, device_id, principal, role, scopes, bound_to, created_at, rotated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      digestOf(token), deviceId, ownerPrincipal, role, JSON.stringify(scopes), boundTo?.(token) ?? null, now, rotated ? now : null,
    )
    return token
  }
  const takeRequest = async (tx: Tx, requestId: string): Promise<PendingRow> => {
    const row = await tx.get<PendingRow>('SELECT * FROM device_pairing WHERE id = ? AND expires_at > ?', requestId, clock.now())
    if (row === undefined) throw new Problem('device-request-unknown', 'unknown requestId')
    await tx.run('DELETE FROM device_pairing WHERE id = ?', requestId)
    return row
  }

  return {
    async pending() {
      return (await store.read.all<PendingRow>('SELECT * FROM device_pairing WHERE expires_at > ? ORDER BY created_at', clock.now())).map(pendingOf)
    },
    async list() {
      const tokens = await store.read.all<TokenRow>('SELECT * FROM device_tokens')
      const rows = await store.read.all<DeviceRow>('SELECT * FROM devices ORDER BY created_at')
      return rows.map((row) => pairedOf(row, tokens.filter((token) => token.device_id === row.id)))
    },
    approve: (requestId, holding) => store.transaction(async (tx) => {
      const row = await takeRequest(tx, requestId)
      const scopes = list(row.scopes)
      const wanted = row.role === 'node' ? ['operator.pairing'] : scopes
      if (!coversAll(holding, wanted)) {
        throw new Problem('device-scope-exceeds', `This device asks for more than you hold (${wanted.filter((scope) => !covers(holding, scope)).join(', ')}).`, { next: 'Let someone with those scopes approve it.' })
      }
      await grant(tx, {
        deviceId: row.device_id, publicKey: row.public_key, displayName: row.display_name ?? undefined, platform: row.platform ?? undefined,
        clientId: row.client_id ?? '', clientMode: row.client_mode ?? '', remoteIp: row.remote_ip ?? undefined,
      }, row.role, scopes, 'person', false)
      tell(tx, { kind: 'resolved', requestId, deviceId: row.device_id, decision: 'approved' })
      const device = await deviceRow(tx, row.device_id)
      if (device === undefined) throw new Problem('device-unknown', 'unknown deviceId')
      return { requestId, device: pairedOf(device, await tokenRows(tx, row.device_id)) }
    }),
    reject: (requestId) => store.transaction(async (tx) => {
      const row = await takeRequest(tx, requestId)
      tell(tx, { kind: 'resolved', requestId, deviceId: row.device_id, decision: 'rejected' })
      return { requestId, deviceId: row.device_id }
    }),
    remove: (deviceId) => store.transaction(async (tx) => {
      await revoke(tx, deviceId)
      await tx.run('DELETE FROM device_pairing WHERE device_id = ?', deviceId)
      const removed = await tx.run('DELETE FROM devices WHERE id = ?', deviceId)
      if (removed > 0) tell(tx, { kind: 'revoked', deviceId })
      return removed > 0
    }),
    rotateToken: (deviceId, role, scopes, holding) => store.transaction(async (tx) => {
      const device = await deviceRow(tx, deviceId)
      const approved = device === undefined ? undefined : grantsOf(device)[role]
      if (device === undefined || approved === undefined) throw new Problem('device-unknown', 'unknown deviceId/role')
      const wanted = scopes === undefined || scopes.length === 0 ? approved : [...scopes]
      if (!coversAll(approved, wanted)) throw new Problem('device-scope-exceeds', 'The device was approved for less than that.', { next: 'Pair it again with the wider scopes.' })
      if (role !== 'node' && !coversAll(holding, wanted)) throw new Problem('device-scope-exceeds', 'A token cannot hold more than you do.', { next: 'Name narrower scopes.' })
      await revoke(tx, deviceId, role)
      const token = await insertToken(tx, deviceId, role, wanted, undefined, true)
      tell(tx, { kind: 'revoked', deviceId, role })
      return { deviceId, role, token, scopes: wanted, rotatedAtMs: clock.now() }
    }),
    revokeToken: (deviceId, role) => store.transaction(async (tx) => {
      if ((await revoke(tx, deviceId, role)) === 0) throw new Problem('device-unknown', 'unknown deviceId/role')
      tell(tx, { kind: 'revoked', deviceId, role })
      return { deviceId, role, revokedAtMs: clock.now() }
    }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    async grantedTo(deviceId, publicKey, role) {
      const row = await deviceRow(store.read, deviceId)
      return row === undefined || row.public_key !== publicKey ? undefined : grantsOf(row)[role]
    },
    admitSilently: (facts, role, scopes) => store.transaction(async (tx) => {
      await grant(tx, facts, role, scopes, 'silent', true)
      await tx.run('DELETE FROM device_pairing WHERE device_id = ?', facts.deviceId)
      tell(tx, { kind: 'resolved', requestId: newId('dp'), deviceId: facts.deviceId, decision: 'approved' })
    }),
    ask: (facts, role, scopes) => store.transaction(async (tx) => {
      const now = clock.now()
      await tx.run('DELETE FROM device_pairing WHERE expires_at <= ?', now)
      const waiting = await tx.get<PendingRow>('SELECT * FROM device_pairing WHERE device_id = ?', facts.deviceId)
      if (waiting !== undefined && waiting.role === role && waiting.scopes === JSON.stringify(scopes)) return pendingOf(waiting)
      await tx.run('DELETE FROM device_pairing WHERE device_id = ?', facts.deviceId)
      const others = Number((await tx.get('SELECT COUNT(*) AS n FROM device_pairing'))?.['n'] ?? 0)
      if (others >= pendingMax) throw new Problem('device-pairing-full', 'Too many devices are waiting for approval.', { next: 'Decide on the waiting ones (`moltbot devices list`) or try again in five minutes.' })
      const known = await deviceRow(tx, facts.deviceId)
      const row: PendingRow = {
        id: newId('dp'), device_id: facts.deviceId, public_key: facts.publicKey, display_name: facts.displayName ?? null, platform: facts.platform ?? null,
        client_id: facts.clientId, client_mode: facts.clientMode, remote_ip: facts.remoteIp ?? null, role, scopes: JSON.stringify(scopes),
        is_repair: known === undefined ? 0 : 1, created_at: now, expires_at: now + pendingForMs,
      }
      await tx.run(
        `INSERT INTO device_pairing (id, device_id, principal, public_key, display_name, platform, client_id, client_mode, remote_ip, role, scopes, is_repair, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.id, row.device_id, ownerPrincipal, row.public_key, row.display_name, row.platform, row.client_id, row.client_mode, row.remote_ip, role, row.scopes, row.is_repair, now, row.expires_at,
      )
      const request = pendingOf(row)
      tell(tx, { kind: 'requested', request })
      return request
    }),
    issueToken: (deviceId, role, scopes, credentials) => store.transaction(async (tx) => {
      const device = await deviceRow(tx, deviceId)
      const bound = device?.approved_via !== 'person'
      const token = await insertToken(tx, deviceId, role, scopes, bound ? (value) => credentials.mark(value) : undefined, false)
      const live = await tx.all<{ digest: string }>('SELECT digest FROM device_tokens WHERE device_id = ? AND role = ? AND revoked_at IS NULL ORDER BY created_at DESC', deviceId, role)
      for (const { digest } of live.slice(tokensPerRoleMax)) await tx.run('DELETE FROM device_tokens WHERE digest = ?', digest)
      return { token, issuedAtMs: clock.now() }
    }),
    async checkToken(deviceId, role, token, credentials) {
      const row = await store.read.get<TokenRow>('SELECT * FROM device_tokens WHERE digest = ?', digestOf(token))
      if (row === undefined || row.device_id !== deviceId || row.role !== role || row.revoked_at !== null) return undefined
      if (row.bound_to !== null && row.bound_to !== credentials.mark(token)) return undefined
      const device = await deviceRow(store.read, deviceId)
      const approved = device === undefined ? undefined : grantsOf(device)[role]
      if (approved === undefined) return undefined
      const now = clock.now()
      if (now - (row.last_used_at ?? 0) > touchEveryMs) {
        await store.transaction(async (tx) => void (await tx.run('UPDATE device_tokens SET last_used_at = ? WHERE digest = ?', now, row.digest)))
      }
      return { scopes: list(row.scopes).filter((scope) => covers(approved, scope)), issuedAtMs: row.created_at, bound: row.bound_to !== null }
    },
    dropBound: () => store.transaction(async (tx) => {
      const ids = await tx.all<{ device_id: string }>('SELECT DISTINCT device_id FROM device_tokens WHERE bound_to IS NOT NULL AND revoked_at IS NULL')
      await tx.run('UPDATE device_tokens SET revoked_at = ? WHERE bound_to IS NOT NULL AND revoked_at IS NULL', clock.now())
      for (const { device_id: deviceId } of ids) tell(tx, { kind: 'revoked', deviceId })
    }),
  }
}
