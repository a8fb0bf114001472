import type { CommandFacts, PrincipalId, SessionKey } from '@moltbot/contract'
import { reviewNow } from './review.ts'
import type { Rooms } from './rooms.ts'

const auditDays = 7
const auditLinesMax = 20_000
const logLinesMax = 2_000
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** What is looked at before anything is ended: a matter of milliseconds, and gone afterwards. */
export function foundAtIncident(rooms: Rooms, more: { processes(): unknown[]; commands(): { session: SessionKey; principal: PrincipalId; command: CommandFacts }[]; mask(text: string): string }): Record<string, () => Promise<string> | string> {
  return {
    'processes.json': () => more.mask(json(more.processes())),
    'running.json': () => more.mask(json({ turns: rooms.sessions.running(), commands: more.commands() })),
    'browsers.json': async () => json(await rooms.signIns.list()),
    'devices.json': async () => json({ paired: await rooms.devices.list(), pending: await rooms.devices.pending() }),
    'permissions.json': async () => more.mask(json({ standing: await rooms.guard.standing(), open: await rooms.guard.approvals({ open: true }) })),
    'connected.json': () => json(rooms.presence.list()),
  }
}

/** What is looked at once everything stands still. */
export function foundAfterIncident(rooms: Rooms): Record<string, () => Promise<string> | string> {
  return {
    'config.json': () => json(rooms.config.snapshot().effective),
    'log-tail.txt': async () => `${(await rooms.logs.tail(undefined, logLinesMax, 1_000_000)).lines.join('\n')}\n`,
    'channels.json': () => json(rooms.connections.status()),
    'security-audit.json': async () => json(await reviewNow(rooms, { deep: false, quick: false })),
    'audit-verify.json': async () => json((await rooms.record?.verify({})) ?? null),
    async 'audit.jsonl'() {
      const lines: string[] = []
      for (let after: number | undefined; rooms.record !== undefined;) {
        const page = await rooms.record.export({ since: rooms.clock.now() - auditDays * 86_400_000, limit: 1_000, format: 'jsonl', ...(after === undefined ? { after: Number.MIN_SAFE_INTEGER } : { after }) })
        lines.push(...page.lines)
        if (page.next === null || lines.length > auditLinesMax) break
        after = page.next
      }
      return `${lines.slice(-auditLinesMax).join('\n')}\n`
    },
  }
}

/** Tokens of every paired device; it stays paired and has to prove itself anew. Resolves with how many. */
export async function revokeDevices(rooms: Pick<Rooms, 'devices'>): Promise<number> {
  let revoked = 0
  for (const device of await rooms.devices.list()) {
    for (const { role, revokedAtMs } of device.tokens) {
      if (revokedAtMs !== undefined) continue
      await rooms.devices.revokeToken(device.deviceId, role)
      revoked += 1
    }
  }
  return revoked
}
