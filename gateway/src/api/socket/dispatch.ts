import type { Scope } from '@moltbot/contract'
import { Compile, type Validator } from 'typebox/compile'
import type { Caller } from '../caller.ts'
import { askerOf, type Answer, type Idempotency } from '../idempotency.ts'
import type { Method } from '../method.ts'
import { describeParamErrors } from '../param-errors.ts'
import type { Rooms } from '../rooms.ts'
import { covers } from '../scopes.ts'
import { runWithdrawable } from '../withdrawal.ts'
import { wireErrorOf, type WireError } from '../wire-error.ts'

/** Runs requests against the shelf of methods. */
export interface Dispatch {
  (name: string, params: unknown, caller: Caller, role: 'operator' | 'node'): Promise<Answer>
}

function missingScope(scope: Scope, protocol: 3 | 4): WireError {
  return { code: protocol === 4 ? 'FORBIDDEN' : 'INVALID_REQUEST', message: `missing scope: ${scope}`, details: { code: 'MISSING_SCOPE', missingScope: scope, requiredScopes: [scope] } }
}

/** How long ago somebody may have signed in who does what is marked `fresh`. */
const freshForMs = 30 * 60_000

function isStale(method: Method, params: unknown, caller: Caller, now: number): boolean {
  const asked = typeof method.fresh === 'function' ? method.fresh(params as never) : method.fresh === true
  return asked && now - caller.provedAt > freshForMs
}

function proveAgain(protocol: 3 | 4): WireError {
  return { code: protocol === 4 ? 'FORBIDDEN' : 'INVALID_REQUEST', message: 'You signed in more than 30 minutes ago; sign in again for this (open /login).', details: { code: 'REAUTHENTICATION_REQUIRED', recommendedNextStep: 'sign_in_again' } }
}

/**
 * Role, scope, existence, judgement, parameters, and only then the method. The judge is asked for administrative methods only:
 * each of its answers is a line of the audit, and a page that reads its lists every few seconds would bury the acts that matter.
 * Reading and speaking are judged where they take effect.
 */
export function createDispatch(methods: readonly Method[], rooms: Rooms, idempotency: Idempotency): Dispatch {
  const shelf = new Map(methods.map((method) => [method.name, method]))
  const validators = new Map<string, Validator>()
  const validatorOf = (method: Method): Validator => {
    let validator = validators.get(method.name)
    if (validator === undefined) validators.set(method.name, (validator = Compile(method.params)))
    return validator
  }
  const refused = (error: WireError): Answer => ({ ok: false, error })
  const invalid = (message: string): Answer => refused({ code: 'INVALID_REQUEST', message })

  return async (name, params, caller, role) => {
    const method = shelf.get(name)
    // A method nobody knows counts as administrative, so that only admins learn which names exist.
    const scope = method?.scope ?? 'operator.admin'
    const nodeMay = scope === 'node' || scope === 'none' || (name === 'health' && caller.protocol === 4)
    if (role === 'node' ? !nodeMay : scope === 'node' && caller.lends !== true) return invalid(`unauthorized role: ${role}`)
    if (role === 'operator' && scope !== 'node' && !covers(caller.scopes, scope)) return refused(missingScope(scope, caller.protocol))
    if (method === undefined) return invalid(`unknown method: ${name}`)

    const validator = validatorOf(method)
    if (!validator.Check(params)) return invalid(`invalid ${name} params: ${describeParamErrors(validator.Errors(params))}`)
    if (isStale(method, params, caller, rooms.clock.now())) return refused(proveAgain(caller.protocol))
    const whence = { ...(caller.address === undefined ? {} : { place: caller.address }), correlation: `${caller.id}/${caller.request ?? name}` }
    const bearing = rooms.bearing ?? ((_, work) => work())
    return idempotency.once(askerOf(caller), name, params, () => bearing(whence, async () => {
      try {
        if (scope === 'operator.admin') {
          const verdict = await rooms.guard.judge(caller.principal, { kind: 'call-method', method: name, scope })
          if (verdict.kind !== 'allow') return refused({ code: caller.protocol === 4 ? 'FORBIDDEN' : 'INVALID_REQUEST', message: verdict.reason })
        }
        return { ok: true, payload: await runWithdrawable(caller.withdrawn, () => method.handle(params, rooms, caller)) }
      } catch (error) {
        const wire = wireErrorOf(error, caller.protocol)
        if (wire.code === 'UNAVAILABLE') rooms.log.warn(`The method ${name} failed.`, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
        return refused(wire)
      }
    }))
  }
}
