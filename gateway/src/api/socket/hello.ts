import type { Caller } from '../caller.ts'
import type { Method } from '../method.ts'
import type { Rooms } from '../rooms.ts'
import { covers } from '../scopes.ts'
import type { Admitted } from './admission.ts'
import { socketLimits } from './limits.ts'

/** The door's own events; the event writer's are added to them. */
const doorEvents = ['connect.challenge', 'tick', 'presence', 'device.pair.requested', 'device.pair.resolved', 'shutdown'] as const

/** The first answer of a connection, complete to the last field the clients of either protocol decode. */
export async function buildHello(rooms: Rooms, methods: readonly Method[], events: readonly string[], admitted: Admitted, caller: Caller): Promise<Record<string, unknown>> {
  const { protocol } = admitted
  const snapshot = rooms.config.snapshot()
  const agents = rooms.agents.list()
  const agent = agents.find((one) => one.isDefault) ?? agents[0]
  const presence = rooms.presence.list()
  return {
    type: 'hello-ok',
    protocol,
    server: { version: rooms.version, ...(protocol === 3 && presence[0]?.host !== undefined ? { host: presence[0].host } : {}), connId: caller.id },
    features: { methods: methods.map((method) => method.name), events: [...new Set([...doorEvents, ...events])], ...(protocol === 4 ? { capabilities: [] } : {}) },
    snapshot: {
      presence,
      health: await healthNow(rooms, methods, caller),
      stateVersion: rooms.presence.versions(),
      uptimeMs: Math.max(0, Math.round(rooms.clock.now() - rooms.startedAt)),
      // Where things lie on the disk is nobody's business who cannot change them.
      ...(covers(caller.scopes, 'operator.admin') ? { configPath: snapshot.path, stateDir: rooms.stateDir } : {}),
      sessionDefaults: {
        defaultAgentId: agent?.id ?? 'main',
        mainKey: 'main',
        mainSessionKey: rooms.sessions.resolveKey('main'),
        scope: 'per-sender',
        ...(protocol === 4 ? { modelConfigured: rooms.models.current().primary !== '' } : {}),
      },
      ...(protocol === 4 ? { authMode: admitted.authMode } : {}),
    },
    ...authOf(admitted),
    policy: {
      maxPayload: socketLimits.payloadAnnounced[protocol],
      maxBufferedBytes: socketLimits.bufferedMax[protocol],
      tickIntervalMs: socketLimits.tickEveryMs,
      ...(protocol === 4 ? { attachments: { ...socketLimits.attachments, ...rooms.files?.now() } } : {}),
    },
  }
}

function authOf(admitted: Admitted): { auth?: Record<string, unknown> } {
  const { deviceToken } = admitted
  const token = deviceToken === undefined ? {} : { deviceToken: deviceToken.token, issuedAtMs: deviceToken.issuedAtMs }
  if (admitted.protocol === 3 && deviceToken === undefined) return {}
  return { auth: { ...token, role: admitted.role, scopes: admitted.scopesTold } }
}

async function healthNow(rooms: Rooms, methods: readonly Method[], caller: Caller): Promise<unknown> {
  const health = methods.find((method) => method.name === 'health')
  const none = { ok: true, ts: rooms.clock.now(), durationMs: 0, channels: {}, channelOrder: [], channelLabels: {}, heartbeatSeconds: 0, agents: [], sessions: { path: '', count: 0, recent: [] } }
  if (health === undefined || !covers(caller.scopes, health.scope)) return none
  try {
    return await health.handle({}, rooms, caller)
  } catch (error) {
    rooms.log.warn('The health summary for a new connection failed.', { error: String(error) })
    return { ...none, ok: false }
  }
}
