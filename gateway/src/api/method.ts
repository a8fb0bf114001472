import type { Scope } from '@moltbot/contract'
import type { Static, TSchema } from 'typebox'
import type { Rooms } from './rooms.ts'
import type { Caller } from './caller.ts'

/** One RPC method. `scope` is checked before `handle` is ever reached; a method without one does not compile. */
export interface Method<Params extends TSchema = TSchema, Result extends TSchema = TSchema> {
  /** As on the wire (`chat.send`). */
  name: string
  scope: Scope
  /** True (or true for these parameters): whoever signed in longer than 30 minutes ago proves themselves again first. */
  fresh?: boolean | ((params: Static<Params>) => boolean)
  params: Params
  result: Result
  /** One sentence for the reference page. */
  summary: string
  /** Throws `Problem` for what the caller can mend; the door gives it the right wire code. */
  handle(params: Static<Params>, rooms: Rooms, caller: Caller): Promise<Static<Result>>
}

export function defineMethod<Params extends TSchema, Result extends TSchema>(method: Method<Params, Result>): Method<Params, Result> {
  return method
}
