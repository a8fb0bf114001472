import { ownerPrincipal } from '@moltbot/contract'
import type { Scope } from '@moltbot/contract'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Broadcast } from '../broadcast.ts'
import type { Caller } from '../caller.ts'
import type { Method } from '../method.ts'
import { describeParamErrors } from '../param-errors.ts'
import type { Rooms } from '../rooms.ts'

/** One event as a connection received it. */
export interface Heard { event: string; payload: Record<string, unknown> }

export interface FakeCaller extends Caller {
  /** What this connection was sent, in order. */
  heard: Heard[]
  /** Second answers of `agent`. */
  answers: { payload: unknown; error: { code: string; message: string } | undefined }[]
  leave(): void
}

let callers = 0

/** A connected owner with every scope, on protocol 4, unless the test says otherwise. */
export function fakeCaller(changes: Partial<Omit<Caller, 'emit' | 'respondAgain' | 'signal' | 'withdrawn'>> = {}): FakeCaller {
  const gone = new AbortController()
  const heard: Heard[] = []
  const answers: FakeCaller['answers'] = []
  return {
    id: `caller-${++callers}`,
    principal: { id: ownerPrincipal, role: 'owner', name: 'Owner' },
    scopes: ['operator.admin'] satisfies Scope[],
    protocol: 4,
    client: { id: 'moltbot-control-ui', mode: 'webchat' },
    device: null,
    caps: [],
    subscriptions: { sessions: false, messages: new Set() },
    provedAt: Date.now(),
    signIn: null,
    finishFirst: () => undefined,
    withdrawn: gone.signal,
    signal: gone.signal,
    ...changes,
    heard,
    answers,
    emit: (event, payload) => void heard.push({ event, payload: payload as Record<string, unknown> }),
    respondAgain: (payload, error) => void answers.push({ payload, error }),
    leave: () => gone.abort(),
  }
}

/** A broadcast to callers made by hand; payloads arrive as they would through JSON. */
export function fakeBroadcast(connected: readonly FakeCaller[]): Broadcast & { stateVersions: unknown[]; droppable: { event: string; droppable: boolean }[] } {
  const stateVersions: unknown[] = []
  const droppable: { event: string; droppable: boolean }[] = []
  return {
    stateVersions,
    droppable,
    toAll(event, payload, options) {
      droppable.push({ event, droppable: options?.droppable === true })
      if (options?.stateVersion !== undefined) stateVersions.push(options.stateVersion)
      for (const caller of connected) {
        const shaped = payload(caller)
        if (shaped !== undefined) caller.heard.push({ event, payload: JSON.parse(JSON.stringify(shaped)) as Record<string, unknown> })
      }
    },
    toCaller(id, event, payload) {
      connected.find((caller) => caller.id === id)?.heard.push({ event, payload: JSON.parse(JSON.stringify(payload)) as Record<string, unknown> })
    },
    callers: () => connected,
  }
}

/** Calls a method as the door would: parameters must fit its schema, and what it answers must fit the schema it announces, as JSON. */
export async function callMethod<Params extends TSchema, Result extends TSchema>(method: Method<Params, Result>, params: unknown, rooms: Rooms, caller: Caller = fakeCaller()): Promise<Static<Result>> {
  const expects = Compile(method.params)
  if (!expects.Check(params)) throw new Error(`invalid ${method.name} params: ${describeParamErrors(expects.Errors(params))}`)
  const answer: unknown = JSON.parse(JSON.stringify(await method.handle(params as Static<Params>, rooms, caller)))
  const promises = Compile(method.result)
  if (!promises.Check(answer)) throw new Error(`${method.name} answers against its schema: ${JSON.stringify(promises.Errors(answer).slice(0, 4))}\n${JSON.stringify(answer)}`)
  return answer as Static<Result>
}

/** Lets everything that waits only for other promises and for the next tick happen. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 8; round += 1) await new Promise((resolve) => setImmediate(resolve))
}
