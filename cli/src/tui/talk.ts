import { Problem } from '@moltbot/contract'
import type { Clock, GatewayClient, NewId } from '@moltbot/contract'
import { canonicalKey } from '../chat/conversation.ts'
import { failureWords } from '../chat/failure-words.ts'
import { messageText } from '../chat/message-text.ts'
import { asFields, asList, asNumber, asText, asTexts } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'
import type { OwnFile } from './read-attachment.ts'

/** One thing in the transcript. Objects stay the same while they change; `version` says that they did. */
export type Item = { version: number } & (
  | { kind: 'own'; text: string; files?: readonly OwnFile[]; key: string | undefined; sender: string | undefined; state: 'waiting' | 'sending' | 'accepted' | 'failed' }
  | { kind: 'answer'; text: string; runId: string | undefined }
  | { kind: 'tool'; callId: string; name: string; input: Fields; output: string; state: 'running' | 'done' | 'failed' | 'unknown' }
  | { kind: 'note'; text: string }
  | { kind: 'problem'; text: string }
)
export type ToolItem = Extract<Item, { kind: 'tool' }>
type OwnItem = Extract<Item, { kind: 'own' }>

export interface Question {
  id: string
  code: string
  sessionKey: string
  /** What it would do; some lines. */
  what: string
  /** The whole call. */
  detail: string
  why: string
  /** What "always" would allow, in words; absent: it cannot be allowed for good. */
  always: string | undefined
  expiresAt: number
  /** When this window first knew of it, epoch ms. */
  seenAt: number
}

export type Connection = { kind: 'connected' } | { kind: 'waiting'; until: number; why: string } | { kind: 'connecting' }

export interface TalkState {
  key: string
  agent: string
  title: string
  connection: Connection
  items: Item[]
  /** There is more before the first item. */
  hasMore: boolean
  /** Runs of this session that have not ended. */
  runs: ReadonlyMap<string, { since: number; phase: 'waiting' | 'thinking' | 'writing' | 'summing-up'; tool: string | undefined }>
  questions: readonly Question[]
  model: string | undefined
  thinking: string | undefined
  levels: readonly string[]
  /** Spent today, in US dollars; undefined: not told. */
  spentUsd: number | undefined
  commands: readonly { name: string; description: string }[]
}

/** One session at a time on one connection that is made again when it is lost. Nothing here rejects unless it says so: what goes wrong stands in the transcript. */
export interface Talk {
  state: TalkState
  send(text: string, files?: readonly OwnFile[]): void
  /** The most bytes that go with one message. */
  filesBytesMax(): number
  /** Stops what runs in this session. */
  stop(): void
  open(key: string): Promise<void>
  /** Asks for older messages; resolves when they are there. */
  older(): Promise<void>
  answer(question: Question, decision: 'allow-once' | 'allow-always' | 'deny'): void
  /** Chooses a model (undefined: the default) or how much it thinks. */
  choose(what: { model: string | null } | { thinkingLevel: string | null }): void
  /** Any other method. Rejects as a request does. */
  request(method: string, params?: Fields): Promise<unknown>
  note(text: string): void
  /** Words that no gateway has yet. */
  unsent(): string[]
  close(): void
}

export interface TalkOptions {
  connect(): Promise<GatewayClient>
  clock: Clock
  newId: NewId
  /** Something about the state is different. */
  changed(): void
  historyLimit: number
  thinking?: string
}

/** What an older gateway takes with one message. */
const filesBytesDefault = 5_000_000
const retryFirstMs = 500
const retryMostMs = 4_000
/** A gateway that does not let us in is not knocked at often: it counts. */
const refusedMs = 60_000

/** Rejects when the first connection, or the first look at the session, fails. */
export async function openTalk(options: TalkOptions, key: string): Promise<Talk> {
  const { clock, changed } = options
  const runs = new Map<string, { since: number; phase: 'waiting' | 'thinking' | 'writing' | 'summing-up'; tool: string | undefined }>()
  const state: TalkState = {
    key, agent: 'main', title: '', connection: { kind: 'connecting' }, items: [], hasMore: false, runs, questions: [], model: undefined, thinking: options.thinking, levels: [],
    spentUsd: undefined, commands: [],
  }
  let client: GatewayClient
  let closed = false
  let cancelRetry = (): void => {}
  let limit = options.historyLimit
  /** Each look at a session makes earlier ones stale. */
  let look = 0

  const push = (item: Item): void => {
    state.items.push(item)
    changed()
  }
  const touch = (item: Item): void => {
    item.version++
    changed()
  }
  const note = (text: string): void => push({ kind: 'note', text, version: 0 })
  const trouble = (error: unknown): void => push({ kind: 'problem', text: error instanceof Problem ? error.explain() : String(error), version: 0 })
  const ownOf = (runId: string): OwnItem | undefined => state.items.find((item): item is OwnItem => item.kind === 'own' && item.key === runId)

  const begin = (runId: string, phase: 'waiting' | 'thinking' | 'writing' | 'summing-up'): void => {
    const known = runs.get(runId)
    runs.set(runId, { since: known?.since ?? clock.now(), phase, tool: known?.tool })
    changed()
  }
  const end = (runId: string): void => {
    if (runs.delete(runId)) void refreshSpent()
    changed()
  }

  /** `text` is all of one message of the model so far. */
  const grow = (runId: string, text: string): void => {
    if (text === '') return
    const last = state.items.findLast((item) => item.kind !== 'own' && item.kind !== 'note')
    // The history has no white space around an answer, the stream has.
    const [said, shown] = [text.trim(), last?.kind === 'answer' && last.runId === runId ? last.text.trim() : undefined]
    if (last?.kind === 'answer' && shown !== undefined && (said.startsWith(shown) || shown.startsWith(said))) {
      if (said.length <= shown.length) return
      last.text = text
      touch(last)
    } else push({ kind: 'answer', text, runId, version: 0 })
  }

  const onChat = (payload: Fields): void => {
    if (payload['sessionKey'] !== state.key) return
    const runId = asText(payload['runId']) ?? ''
    const text = messageText(asFields(payload['message']))
    switch (payload['state']) {
      case 'delta':
        begin(runId, 'writing')
        grow(runId, text)
        return
      case 'final':
        grow(runId, text)
        end(runId)
        return
      case 'aborted':
        grow(runId, text)
        note('Stopped.')
        end(runId)
        return
      case 'error':
        push({ kind: 'problem', text: failureWords(payload), version: 0 })
        end(runId)
        return
      default:
        // A state of a newer gateway: nothing to show.
    }
  }

  const onAgent = (payload: Fields): void => {
    if (payload['sessionKey'] !== state.key) return
    const runId = asText(payload['runId']) ?? ''
    const data = asFields(payload['data'])
    const { phase } = data
    switch (payload['stream']) {
      case 'lifecycle':
        if (phase === 'start') begin(runId, 'waiting')
        if (phase === 'model') {
          state.model = modelName(data) ?? state.model
          begin(runId, 'waiting')
        }
        if (phase === 'fallback') note(`${asText(data['from']) ?? 'The model'} does not answer (${asText(data['reason']) ?? 'no reason given'}); ${asText(data['to']) ?? 'another one'} takes over.`)
        changed()
        return
      case 'thinking':
        begin(runId, 'thinking')
        return
      case 'compaction':
        begin(runId, phase === 'start' ? 'summing-up' : 'waiting')
        return
      case 'tool':
        onTool(runId, data)
        return
      default:
    }
  }

  const onTool = (runId: string, data: Fields): void => {
    const name = asText(data['name']) ?? 'tool'
    const callId = asText(data['toolCallId']) ?? ''
    const run = runs.get(runId) ?? { since: clock.now(), phase: 'waiting' as const, tool: undefined }
    const card = state.items.findLast((item): item is ToolItem => item.kind === 'tool' && item.callId === callId)
    if (data['phase'] === 'start') {
      runs.set(runId, { ...run, tool: name })
      if (card === undefined) push({ kind: 'tool', callId, name, input: asFields(data['args']), output: '', state: 'running', version: 0 })
    } else if (data['phase'] === 'result') {
      runs.set(runId, { ...run, phase: 'waiting', tool: undefined })
      if (card !== undefined) finish(card, messageText(asFields(data['result'])), data['isError'] === true)
    }
    changed()
  }

  const finish = (card: ToolItem, output: string, isError: boolean): void => {
    card.output = output
    card.state = isError ? 'failed' : 'done'
    touch(card)
  }

  const onMessage = (payload: Fields): void => {
    const message = asFields(payload['message'])
    if (payload['sessionKey'] !== state.key || message['role'] !== 'user') return
    const name = asText(message['idempotencyKey'])?.replace(/:user$/, '')
    const mine = name === undefined ? undefined : ownOf(name)
    if (mine !== undefined) {
      mine.state = 'accepted'
      touch(mine)
    } else if (messageText(message).trim() !== '') push({ kind: 'own', text: messageText(message).trim(), key: name, sender: asText(message['senderLabel']), state: 'accepted', version: 0 })
  }

  const onEvent = (event: string, payload: Fields): void => {
    switch (event) {
      case 'chat': onChat(payload); return
      case 'agent': onAgent(payload); return
      case 'session.message': onMessage(payload); return
      case 'sessions.changed':
        if (payload['sessionKey'] !== state.key) return
        if (payload['reason'] === 'reset' || payload['reason'] === 'delete') void load().catch(trouble)
        else if (payload['session'] !== undefined) describe(asFields(payload['session']))
        return
      case 'exec.approval.requested': ask([payload]); return
      case 'exec.approval.resolved': {
        const gone = state.questions.find((question) => question.id === payload['id'])
        state.questions = state.questions.filter((question) => question !== gone)
        if (gone !== undefined) note(decisionWords(gone, asText(payload['decision'])))
        changed()
        return
      }
      case 'shutdown': note('The gateway is shutting down.'); return
      default:
    }
  }

  const ask = (rows: Fields[]): void => {
    for (const row of rows) {
      const id = asText(row['id'])
      if (id === undefined || (row['state'] !== undefined && row['state'] !== 'pending') || state.questions.some((question) => question.id === id)) continue
      const request = asFields(row['request'])
      const what = asText(request['command']) ?? asText(row['tool']) ?? ''
      state.questions = [...state.questions, {
        id, what, code: asText(row['code']) ?? id, sessionKey: asText(request['sessionKey']) ?? '', detail: asText(row['detail']) ?? what, why: asText(row['reason']) ?? '', always: asText(row['always']),
        expiresAt: asNumber(row['expiresAtMs']) ?? 0, seenAt: clock.now(),
      }]
    }
    changed()
  }

  const describe = (session: Fields): void => {
    state.title = asText(session['label']) ?? asText(session['derivedTitle']) ?? state.title
    state.model = modelName(session, 'modelProvider') ?? state.model
    state.thinking = asText(session['thinkingLevel']) ?? state.thinking
    const levels = asList(session['thinkingLevels']).flatMap((level) => asText(level['id']) ?? [])
    if (levels.length > 0) state.levels = levels
    changed()
  }

  const refreshSpent = async (): Promise<void> => {
    try {
      const rows = asList(asFields(await client.request('usage.spend', { days: 1 }))['rows'])
      state.spentUsd = rows.reduce((sum, row) => sum + (asNumber(row['costUsd']) ?? 0), 0)
      changed()
    } catch {
      // Only the owner is told what everyone spends, and an older gateway keeps no accounts: then nothing stands there.
    }
  }

  /** Reads the session anew. What was sent from here and is not in its history stays, at the end. */
  const load = async (): Promise<void> => {
    const mine = ++look
    const [history, described, status, open] = await Promise.all([
      client.request('chat.history', { sessionKey: state.key, limit }).then(asFields),
      client.request('sessions.describe', { key: state.key }).then(asFields, () => ({})),
      client.request('models.status').then(asFields, () => ({})),
      client.request('exec.approval.list').then(asList, () => []),
      client.request('sessions.messages.subscribe', { key: state.key }).catch(() => undefined),
    ])
    if (mine !== look) return
    const items = itemsOf(asList(history['messages']))
    const known = new Set(items.flatMap((item) => (item.kind === 'own' && item.key !== undefined ? [item.key] : [])))
    const pending = state.items.filter((item): item is OwnItem => item.kind === 'own' && item.key !== undefined && item.sender === undefined && (item.state === 'waiting' || item.state === 'sending') && !known.has(item.key))
    state.items = [...items, ...pending]
    state.hasMore = history['hasMore'] === true
    const session = asFields(asFields(described)['session'])
    state.title = ''
    state.model = asText(asFields(status)['primary'])
    state.thinking = asText(history['thinkingLevel']) ?? options.thinking
    describe(session)
    const running = asTexts(session['activeRunIds'])
    for (const runId of runs.keys()) if (!running.includes(runId) && !pending.some((item) => item.key === runId)) runs.delete(runId)
    for (const runId of running) if (!runs.has(runId)) begin(runId, 'waiting')
    for (const item of items) if (item.kind === 'tool' && item.state === 'running' && running.length === 0) item.state = 'unknown'
    state.questions = state.questions.filter((question) => open.some((row) => row['id'] === question.id))
    ask(open)
    changed()
  }

  const listen = (): void => {
    const current = client
    current.onEvent((event, payload) => {
      if (current === client) onEvent(event, asFields(payload))
    })
    current.onLost((reason) => {
      if (closed || current !== client) return
      for (const item of state.items) if (item.kind === 'own' && item.state === 'sending') item.state = 'waiting'
      wait(retryFirstMs, reason)
    })
  }

  const wait = (delayMs: number, why: string): void => {
    state.connection = { kind: 'waiting', until: clock.now() + delayMs, why }
    changed()
    cancelRetry = clock.after(delayMs, () => {
      state.connection = { kind: 'connecting' }
      changed()
      options.connect().then(async (fresh) => {
        if (closed) return fresh.close()
        client = fresh
        await settle()
      }).catch((error: unknown) => {
        if (closed) return
        const refused = error instanceof Problem && error.code === 'gateway-refused'
        if (refused) trouble(error)
        if (state.connection.kind !== 'waiting') wait(refused ? refusedMs : Math.min(delayMs * 2, retryMostMs), error instanceof Problem ? error.message : String(error))
      })
    })
  }

  /** Makes a fresh connection the one everything goes over: what was missed is read, what waits is sent under its old name. */
  const settle = async (): Promise<void> => {
    listen()
    await client.request('sessions.subscribe').catch(() => undefined)
    await load()
    state.connection = { kind: 'connected' }
    for (const item of state.items) if (item.kind === 'own' && item.state === 'waiting') void submit(item)
    void refreshSpent()
    changed()
  }

  const submit = async (item: OwnItem): Promise<void> => {
    const runId = item.key ?? ''
    item.state = 'sending'
    touch(item)
    try {
      const answer = asFields(await client.request('chat.send', {
        sessionKey: state.key, message: item.text, deliver: false, idempotencyKey: runId, ...(item.files === undefined ? {} : { attachments: item.files.map(({ name, mimeType, content }) => ({ fileName: name, content, ...(mimeType === undefined ? {} : { mimeType }) })) }), ...(options.thinking === undefined ? {} : { thinking: options.thinking }),
      }, { timeoutMs: 30_000 }))
      item.state = 'accepted'
      touch(item)
      if (answer['ok'] === true) {
        if (answer['aborted'] !== true) note('Nothing is running.')
        end(runId)
      } else if (answer['status'] === 'ok') {
        // It was answered while we were away.
        end(runId)
        await load()
      }
    } catch (error) {
      if (error instanceof Problem && error.code === 'gateway-lost') {
        // The next connection sends it again under the same name, and the gateway knows it.
        item.state = 'waiting'
        touch(item)
        return
      }
      item.state = 'failed'
      touch(item)
      trouble(error)
      end(runId)
    }
  }

  client = await options.connect()
  state.key = canonicalKey(key, client.hello)
  state.agent = state.key.split(':')[1] ?? 'main'
  await settle()
  client.request('commands.list', {}).then((answer) => {
    state.commands = asList(asFields(answer)['commands']).flatMap((command) => {
      const name = asText(command['name'])
      return name === undefined ? [] : [{ name: `/${name.replace(/^\//, '')}`, description: asText(command['description']) ?? '' }]
    })
    changed()
  }).catch(() => {
    // An older gateway has no such list; then only our own commands are completed.
  })

  return {
    state,
    note,
    filesBytesMax: () => asNumber(asFields(asFields(client.hello['policy'])['attachments'])['maxBytes']) ?? filesBytesDefault,
    send(text, files = []) {
      const item: OwnItem = { kind: 'own', text, ...(files.length === 0 ? {} : { files }), key: options.newId('tui'), sender: undefined, state: 'waiting', version: 0 }
      push(item)
      begin(item.key ?? '', 'waiting')
      if (state.connection.kind === 'connected') void submit(item)
    },
    stop() {
      client.request('chat.abort', { sessionKey: state.key }).then((payload) => {
        const answer = asFields(payload)
        // The gateway knows of no work: whatever we still show as running has ended unseen.
        if (answer['aborted'] !== true && asTexts(answer['runIds']).length === 0) for (const runId of runs.keys()) end(runId)
      }).catch(trouble)
    },
    async open(given) {
      const waiting = state.items.filter((item) => item.kind === 'own' && item.state === 'waiting').length
      if (waiting > 0) throw new Problem('usage', `${waiting} of your messages ${waiting === 1 ? 'waits' : 'wait'} for the connection.`, { next: 'Go elsewhere once it is sent.' })
      const before = state.key
      state.key = canonicalKey(given, client.hello)
      state.agent = state.key.split(':')[1] ?? 'main'
      state.items = []
      state.levels = []
      runs.clear()
      limit = options.historyLimit
      changed()
      if (before !== state.key) client.request('sessions.messages.unsubscribe', { key: before }).catch(() => undefined)
      await load()
    },
    async older() {
      if (!state.hasMore || limit >= 1_000) return
      limit = Math.min(1_000, limit * 2)
      await load()
    },
    answer(question, decision) {
      client.request('exec.approval.resolve', { id: question.id, decision }).catch(trouble)
    },
    choose(what) {
      client.request('sessions.patch', { key: state.key, ...what }).then(load).catch(trouble)
    },
    request: (method, params) => client.request(method, params),
    unsent: () => state.items.flatMap((item) => (item.kind === 'own' && (item.state === 'waiting' || item.state === 'sending') ? [[item.text, ...(item.files ?? []).map(({ name }) => `[${name}]`)].filter((part) => part !== '').join(' ')] : [])),
    close() {
      closed = true
      cancelRetry()
      client.close()
    },
  }
}

function modelName(row: Fields, provider: 'provider' | 'modelProvider' = 'provider'): string | undefined {
  const parts = [asText(row[provider]), asText(row['model'])].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join('/')
}

function decisionWords(question: Question, decision: string | undefined): string {
  const what = question.what.split('\n')[0] ?? ''
  if (decision === 'allow-once') return `Allowed once: ${what}`
  if (decision === 'allow-always') return `Allowed from now on (${question.always ?? 'exactly this'}): ${what}`
  return decision === 'deny' ? `Not allowed: ${what}` : `Nobody answered, so it was not done: ${what}`
}

/** The history as the gateway tells it. */
function itemsOf(messages: readonly Fields[]): Item[] {
  const items: Item[] = []
  const cards = new Map<string, ToolItem>()
  for (const message of messages) {
    const text = messageText(message).trim()
    switch (message['role']) {
      case 'user':
        if (text !== '') items.push({ kind: 'own', text, key: asText(message['idempotencyKey'])?.replace(/:user$/, ''), sender: asText(message['senderLabel']), state: 'accepted', version: 0 })
        break
      case 'assistant':
        if (text !== '') items.push({ kind: 'answer', text, runId: asText(asFields(message['__openclaw'])['runId']), version: 0 })
        for (const block of asList(message['content'])) {
          if (block['type'] !== 'toolCall') continue
          const card: ToolItem = { kind: 'tool', callId: asText(block['id']) ?? '', name: asText(block['name']) ?? 'tool', input: asFields(block['arguments']), output: '', state: 'running', version: 0 }
          cards.set(card.callId, card)
          items.push(card)
        }
        break
      case 'toolResult': {
        const card = cards.get(asText(message['toolCallId']) ?? '')
        if (card === undefined) break
        card.output = text
        card.state = message['isError'] === true ? 'failed' : 'done'
        break
      }
      case 'system':
        if (text !== '') items.push({ kind: 'note', text, version: 0 })
        break
      default:
    }
  }
  return items
}
