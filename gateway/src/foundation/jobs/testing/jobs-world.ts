import type { ChatRef, IncomingMessage, Migration, PrincipalId, SenderId, SessionKey, Store } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { openStore } from '../../storage/index.ts'
import { createJobs, cronSection, jobsMigration, type CronConfig, type EndedWork, type JobsNeeds, type JobsRoom, type NewJob } from '../index.ts'

/** Time that passes when told, and a wall clock that can be set to anything. */
export class SetClock extends FakeClock {
  offset = 0
  override now(): number {
    return super.now() + this.offset
  }
}

export const olga = { principal: 'owner' as PrincipalId, all: false }
export const chat = { channel: 'post', account: 'default', chat: '77', kind: 'direct' } as unknown as ChatRef
export const done: EndedWork = { end: 'answered', detail: null, outcome: 'answered', text: 'Done.', acted: false, undone: false, timedOut: false }

export interface JobsWorld {
  clock: SetClock
  store: Store
  jobs: JobsRoom
  settings: CronConfig
  /** What the route took, in order; the same id is one message. */
  received: IncomingMessage[]
  told: { chat: ChatRef | null; words: string; key: string }[]
  injected: { session: SessionKey; text: string; origin: string | undefined }[]
  recorded: string[]
  /** How each message ends once it was taken; undefined: not yet. */
  ends: (message: IncomingMessage) => EndedWork | undefined
  held: boolean
  /** Gives a message its end. */
  end(message: IncomingMessage, work?: EndedWork): void
  add(job: Partial<NewJob> & Pick<NewJob, 'times'>, who?: typeof olga): Promise<string>
  /** Time passes, and everything that follows from it has happened. */
  pass(ms: number): Promise<void>
  /** The gateway dies between two commits and starts again. `change` puts other parts in. */
  restart(change?: Partial<JobsNeeds>): Promise<void>
  settle(): Promise<void>
}

/** Jobs with a route that takes everything and ends it as told. */
export async function jobsWorld(migrations: readonly Migration[] = [jobsMigration]): Promise<JobsWorld> {
  const clock = new SetClock(Date.UTC(2026, 2, 1))
  const store = await openStore({ file: ':memory:', migrations: [...migrations] })
  const ended = new Map<string, EndedWork>()
  const listeners = new Set<(id: string) => void>()
  let ids = 0
  const make = (change: Partial<JobsNeeds> = {}): JobsRoom => {
    listeners.clear()
    return createJobs({
      store, clock, newId: (prefix) => `${prefix}${String(++ids).padStart(6, '0')}`, log: memoryLogger(),
      needs: {
        settings: () => world.settings, zone: () => 'Europe/Berlin', held: () => world.held, record: async (_tx, { act }) => void world.recorded.push(act),
        async receive(message) {
          if (world.received.some(({ id }) => id === message.id)) return
          world.received.push(message)
          const work = world.ends(message)
          if (work !== undefined) ended.set(message.id, work)
        },
        async outcomeOf(id) {
          return ended.get(id) ?? (world.received.some((message) => message.id === id) ? { ...done, end: null, outcome: null, text: '' } : undefined)
        },
        onEnded: (listener) => void listeners.add(listener),
        ownPlace: (session) => ({ ...chat, chat: session as string as ChatRef['chat'] }), homeOf: async () => 'agent:main:main' as SessionKey, refresh: async () => undefined,
        async abort(session) {
          for (const message of world.received) if (message.session === session && !ended.has(message.id)) world.end(message, { ...done, outcome: 'aborted', text: '' })
        },
        labelOf: async () => undefined, inject: async (session, text, origin) => void world.injected.push({ session, text, origin }),
        tell: (to, words, _principal, key) => void world.told.push({ chat: to, words, key }), model: (name) => name, principal: async () => undefined, mask: (text) => text, ...change,
      },
    })
  }
  const world: JobsWorld = {
    clock, store, jobs: undefined as unknown as JobsRoom, settings: Value.Default(cronSection.schema, {}) as CronConfig, received: [], told: [], injected: [], recorded: [], ends: () => done, held: false,
    end(message, work = done) {
      ended.set(message.id, work)
      for (const listener of listeners) listener(message.id)
    },
    async add(job, who = olga) {
      const { id } = await world.jobs.add({ text: 'Do it.', agent: 'main' as never, chat, sender: 'olga' as SenderId, ...job }, who)
      return id
    },
    async pass(ms) {
      await clock.advance(ms)
      // Its timer would fire now: the fake clock runs ahead of what is written down meanwhile.
      world.jobs.wake()
      await world.settle()
    },
    async settle() {
      // Two rounds: what ends a run may begin the next.
      for (let round = 0; round < 4; round += 1) {
        await store.transaction(async () => undefined)
        await world.jobs.runs({ limit: 1 }, olga)
        await new Promise((resolve) => { setImmediate(resolve) })
      }
    },
    async restart(change) {
      await world.jobs.close()
      world.jobs = make(change)
      await world.jobs.start()
      await world.settle()
    },
  }
  world.jobs = make()
  await world.jobs.start()
  return world
}
