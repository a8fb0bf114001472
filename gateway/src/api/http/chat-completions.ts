import { createHash } from 'node:crypto'
import { noUsage, ownerPrincipal, Problem, describeError, unreachable } from '@moltbot/contract'
import type { ChatId, InboxId, PlatformMessageId, SenderId, SessionKey, TurnId, TurnOutcome, Usage } from '@moltbot/contract'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FeedItem } from '../../journey/sessions/types.ts'
import { describeParamErrors } from '../param-errors.ts'
import type { Rooms } from '../rooms.ts'
import { nextStep } from '../wire/next-step.ts'
import { chatRequest, promptOf, type ChatRequest } from './chat-request.ts'
import { takeBody } from './request-body.ts'
import { sendJson } from './respond.ts'
import { parseStrictly } from './strict-json.ts'

/** `next`: what can be done about it. */
type Failure = { status: number; message: string; next?: string; type: string; code?: string; param?: string }

const brands = ['moltbot', 'clawdbot', 'openclaw'] as const
const keepAliveEveryMs = 15_000
/** How often an outcome is looked up for a repeated request whose turn may have ended before we listened. */
const lookAgainEveryMs = 1_000

function header(request: IncomingMessage, suffix: string): string | undefined {
  for (const brand of brands) {
    const value = request.headers[`x-${brand}-${suffix}`]
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
  }
  return undefined
}

function sendFailure(response: ServerResponse, failure: Failure): void {
  sendJson(response, failure.status, errorOf(failure))
}

/** Clients show a person the message and nothing else, so that what to do stands in it. */
function errorOf({ message, next, type, param, code }: Failure): { error: Record<string, string | null> } {
  return { error: { message: next === undefined ? message : `${message} ${next}`, type, param: param ?? null, code: code ?? null } }
}

/** The models a client may name: the gateway itself (its default agent) and each agent. */
export function listModels(rooms: Rooms): { id: string; object: 'model'; created: number; owned_by: string }[] {
  return ['moltbot', ...rooms.agents.list().map((agent) => `moltbot:${agent.id}`)].map((id) => ({ id, object: 'model', created: 0, owned_by: 'moltbot' }))
}

/** Which agent is meant. Names of other vendors' models mean the default agent, because many programs cannot send another name. */
function agentOf(rooms: Rooms, request: IncomingMessage, model: string | undefined): { agent: string } | Failure {
  const agents = rooms.agents.list()
  const named = header(request, 'agent-id') ?? header(request, 'agent') ?? /^(?:moltbot|clawdbot|openclaw|agent)[:/](.+)$/i.exec(model ?? '')?.[1]
  const fallback = agents.find((agent) => agent.isDefault) ?? agents[0]
  if (named === undefined || named.toLowerCase() === 'default') return { agent: fallback?.id ?? 'main' }
  const found = agents.find((agent) => agent.id.toLowerCase() === named.toLowerCase())
  if (found !== undefined) return { agent: found.id }
  return { status: 404, message: `There is no agent "${named}".`, next: 'Ask GET /v1/models for the names.', type: 'invalid_request_error', code: 'model_not_found', param: 'model' }
}

/** The session of a request: named by header, kept per `user`, else one of its own that no other request shares. */
function sessionOf(rooms: Rooms, request: IncomingMessage, agent: string, body: ChatRequest, once: string): { key: SessionKey; remembers: boolean } {
  const named = header(request, 'session-key')
  if (named !== undefined) return { key: rooms.sessions.resolveKey(named), remembers: true }
  if (body.user != null && body.user !== '') {
    const user = body.user.toLowerCase()
    const plain = /^[a-z0-9][a-z0-9._@+-]{0,63}$/.test(user) ? user : createHash('sha256').update(body.user).digest('hex').slice(0, 32)
    return { key: rooms.sessions.resolveKey(`agent:${agent}:openai-user:${plain}`), remembers: true }
  }
  return { key: rooms.sessions.resolveKey(`agent:${agent}:openai:${once}`), remembers: false }
}

function usageOf(usage: Usage): { prompt_tokens: number; completion_tokens: number; total_tokens: number } {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite
  return { prompt_tokens: prompt, completion_tokens: usage.output, total_tokens: prompt + usage.output }
}

function failureOf(outcome: Extract<TurnOutcome, { kind: 'failed' }>): Failure {
  const { class: kind, message } = outcome.fault
  const then = nextStep(kind)
  const next = then === undefined ? {} : { next: then }
  if (kind === 'rate_limit' || kind === 'overloaded') return { status: 429, message, ...next, type: 'rate_limit_error', code: kind }
  if (kind === 'budget') return { status: 402, message, ...next, type: 'insufficient_quota', code: kind }
  if (kind === 'context_overflow') return { status: 400, message, ...next, type: 'invalid_request_error', code: 'context_length_exceeded' }
  return { status: 500, message, ...next, type: 'api_error', code: kind }
}

const whyOf = (inbox: InboxId): string => `See what happened: moltbot why ${inbox}`

type Ending = { kind: 'said'; text: string; finish: 'stop' | 'length' | 'content_filter'; usage: Usage } | { kind: 'failed'; failure: Failure }

/** Watches one message from its acceptance to its end. */
interface Watch {
  ended: Promise<Ending>
  turn(): TurnId | undefined
  /** The message was seen before: its end may be long past. */
  repeated(): void
  stop(): void
}

function watch(rooms: Rooms, platformId: string, key: SessionKey, onText: (text: string) => void): Watch {
  let turn: TurnId | undefined
  let usage: Usage = noUsage
  let said = ''
  let fresh = true
  let finish = (_ending: Ending): void => undefined
  const ended = new Promise<Ending>((resolve) => (finish = resolve))
  const notices: string[] = []
  let cancelLook = (): void => undefined

  const settle = (outcome: TurnOutcome): void => {
    const { undone = '' } = outcome
    if (undone !== '' && said !== '') onText(`\n\n${undone}`)
    const all = (text: string): string => [text, undone].filter((part) => part !== '').join('\n\n')
    switch (outcome.kind) {
      case 'answered': return finish({ kind: 'said', text: all(outcome.text), finish: 'stop', usage })
      case 'limit': return finish({ kind: 'said', text: all(outcome.text), finish: 'length', usage })
      case 'silent': return finish({ kind: 'said', text: all(notices.join('\n\n')), finish: 'stop', usage })
      case 'aborted': return finish(all(outcome.text) !== '' ? { kind: 'said', text: all(outcome.text), finish: 'stop', usage } : { kind: 'failed', failure: { status: 503, message: 'The turn was stopped before it answered.', next: 'Send it again.', type: 'api_error', code: 'aborted' } })
      case 'failed': return finish({ kind: 'failed', failure: { ...failureOf(outcome), message: all(failureOf(outcome).message) } })
      default: return unreachable(outcome)
    }
  }
  const hear = (item: FeedItem): void => {
    if (item.kind === 'turn' || item.kind === 'turn-settled') {
      if (turn === undefined && item.turn.key === key && item.turn.messages.some((message) => message.platformId === platformId)) turn = item.turn.id
      if (turn !== item.turn.id) return
      if (item.kind === 'turn-settled') return settle(item.outcome)
      const { event } = item
      if (event.type === 'model-start') fresh = true
      if (event.type === 'text-delta' && event.text !== '') {
        const gap = fresh && said !== '' ? '\n\n' : ''
        fresh = false
        said += gap + event.text
        onText(gap + event.text)
      }
      if (event.type === 'assistant-end') {
        usage = {
          input: usage.input + event.usage.input, output: usage.output + event.usage.output,
          cacheRead: usage.cacheRead + event.usage.cacheRead, cacheWrite: usage.cacheWrite + event.usage.cacheWrite,
        }
      }
      return
    }
    if (item.kind !== 'message-ended' || item.platformId !== platformId || (item.key !== null && item.key !== key)) return
    if (item.turnId !== null) turn ??= item.turnId
    if (item.end === 'denied') return finish({ kind: 'failed', failure: { status: 403, message: item.detail ?? 'Refused.', next: whyOf(item.inbox), type: 'invalid_request_error', code: 'denied' } })
    if (item.end === 'failed' && item.turnId === null) return finish({ kind: 'failed', failure: { status: 500, message: notices.at(-1) ?? item.detail ?? 'The message could not be answered.', next: whyOf(item.inbox), type: 'api_error' } })
    if (item.end === 'command' || (item.end === 'silent' && item.turnId === null)) finish({ kind: 'said', text: notices.join('\n\n'), finish: 'stop', usage })
  }
  const look = async (): Promise<void> => {
    const outcome = await rooms.sessions.outcomeOf(platformId, { principal: ownerPrincipal, key })
    if (outcome?.turnId != null) turn ??= outcome.turnId
    if (outcome?.end === 'answered' || outcome?.end === 'silent' || outcome?.end === 'command') return finish({ kind: 'said', text: outcome.text ?? '', finish: 'stop', usage: outcome.usage ?? noUsage })
    if (outcome?.end === 'denied' || outcome?.end === 'failed') return finish({ kind: 'failed', failure: { status: 500, message: outcome.detail ?? 'The message could not be answered.', next: whyOf(outcome.inbox), type: 'api_error' } })
    cancelLook = rooms.clock.after(lookAgainEveryMs, () => void look())
  }

  const stopFeed = rooms.sessions.feed.subscribe(hear)
  const stopSends = rooms.doors('http')?.onSend((chat, message) => {
    if (String(chat.chat) === String(key)) notices.push(message.markdown)
  })
  return {
    ended,
    turn: () => turn,
    repeated: () => void look(),
    stop() {
      stopFeed()
      stopSends?.()
      cancelLook()
    },
  }
}

/** `POST /v1/chat/completions`, for an authenticated request. The message takes the same road as any other: inbox, guard, session, agent. */
export async function completeChat(rooms: Rooms, request: IncomingMessage, response: ServerResponse, bodyMax: number): Promise<void> {
  const text = await takeBody(request, response, {
    type: 'application/json', bytesMax: bodyMax, clock: rooms.clock,
    refuse: (status, reason) => sendFailure(response, { status, message: reason, ...(status === 413 ? { next: 'Send less; the limit is gateway.http.endpoints.chatCompletions.maxBodyBytes.' } : {}), type: 'invalid_request_error' }),
  })
  if (text === undefined) return
  const parsed = parseStrictly(text)
  if (!parsed.ok) return sendFailure(response, { status: 400, message: `The request body cannot be used: ${parsed.reason}.`, next: 'Send one JSON object.', type: 'invalid_request_error' })
  const body = parsed.value
  if (!chatRequest.Check(body)) return sendFailure(response, { status: 400, message: `Invalid request: ${describeParamErrors(chatRequest.Errors(body))}.`, next: 'Correct the request.', type: 'invalid_request_error' })

  const door = rooms.doors('http')
  if (door === undefined) return sendFailure(response, { status: 503, message: 'The HTTP way in is switched off or still starting.', next: 'Try again in a moment, or look at: moltbot channels status', type: 'api_error' })
  const chosen = agentOf(rooms, request, body.model)
  if ('status' in chosen) return sendFailure(response, chosen)

  // Clients that retry say so with this header; the inbox then knows the message again, and nothing is answered twice.
  const repeatable = request.headers['idempotency-key']
  const once = typeof repeatable === 'string' && repeatable !== '' ? createHash('sha256').update(repeatable).digest('hex').slice(0, 32) : rooms.newId('oa').toLowerCase().replace(/[^a-z0-9-]/g, '-')
  let session: { key: SessionKey; remembers: boolean }
  try {
    session = sessionOf(rooms, request, chosen.agent, body, once)
  } catch (error) {
    return sendFailure(response, { status: 400, message: describeError(error), type: 'invalid_request_error', param: 'user' })
  }
  const prompt = promptOf(body, session.remembers)
  if (prompt === undefined) return sendFailure(response, { status: 400, message: 'Missing user message in `messages`.', next: 'Send one with the role user, after the last of the assistant.', type: 'invalid_request_error', param: 'messages' })
  const wanted = header(request, 'model') ?? (body.model?.includes('/') === true ? body.model : undefined)
  const model = wanted === undefined ? undefined : rooms.models.resolve(wanted)

  const platformId = `http-${once}` as PlatformMessageId
  const reply = startReply(rooms, response, body)
  const watching = watch(rooms, platformId, session.key, (text) => reply.text(text))
  let gone = false
  const abandon = (): void => {
    if (response.writableFinished || gone) return
    gone = true
    void abandonTurn(rooms, session, watching, platformId)
  }
  response.on('close', abandon)
  try {
    const receipt = await door.submit({
      id: platformId,
      chat: session.key as string as ChatId,
      sender: { id: ownerPrincipal as string as SenderId },
      sentAt: rooms.clock.now(),
      text: prompt.text,
      attachments: prompt.attachments,
      mentioned: 'yes',
      session: session.key,
      wishes: { commands: false, ...(prompt.instructions === undefined ? {} : { instructions: prompt.instructions }), ...(model === undefined ? {} : { model }) },
    })
    if (receipt.kind === 'refused') return reply.failed({ status: 400, message: receipt.reason, type: 'invalid_request_error' })
    if (receipt.kind === 'duplicate') watching.repeated()
    reply.accepted()
    const ending = await watching.ended
    if (ending.kind === 'failed') reply.failed(ending.failure)
    else reply.ended(ending)
  } catch (error) {
    rooms.log.error('A chat completion failed.', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    reply.failed({ status: 500, message: error instanceof Problem ? describeError(error) : 'The gateway could not take the message because of an error of its own. The log says more: moltbot logs', type: 'api_error' })
  } finally {
    watching.stop()
  }
}

/** The client hung up: nobody will read the answer, so no more is spent on it. A shared session's other work goes on. */
async function abandonTurn(rooms: Rooms, session: { key: SessionKey; remembers: boolean }, watching: Watch, platformId: string): Promise<void> {
  const turn = watching.turn() ?? rooms.sessions.running(session.key).find((one) => one.messages.some((message) => message.platformId === platformId))?.id
  try {
    if (turn !== undefined) await rooms.sessions.abort(session.key, { turn, reason: 'stop' })
    else if (!session.remembers) await rooms.sessions.abort(session.key, { reason: 'stop' })
  } catch (error) {
    rooms.log.warn('The turn of a client that hung up could not be stopped.', { error: describeError(error) })
  }
}

interface Reply {
  /** The message is written down: a stream may begin. */
  accepted(): void
  text(text: string): void
  ended(ending: Extract<Ending, { kind: 'said' }>): void
  failed(failure: Failure): void
}

function startReply(rooms: Rooms, response: ServerResponse, body: ChatRequest): Reply {
  const id = `chatcmpl_${rooms.newId('cc')}`
  const created = Math.floor(rooms.clock.now() / 1000)
  const model = body.model ?? 'moltbot'
  const nothing = 'No response from Moltbot.'

  if (body.stream !== true) {
    return {
      accepted: () => undefined,
      text: () => undefined,
      ended({ text, finish, usage }) {
        sendJson(response, 200, {
          id, object: 'chat.completion', created, model,
          choices: [{ index: 0, message: { role: 'assistant', content: text === '' ? nothing : text, refusal: null }, logprobs: null, finish_reason: finish }],
          usage: usageOf(usage),
        })
      },
      failed: (failure) => sendFailure(response, failure),
    }
  }

  let started = false
  let written = ''
  let cancelKeepAlive = (): void => undefined
  const write = (value: unknown): void => {
    if (!response.destroyed) response.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`)
  }
  const includeUsage = body.stream_options?.include_usage === true
  const chunk = (delta: Record<string, unknown>, finish: string | null): void =>
    write({ id, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...(includeUsage ? { usage: null } : {}) })
  const keepAlive = (): void => {
    if (!response.destroyed) response.write(': still working\n\n')
    cancelKeepAlive = rooms.clock.after(keepAliveEveryMs, keepAlive)
  }
  const start = (): void => {
    if (started) return
    started = true
    response.statusCode = 200
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Accel-Buffering', 'no')
    chunk({ role: 'assistant', content: '' }, null)
    cancelKeepAlive = rooms.clock.after(keepAliveEveryMs, keepAlive)
    response.on('close', () => cancelKeepAlive())
  }
  return {
    accepted: start,
    text(text) {
      start()
      written += text
      chunk({ content: text }, null)
    },
    ended({ text, finish, usage }) {
      start()
      cancelKeepAlive()
      // What never streamed (a reply from before we listened, a notice) comes whole; what streamed is not repeated.
      if (written === '') chunk({ content: text === '' ? nothing : text }, null)
      chunk({}, finish)
      if (includeUsage) write({ id, object: 'chat.completion.chunk', created, model, choices: [], usage: usageOf(usage) })
      write('[DONE]')
      response.end()
    },
    failed(failure) {
      cancelKeepAlive()
      if (!started) return sendFailure(response, failure)
      write(errorOf(failure))
      response.end()
    },
  }
}
