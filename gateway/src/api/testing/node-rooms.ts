import { countingIds, FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { createNodes, type NodeAct, type NodeLink, type NodesDoor } from '../../foundation/nodes/index.ts'
import { fakeCaller, type FakeCaller } from './call-method.ts'
import { fakeRooms } from './fake-rooms.ts'
import type { Rooms } from '../rooms.ts'

/** Rooms with the real registry of nodes and one page of the owner's in it, which hears what it is asked in `heard`. */
export async function nodeRooms(changes: Partial<NodeLink> = {}): Promise<{ rooms: Rooms & { nodes: NodesDoor }; page: FakeCaller; clock: FakeClock; acts: NodeAct[] }> {
  const clock = new FakeClock()
  const acts: NodeAct[] = []
  const config = { get: () => ({ allowCommands: [], denyCommands: ['clipboard.read'] }) } as never
  const nodes = createNodes({ config, clock, newId: countingIds(), log: memoryLogger(), record: async (act) => void acts.push(act) })
  const page = fakeCaller({ scopes: ['operator.admin'], lends: true })
  nodes.connect({
    connection: page.id, id: `page-${page.id}`, principal: page.principal.id, kind: 'page', name: 'Chromium, Linux', platform: 'Linux', version: '1', caps: [], commands: ['location.get', 'system.notify', 'clipboard.read'],
    send: page.emit, gone: page.signal, ...changes,
  })
  return { rooms: Object.assign(await fakeRooms(), { nodes }), page, clock, acts }
}
