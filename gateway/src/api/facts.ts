import { statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Channel, Clock, Facts, LiveFacts } from '@moltbot/contract'
import type { ConfigDoor } from '../foundation/config/types.ts'
import { certificateFacts } from './facts/certificate-facts.ts'
import { configFacts, credentialFacts } from './facts/config-facts.ts'
import { fileFacts } from './facts/file-facts.ts'
import { lookFromOutside } from './facts/look-from-outside.ts'
import { listeningAddresses, runningPort } from './facts/listening.ts'
import type { Rooms } from './rooms.ts'

/** What facts are taken from. Nothing here is changed by looking. */
export interface FactSources {
  version: string
  stateDir: string
  config: Pick<ConfigDoor, 'snapshot' | 'secrets'>
  channels: readonly Pick<Channel, 'id' | 'label' | 'senders'>[]
  clock: Clock
  machine: Pick<Facts, 'node' | 'platform' | 'user' | 'home'>
  /** Why `secrets.env` cannot be used; null: it can, or there is none. */
  secretsFault: string | null
  vault: Facts['vault']
  /** Absent: not looked at. */
  vaultKeyFile?: string
  /** The well-known link to the log. Absent: not looked at. */
  logLink?: string
  /** The port the gateway listens on, where known; else what `running.json` or the configuration says. */
  port?: number
  /** The running gateway's rooms. Absent: it is not asked. */
  rooms?: Rooms
  /** Also knock at the own port as a stranger would (at most 3 s each). */
  deep?: boolean
}

/** Takes the snapshot that checks look at. Never rejects for what it finds: what cannot be seen is null or left out. */
export async function takeFacts(sources: FactSources): Promise<Facts> {
  const { config, stateDir, machine, rooms } = sources
  const snapshot = config.snapshot()
  const port = sources.port ?? (await runningPort(stateDir)) ?? portOf(snapshot.effective)
  const [files, credentials, listening, disk, live, certificates] = await Promise.all([
    fileFacts({ stateDir, snapshot, home: machine.home, vaultKeyFile: sources.vaultKeyFile, logLink: sources.logLink, logFile: rooms?.logs.file, workspaces: rooms?.agents.list().map(({ workspace }) => workspace) ?? [] }),
    credentialFacts(config, stateDir),
    port === undefined || port === 0 ? null : listeningAddresses(port, machine.platform),
    freeSpace(stateDir, machine.home),
    rooms === undefined ? null : liveFacts(rooms),
    certificateFacts({ stateDir, effective: snapshot.effective, home: machine.home }),
  ])
  const tls = (snapshot.effective['gateway'] as { tls?: { enabled?: boolean } } | undefined)?.tls?.enabled === true
  return {
    takenAt: sources.clock.now(),
    version: sources.version,
    ...machine,
    stateDir,
    configFile: snapshot.path,
    files: files.files,
    filesLeftOut: files.leftOut,
    config: configFacts(snapshot),
    credentials,
    secretsFault: sources.secretsFault,
    certificates,
    vault: sources.vault,
    channels: sources.channels.map(({ id, label, senders }) => ({ id, label, senders })),
    listening,
    disk,
    live,
    deep: sources.deep === true && port !== undefined ? await lookFromOutside(port, tls) : null,
  }
}

/** The machine this process runs on, as facts need it. */
export function thisMachine(): FactSources['machine'] {
  return { node: process.versions.node, platform: process.platform, user: process.getuid?.() ?? null, home: homedir() }
}

function portOf(effective: Record<string, unknown>): number | undefined {
  const port = (effective['gateway'] as { port?: unknown } | undefined)?.port
  return typeof port === 'number' ? port : undefined
}

async function freeSpace(stateDir: string, home: string): Promise<Facts['disk']> {
  for (const place of [stateDir, home]) {
    try {
      const { bavail, bsize, blocks } = await statfs(place)
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
    } catch {
      // Not made yet, or a file system that does not say: the next place may.
    }
  }
  return null
}

async function liveFacts(rooms: Rooms): Promise<LiveFacts> {
  const now = rooms.clock.now()
  const [devices, devicesPending, pairing, paired, messages, deliveries, browsers] = await Promise.all([
    rooms.devices.list(), rooms.devices.pending(), rooms.guard.pending(), rooms.guard.paired(), rooms.inbox.counts(), rooms.outbox.counts(),
    rooms.store.read.get<{ count: number; oldest: number | null }>('SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM browser_sessions WHERE expires_at > ?', now),
  ])
  return {
    startedAt: rooms.startedAt,
    devices: devices.map(({ deviceId, displayName, clientId, roles, scopes, approvedAtMs, approvedVia, tokens }) => {
      const used = tokens.flatMap(({ lastUsedAtMs }) => (lastUsedAtMs === undefined ? [] : [lastUsedAtMs]))
      const made = tokens.flatMap(({ createdAtMs, rotatedAtMs, revokedAtMs }) => (revokedAtMs === undefined ? [rotatedAtMs ?? createdAtMs] : []))
      return {
        id: deviceId, name: displayName ?? clientId ?? deviceId, roles, scopes, approvedAt: approvedAtMs, approvedVia, lastUsedAt: used.length === 0 ? null : Math.max(...used),
        tokenAt: made.length === 0 ? null : Math.min(...made),
      }
    }),
    devicesPending: devicesPending.length,
    pairingPending: pairing.length,
    paired: paired.map(({ channel, account, sender, role, since }) => ({ channel, account, sender, role, since })),
    browsers: { count: browsers?.count ?? 0, oldestAt: browsers?.oldest ?? null },
    messages: { open: messages.open, stuck: messages.stuck },
    deliveries,
    accounts: rooms.connections.status().map(({ channel, account, enabled, configured, health }) => ({ channel, account, enabled, configured, state: health.kind, reason: 'reason' in health ? health.reason : null })),
    model: rooms.models.current().primary,
    ...(rooms.models.credentials === undefined ? {} : { credentials: (await rooms.models.credentials.list()).map(({ profile, state, reason, next }) => ({ profile, state, reason, next })) }),
    ...(rooms.sandbox === undefined ? {} : await rooms.sandbox.explain().then(({ available, reason, remedy, browser }) => ({ sandbox: { available, reason, remedy }, ...(browser === undefined ? {} : { browser }) }))),
  }
}

/** Where the sealed secrets of a state directory lie. */
export function vaultFile(stateDir: string): string {
  return join(stateDir, 'credentials', 'vault.json')
}
