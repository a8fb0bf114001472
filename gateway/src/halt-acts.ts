/** What a pause and a panic do to the other rooms, and what a panic writes down of them. */
import { foundAfterIncident, foundAtIncident, revokeDevices, type Rooms } from './api/index.ts'
import type { Egress } from './foundation/egress/index.ts'
import { processesUnder, type HaltOptions } from './foundation/halt/index.ts'
import type { JobsRoom } from './foundation/jobs/index.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'
import type { BrowserRoom, CommandRoom } from './journey/sandbox/index.ts'
import type { SessionsRoom } from './journey/sessions/index.ts'

export function haltActs({ sessions, egress, outbox, jobs, commands, browsers, guard, rooms, mask }: {
  sessions: Pick<SessionsRoom, 'hold' | 'release' | 'stopAll' | 'waitingInAll' | 'forgetWaiting'>
  egress: Pick<Egress, 'cut' | 'restore'>
  outbox: Pick<OutboxRoom, 'release'>
  jobs: Pick<JobsRoom, 'wake'>
  commands: Pick<CommandRoom, 'stopAll' | 'running'>
  browsers: Pick<BrowserRoom, 'stopAll'>
  guard: Pick<GuardRoom, 'revokeStanding' | 'approvals' | 'decide'>
  /** Asked when a panic comes: they are not all there yet when this is made. */
  rooms(): Rooms
  mask(text: string): string
}): HaltOptions['acts'] {
  return {
    hold(kind) {
      sessions.hold()
      if (kind === 'panic') egress.cut()
    },
    release() {
      egress.restore()
      outbox.release()
      sessions.release()
      jobs.wake()
    },
    async stopWork() {
      const [turns, ended] = await Promise.all([sessions.stopAll(), commands.stopAll(), browsers.stopAll()])
      return { turns, commands: ended }
    },
    waiting: sessions.waitingInAll, forget: sessions.forgetWaiting,
    revoke: {
      browsers: () => rooms().signIns.endAll(),
      devices: () => revokeDevices(rooms()),
      grants: ({ principal, via }) => guard.revokeStanding('all', { principal: { id: principal, role: 'owner' }, via }),
      async approvals({ principal, via }) {
        const open = await guard.approvals({ open: true })
        for (const { id } of open) await guard.decide(id, 'deny', { principal: { id: principal, role: 'owner' }, via })
        return open.length
      },
    },
    found: () => foundAtIncident(rooms(), { processes: () => processesUnder(process.pid), commands: commands.running, mask }),
    foundAfter: () => foundAfterIncident(rooms()),
  }
}
