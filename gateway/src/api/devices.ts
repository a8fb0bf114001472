import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { Problem } from '@moltbot/contract'
import type { Clock, NewId, Row, Scope, Secret, Sql, Store, Tx } from '@moltbot/contract'

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
