import { Problem, describeError } from '@moltbot/contract'
import type { AgentId, ChannelId, Charge, Clock, FaultClass, ModelEvent, ModelFetch, ModelFormat, ModelRequest, PrincipalId, Provider, SessionKey, TurnId, Usage } from '@moltbot/contract'
import { tokensOf } from './prices.ts'
import type { Admission, Settlement } from './types.ts'

/** Calls that belong to nobody's turn. */
const gatewayCharge: Charge = { principal: 'gateway' as PrincipalId, agent: '' as AgentId, channel: '' as ChannelId, session: '' as SessionKey, turn: '' as TurnId, privy: true }
/** A stream that was told to stop and has not ended by then is settled without its ending. */
const graceMs = 1_500

/** How far a call came on the wire. */
interface Wire { state: 'unsent' | 'sent' | 'refused' | 'answering' }

/** A wire format of which every call is admitted before it is sent and settled when it is over, however it ends. */
export function meterFormat(format: ModelFormat, options: {
  clock: Clock
  admit(charge: Charge, provider: Provider, request: ModelRequest): Promise<Admission>
  tokensPerSecondMax: number
}): ModelFormat {
  const { clock } = options
  return {
    ...format,
    connect(provider, host) {
      const plain = format.connect(provider, host)
      return {
        ...(plain.list === undefined ? {} : { list: (signal: AbortSignal) => plain.list?.(signal) ?? Promise.resolve([]) }),
        async *stream(request: ModelRequest): AsyncGenerator<ModelEvent> {
          const admission = await options.admit(request.charge ?? gatewayCharge, provider, request)
          if (admission.kind === 'refused') {
            yield { type: 'start' }
            yield noRoom(`${provider.id}/${request.model}`, admission.problem)
            return
          }
          const { reservation } = admission
          const wire: Wire = { state: 'unsent' }
          const startedAt = clock.now()
          let seen = 0
          const brokenOff = (usage?: Usage): Settlement => {
            if (wire.state === 'unsent' || wire.state === 'refused') return { kind: 'nothing' }
            const written = ((clock.now() - startedAt) / 1_000) * options.tokensPerSecondMax
            // Thinking may be hidden; without it, what was seen is what was written.
            const output = request.thinking === 'off' && seen > 0 ? seen : Math.max(seen, written)
            return { kind: 'assumed', ...(usage !== undefined && usage.input + usage.cacheRead + usage.cacheWrite > 0 ? { input: usage } : {}), output: Math.max(output, usage?.output ?? 0) }
          }
          let cancelGrace = (): void => undefined
          const onAbort = (): void => {
            cancelGrace = clock.after(graceMs, () => reservation.settle(brokenOff()))
          }
          request.signal.addEventListener('abort', onAbort, { once: true })
          try {
            const model = format.connect(provider, { ...host, fetch: watched(host.fetch, wire) })
            for await (const event of model.stream({ ...request, maxOutputTokens: reservation.maxOutputTokens })) {
              if (event.type === 'text-delta' || event.type === 'thinking-delta') seen += tokensOf(event.text)
              else if (event.type === 'tool-call-delta') seen += tokensOf(event.json)
              else if (event.type === 'end') reservation.settle(settlementOf(event, seen, brokenOff))
              yield event
            }
          } finally {
            reservation.settle(brokenOff())
            cancelGrace()
            request.signal.removeEventListener('abort', onAbort)
          }
        },
      }
    },
  }
}

function noRoom(ref: string, problem: Problem): ModelEvent {
  return { type: 'end', stop: 'error', message: { role: 'assistant', model: ref, content: [] }, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, fault: { class: 'budget', message: describeError(problem) } }
}

/** Faults with which a provider turns a request away before it writes anything. */
const turnedAway: readonly FaultClass[] = ['rate_limit', 'overloaded', 'auth', 'auth_permanent', 'billing', 'model_not_found', 'context_overflow', 'format']

function settlementOf(end: Extract<ModelEvent, { type: 'end' }>, seen: number, brokenOff: (usage: Usage) => Settlement): Settlement {
  const { usage, message } = end
  const counted = usage.input + usage.output + usage.cacheRead + usage.cacheWrite
  if (end.stop === 'error' || end.stop === 'aborted') {
    if (counted === 0 && seen === 0 && end.fault !== undefined && turnedAway.includes(end.fault.class)) return { kind: 'nothing' }
    return brokenOff(usage)
  }
  const written = message.content.reduce((sum, part) => sum + tokensOf(part.type === 'tool-call' ? part.name + JSON.stringify(part.input) : part.text), 0)
  if (usage.output === 0 && written > 0) return { kind: 'assumed', ...(counted > 0 ? { input: usage } : {}), output: Math.max(seen, written) }
  // Many servers count only when asked in their own way: nothing at all is no count.
  return counted === 0 ? { kind: 'assumed', output: seen } : { kind: 'counted', usage }
}

/** What an error says when the connection never came about, so that nothing was sent. */
const neverConnected = /^(?:ECONNREFUSED|ENOTFOUND|EAI_|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EHOSTDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_INVALID|ERR_UNESCAPED|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|ERR_TLS|ERR_SSL|HOSTNAME_MISMATCH)/

function watched(fetch: ModelFetch, wire: Wire): ModelFetch {
  return async (input, init) => {
    wire.state = 'sent'
    try {
      const response = await fetch(input, init)
      wire.state = response.ok ? 'answering' : 'refused'
      return response
    } catch (error) {
      const codes = codesOf(error)
      // Our own host refuses an address, or a redirect that it does not follow; a request that is not allowed fails without a code of the network.
      if (error instanceof Problem || (error instanceof TypeError && codes.length === 0) || codes.some((code) => neverConnected.test(code))) wire.state = 'refused'
      throw error
    }
  }
}

function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 4) return []
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  return [...(typeof code === 'string' ? [code] : []), ...codesOf(cause, depth + 1), ...(Array.isArray(errors) ? errors.flatMap((each) => codesOf(each, depth + 1)) : [])]
}
