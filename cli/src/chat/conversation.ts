import { Problem } from '@moltbot/contract'
import type { Clock, GatewayClient, NewId } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'
import { failureWords } from './failure-words.ts'
import { messageText } from './message-text.ts'

/** What a conversation tells whoever shows it. */
export interface ConversationView {
  user(text: string): void
  stream(text: string): void
  endStream(): void
  note(text: string): void
  problem(text: string): void
  /** Something about `state` is different. */
  changed(): void
}

export interface ConversationState {
  key: string
  connected: boolean
  /** Runs of this session that have not ended, with their start. */
  running: ReadonlyMap<string, number>
  tool: string | undefined
  model: string | undefined
}

export interface Conversation {
  state: ConversationState
  /** Sends words; resolves when the run ended (answered, stopped, failed). Never rejects: what goes wrong is shown. A lost connection is no failure: the words are sent again under the same name. */
  send(text: string): Promise<'answered' | 'stopped' | 'failed'>
  /** Stops what is running. */
  abort(): Promise<void>
  /** Goes to another session and shows its latest messages. */
  open(key: string, historyLimit: number): Promise<void>
  /** Any other method, on the connection of this conversation. */
  request(method: string, params?: Fields): Promise<unknown>
  close(): void
}

export interface ConversationOptions {
  connect(): Promise<GatewayClient>
  clock: Clock
  newId: NewId
  view: ConversationView
  thinking?: string
}

interface OwnRun { text: string; end(how: 'answered' | 'stopped' | 'failed'): void }

/** Opens a conversation with the gateway. Rejects when the first connection fails. */
export async function openConversation(options: ConversationOptions, key: string, historyLimit: number): Promise<Conversation> {
  const { view, clock } = options
  const running = new Map<string, number>()
  const own = new Map<string, OwnRun>()
  const state: { -readonly [K in keyof ConversationState]: ConversationState[K] } = { key, connected: true, running, tool: undefined, model: undefined }
  /** The answer that is on the screen and not finished. */
  let streaming: { runId: string; text: string } | undefined
  let closed = false
  let cancelRetry = (): void => {}
  let client = await options.connect()

  const begin = (runId: string): void => {
    if (!running.has(runId)) running.set(runId, clock.now())
  }
  const end = (runId: string, how: 'answered' | 'stopped' | 'failed'): void => {
    running.delete(runId)
    if (running.size === 0) state.tool = undefined
    const mine = own.get(runId)
    own.delete(runId)
    view.changed()
    mine?.end(how)
  }
  const endStream = (): void => {
    if (streaming === undefined) return
    streaming = undefined
    view.endStream()
  }
  /** Shows `text`, which is all of one message so far. */
  const showText = (runId: string, text: string): void => {
    if (streaming !== undefined && (streaming.runId !== runId || !text.startsWith(streaming.text))) endStream()
    const shown = streaming?.text ?? ''
    if (text.length > shown.length) view.stream(text.slice(shown.length))
    streaming = { runId, text }
  }

  const onChat = (payload: Fields): void => {
    if (payload['sessionKey'] !== state.key) return
    const runId = asText(payload['runId']) ?? ''
    const text = messageText(asFields(payload['message']))
    switch (payload['state']) {
      case 'delta':
        begin(runId)
        if (text !== '') showText(runId, text)
        view.changed()
        return
      case 'final':
        // The last message may be the one on the screen, whole: then nothing is left to show.
        if (text !== '') showText(runId, text)
        endStream()
        end(runId, 'answered')
        return
      case 'aborted':
        endStream()
        view.note('Stopped.')
        end(runId, 'stopped')
        return
      case 'error':
        endStream()
        view.problem(failureWords(payload))
        end(runId, 'failed')
        return
      default:
        // A state of a newer gateway: nothing to show.
    }
  }

  const onAgent = (payload: Fields): void => {
    if (payload['sessionKey'] !== state.key) return
    const runId = asText(payload['runId']) ?? ''
    const data = asFields(payload['data'])
    if (payload['stream'] === 'lifecycle') {
      if (data['phase'] === 'start') begin(runId)
      if (data['phase'] === 'fallback') {
        endStream()
        view.note(`${printableLine(asText(data['from']) ?? 'The model')} does not answer (${printableLine(asText(data['reason']) ?? 'no reason given')}); ${printableLine(asText(data['to']) ?? 'another one')} takes over.`)
      }
      if (data['phase'] === 'model') state.model = [asText(data['provider']), asText(data['model'])].filter((part) => part !== undefined).join('/') || state.model
    }
    if (payload['stream'] === 'tool') {
      const name = asText(data['name']) ?? 'tool'
      state.tool = data['phase'] === 'result' ? undefined : name
      if (data['phase'] === 'start') {
        endStream()
        view.note(`⚙ ${printableLine(name)}${argumentWords(asFields(data['args']))}`)
      } else if (data['phase'] === 'result' && data['isError'] === true) view.note(`  ${printableLine(name)} did not work; the assistant was told why.`)
    }
    view.changed()
  }

  const listen = (): void => {
    client.onEvent((event, payload) => {
      if (event === 'chat') onChat(asFields(payload))
      else if (event === 'agent') onAgent(asFields(payload))
      else if (event === 'shutdown') view.note('The gateway is shutting down.')
    })
    client.onLost(() => {
      if (closed) return
      state.connected = false
      endStream()
      view.note('The connection is lost. Trying again…')
      view.changed()
      retry(500)
    })
  }

  const retry = (delayMs: number): void => {
    cancelRetry = clock.after(delayMs, () => {
      options.connect().then(async (fresh) => {
        if (closed) {
          fresh.close()
          return
        }
        client = fresh
        state.connected = true
        listen()
        view.note('Connected again.')
        // What runs for others is told anew by its events.
        for (const runId of running.keys()) if (!own.has(runId)) running.delete(runId)
        await Promise.all([...own].map(([runId, run]) => submit(runId, run.text)))
      }).catch((error: unknown) => {
        if (closed) return
        if (error instanceof Problem && error.code === 'gateway-refused') {
          view.problem(error.explain())
          for (const runId of own.keys()) end(runId, 'failed')
        } else retry(Math.min(delayMs * 2, 5_000))
      })
    })
  }

  const submit = async (runId: string, text: string): Promise<void> => {
    try {
      const answer = asFields(await client.request('chat.send', {
        sessionKey: state.key, message: text, deliver: false, idempotencyKey: runId, ...(options.thinking === undefined ? {} : { thinking: options.thinking }),
      }, { timeoutMs: 30_000 }))
      if (answer['ok'] === true) {
        if (answer['aborted'] !== true) view.note('Nothing is running.')
        end(runId, 'stopped')
      } else if (answer['status'] === 'ok' && own.has(runId)) await showMissed(runId)
    } catch (error) {
      // The connection went away: `retry` sends the words again under the same name, and the gateway knows them.
      if (error instanceof Problem && error.code === 'gateway-lost') return
      if (!own.has(runId)) return
      view.problem(error instanceof Problem ? error.explain() : String(error))
      end(runId, 'failed')
    }
  }

  /** The run ended while we were away: its answer is in the history, behind our own words. */
  const showMissed = async (runId: string): Promise<void> => {
    const messages = asList(asFields(await client.request('chat.history', { sessionKey: state.key, limit: 50 }))['messages'])
    const at = messages.findLastIndex((message) => message['idempotencyKey'] === `${runId}:user`)
    const from = at >= 0 ? at : messages.findLastIndex((message) => message['role'] === 'user')
    for (const message of messages.slice(from + 1)) {
      if (message['role'] === 'user') break
      const text = message['role'] === 'assistant' ? messageText(message) : ''
      if (text === '') continue
      view.stream(text)
      view.endStream()
    }
    end(runId, 'answered')
  }

  const open = async (given: string, limit: number): Promise<void> => {
    endStream()
    running.clear()
    state.tool = undefined
    state.key = canonicalKey(given, client.hello)
    const [history, described, status] = await Promise.all([
      limit > 0 ? client.request('chat.history', { sessionKey: state.key, limit }).then(asFields) : {},
      client.request('sessions.describe', { key: state.key }).then(asFields, () => ({})),
      client.request('models.status').then(asFields, () => ({})),
    ])
    const session = asFields(asFields(described)['session'])
    const chosen = [asText(session['modelProvider']), asText(session['model'])].filter((part) => part !== undefined).join('/')
    state.model = chosen === '' ? asText(asFields(status)['primary']) : chosen
    for (const runId of asTexts(session['activeRunIds'])) begin(runId)
    for (const message of asList(asFields(history)['messages'])) {
      const text = messageText(message).trim()
      if (text === '') continue
      if (message['role'] === 'user') view.user(text)
      else if (message['role'] === 'assistant') {
        view.stream(text)
        view.endStream()
      } else if (message['role'] === 'system') view.note(text)
    }
    view.changed()
  }

  listen()
  await open(key, historyLimit)
  return {
    state,
    send: (text) => new Promise((resolve) => {
      const runId = options.newId('chat')
      own.set(runId, { text, end: resolve })
      begin(runId)
      view.changed()
      if (state.connected) void submit(runId, text)
    }),
    async abort() {
      try {
        const answer = asFields(await client.request('chat.abort', { sessionKey: state.key }))
        if (answer['aborted'] === true || asTexts(answer['runIds']).length > 0) return
        // The gateway knows of no work: whatever we still show as running has ended unseen.
        for (const runId of running.keys()) end(runId, 'stopped')
      } catch (error) {
        view.problem(error instanceof Problem ? error.explain() : String(error))
      }
    },
    open,
    request: (method, params) => client.request(method, params),
    close() {
      closed = true
      cancelRetry()
      client.close()
    },
  }
}

/** The full key of a session as events name it. */
export function canonicalKey(given: string, hello: Fields): string {
  const defaults = asFields(asFields(hello['snapshot'])['sessionDefaults'])
  const key = given.trim().toLowerCase()
  const main = asText(defaults['mainKey']) ?? 'main'
  const agent = asText(defaults['defaultAgentId']) ?? 'main'
  if (key.startsWith('agent:')) return key
  return key === main ? (asText(defaults['mainSessionKey']) ?? `agent:${agent}:${main}`) : `agent:${agent}:${key}`
}

function argumentWords(args: Fields): string {
  const shown = asText(args['path']) ?? asText(args['query']) ?? asText(args['pattern']) ?? asText(args['command']) ?? asText(args['url'])
  return shown === undefined ? '' : ` ${printableLine(shown).slice(0, 60)}`
}

/** How long the oldest run goes on, in seconds; undefined when nothing runs. */
export function runningSeconds(state: ConversationState, now: number): number | undefined {
  const started = asNumber(Math.min(...state.running.values()))
  return state.running.size === 0 || started === undefined ? undefined : Math.floor((now - started) / 1_000)
}
