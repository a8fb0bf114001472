import type { Approval } from '../../journey/guard/types.ts'
import type { Rooms } from '../rooms.ts'

/** A question that is open. */
export function askedApproval(rooms: Rooms): Promise<Approval> {
  return rooms.guard.request({
    tool: 'run', input: { command: 'ls' }, effects: [{ kind: 'runs-code', what: 'ls' }], agent: 'main' as never, session: null, turn: null, principal: { id: 'owner' as never, role: 'owner' },
    summary: 'ls', reason: 'because',
  })
}
