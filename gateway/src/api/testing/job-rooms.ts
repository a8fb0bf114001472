import { Problem, mainAgent, type ChatRef, type PrincipalId, type SenderId } from '@moltbot/contract'
import { memoryLogger } from '@moltbot/contract/testing'
import { createJobs, cronSection, jobsMigration, type CronConfig, type JobsRoom } from '../../foundation/jobs/index.ts'
import { openStore } from '../../foundation/storage/index.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'
import Value from 'typebox/value'

/** The one chat that is known here. */
export const knownChat = { channel: 'post', account: 'default', chat: '77', kind: 'direct', title: 'Olga' } as unknown as ChatRef

/** Rooms with the real jobs, whose runs are taken and never end. */
export async function jobRooms(): Promise<FakeRooms & { jobsRoom: JobsRoom; received: { text: string }[] }> {
  const rooms = await fakeRooms()
  const received: { text: string }[] = []
  const jobsRoom = createJobs({
    store: await openStore({ file: ':memory:', migrations: [jobsMigration] }), clock: rooms.clock, newId: rooms.newId, log: memoryLogger(),
    needs: {
      settings: () => Value.Default(cronSection.schema, {}) as CronConfig, zone: () => 'UTC', held: () => false, record: async () => undefined, receive: async (message) => void received.push(message), outcomeOf: async () => undefined, onEnded: () => undefined,
      ownPlace: () => knownChat, homeOf: async () => 'agent:main:main' as never, refresh: async () => undefined, abort: async () => undefined, labelOf: async () => undefined, inject: async () => undefined, tell: () => undefined,
      model: (name) => (name === 'none' ? undefined : `test/${name}`), principal: async () => undefined, mask: (text) => text,
    },
  })
  rooms.jobs = {
    ...jobsRoom, agent: () => mainAgent,
    async place(principal: PrincipalId, wanted) {
      if (wanted === 'none') return { chat: null, sender: principal as string as SenderId }
      if (wanted.channel !== undefined && wanted.channel !== knownChat.channel) throw new Problem('recipient-unknown', 'There is no such chat.')
      return { chat: knownChat, sender: 'olga-77' as SenderId }
    },
  }
  return Object.assign(rooms, { jobsRoom, received })
}
