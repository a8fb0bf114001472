/**
 * What the page reads out of the gateway's payloads. Every reader takes `unknown` and yields either a value of the shape
 * promised here or `undefined`: a payload of a newer gateway never breaks the page.
 */

export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string }
  | { kind: 'tool-call'; id: string; name: string; input: unknown }
  /** `data` is base64. */
  | { kind: 'image'; mimeType: string; data: string }

/** A file the assistant sent; it is fetched at `files/<id>`. */
export interface SentFile { id: string; kind: string; fileName: string; mimeType: string; sizeBytes: number }
/** An answer to tap: it is sent as the words `says`. */
export interface AnswerButton { label: string; says: string }

/** `reason`: why, in the gateway's words. */
export interface Progress { kind: 'accepted' | 'delivering' | 'answered' | 'uncertain' | 'stopped' | 'unanswered' | 'undelivered'; reason?: string }

/** One line of a session's history. */
export interface Message {
  /** Unique within the session; the same in `chat.history` and `session.message`. */
  id: string
  role: 'user' | 'assistant' | 'tool' | 'note'
  /** Epoch ms; 0 when the gateway did not say. */
  at: number
  blocks: Block[]
  /** `provider/model` of an answer. */
  model?: string
  /** The idempotency key a user message was sent with. */
  key?: string
  /** The run (or turn) the line belongs to. */
  runId?: string
  /** The accepted message behind a line of the person's, or behind a command's answer. */
  whyId?: string
  /** How far a message of a person's has come, as the gateway's ledger had it. */
  progress?: Progress
  /** Of a tool's result. */
  callId?: string
  toolName?: string
  isError?: boolean
  /** Why an answer ended early, in words. */
  error?: string
  aborted?: boolean
  /** Who wrote a user message, when the gateway names them. */
  from?: string
  files?: SentFile[]
  buttons?: AnswerButton[]
  /** They answer nothing any more. */
  buttonsSpent?: true
}

export interface SessionRow {
  key: string
  kind: string
  label?: string
  title: string
  preview?: string
  channel?: string
  /** Epoch ms or null. */
  updatedAt: number | null
  /** What answers in it, `provider/model`. */
  model?: string
  /** True when a person chose that model for this session. */
  modelChosen: boolean
  running: boolean
  isMain: boolean
}

export interface ModelChoice {
  /** `provider/model` */
  id: string
  name: string
  provider: string
  available: boolean
  images: boolean
}

export interface CommandChoice {
  name: string
  aliases: string[]
  description: string
  args: string
}

export type ChannelState = 'connected' | 'starting' | 'retrying' | 'needs-you' | 'off'
export interface ChannelChip {
  channel: string
  account: string
  label: string
  state: ChannelState
  /** What a person should know, in words; empty when all is well. */
  detail: string
}

export interface PairingRequest {
  channel: string
  account: string
  sender: string
  senderName: string | null
  code: string
  createdAt: number
  expiresAt: number
}

/** A device that asks to be let in. */
export interface DeviceRequest {
  requestId: string
  name: string
  platform: string
  at: number
}

export type ApprovalDecision = 'allow-once' | 'allow-always' | 'deny'

/** A question about one exact call, and what became of it. */
export interface Approval {
  id: string
  /** Four characters by which people name it while it is open. */
  code: string
  sessionKey?: string
  agent: string
  tool: string
  /** What it would do, in at most five lines in which the gateway has made everything visible. */
  what: string
  /** The whole call. */
  detail: string
  /** Why it needs a yes. */
  why: string
  /** What "always" would allow; absent: it is asked each time. */
  always?: string
  /** Epoch ms. */
  askedAt: number
  expiresAt: number
  state: 'pending' | 'allowed' | 'denied' | 'expired' | 'cancelled'
  decision?: ApprovalDecision
  /** Who answered, and when. */
  by?: string
  decidedAt?: number
}

export type ChatEvent = { runId: string; sessionKey: string } & (
  | { state: 'delta'; text: string }
  /** `line`: a message of its own, with a file or answers to tap. */
  | { state: 'final'; text: string | undefined; model?: string; line?: Message }
  | { state: 'aborted'; text: string | undefined; reason: string }
  | { state: 'error'; message: string; kind: string | undefined }
  | { state: 'status'; phase: string }
)

export type AgentEvent = { runId: string; sessionKey: string | undefined } & (
  /** `at`: epoch ms by the gateway's clock. */
  | { stream: 'tool-start'; callId: string; name: string; input: unknown; at?: number }
  | { stream: 'tool-result'; callId: string; name: string; text: string; isError: boolean; at?: number }
  | { stream: 'thinking'; text: string | undefined; delta: string | undefined }
  | { stream: 'model'; model: string }
  | { stream: 'fallback'; from: string; to: string }
  | { stream: 'start' }
  | { stream: 'end' }
  | { stream: 'compaction'; phase: string }
)

type Fields = Record<string, unknown>

/** A plain object's fields; an empty record for anything else. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
/** A non-empty string, or undefined. */
export function words(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
/** The elements of an array; an empty one for anything else. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** `provider/model` from the two ways the wire names a model. */
export function modelName(provider: unknown, model: unknown): string | undefined {
  const id = words(model)
  if (id === undefined) return undefined
  const by = words(provider)
  return by === undefined || id.startsWith(`${by}/`) ? id : `${by}/${id}`
}

function readBlock(value: unknown): Block | undefined {
  const block = fields(value)
  switch (block['type']) {
    case 'text':
    case 'output_text':
      return typeof block['text'] === 'string' ? { kind: 'text', text: block['text'] } : undefined
    case 'thinking': {
      const text = words(block['thinking']) ?? words(block['text'])
      return text === undefined ? undefined : { kind: 'thinking', text }
    }
    case 'toolCall':
    case 'tool-call':
    case 'tool_use': {
      const id = words(block['id']) ?? words(block['toolCallId'])
      if (id === undefined) return undefined
      return { kind: 'tool-call', id, name: words(block['name']) ?? 'tool', input: block['arguments'] ?? block['input'] ?? {} }
    }
    case 'image': {
      const source = fields(block['source'])
      const data = words(block['data']) ?? words(source['data'])
      const mimeType = words(block['mimeType']) ?? words(source['media_type']) ?? 'image/png'
      return data === undefined || !/^image\/(png|jpeg|gif|webp)$/.test(mimeType) ? undefined : { kind: 'image', mimeType, data }
    }
    default:
      return undefined
  }
}

/** The blocks of a message's `content`, which is a string or an array of blocks. */
export function readBlocks(content: unknown): Block[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }]
  return list(content).map(readBlock).filter((block) => block !== undefined)
}

/** All text of some blocks. */
export function textOf(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n\n')
}

function readFile(value: unknown): SentFile | undefined {
  const raw = fields(value)
  const id = words(raw['id'])
  if (id === undefined || !/^[A-Za-z0-9_-]{1,100}$/.test(id)) return undefined
  return { id, kind: words(raw['kind']) ?? 'document', fileName: words(raw['fileName']) ?? id, mimeType: words(raw['mimeType']) ?? '', sizeBytes: count(raw['sizeBytes']) ?? 0 }
}

function readButton(value: unknown): AnswerButton | undefined {
  const raw = fields(value)
  const [label, says] = [words(raw['label']), words(raw['says'])]
  return label === undefined || says === undefined ? undefined : { label, says }
}

const progressKinds = ['accepted', 'delivering', 'answered', 'uncertain', 'stopped', 'unanswered', 'undelivered'] as const
function readProgress(value: unknown): Progress | undefined {
  const raw = fields(value)
  const kind = progressKinds.find((known) => known === raw['state'])
  const reason = words(raw['reason'])
  return kind === undefined ? undefined : { kind, ...(reason === undefined ? {} : { reason }) }
}

/** What a `session.progress` event tells; `key`: the message's, as `progressKey` has it. */
export function readProgressEvent(payload: unknown): { sessionKey: string; key: string; progress: Progress } | undefined {
  const raw = fields(payload)
  const [sessionKey, key, progress] = [words(raw['sessionKey']), words(raw['idempotencyKey']) ?? words(raw['inboxId']), readProgress(raw['progress'])]
  return sessionKey === undefined || key === undefined || progress === undefined ? undefined : { sessionKey, key, progress }
}

/** `fallbackId` is used when the message carries no id of its own. */
export function readMessage(value: unknown, fallbackId: string): Message | undefined {
  const raw = fields(value)
  const meta = { ...fields(raw['__openclaw']), ...fields(raw['__moltbot']) }
  const stop = words(raw['stopReason'])
  const base = {
    id: words(meta['id']) ?? words(raw['id']) ?? words(raw['messageId']) ?? fallbackId,
    at: count(raw['timestamp']) ?? count(meta['recordTimestampMs']) ?? 0,
    blocks: readBlocks(raw['content']),
    ...(words(meta['runId']) === undefined ? {} : { runId: words(meta['runId']) as string }),
  }
  switch (raw['role']) {
    case 'user': {
      const key = words(raw['idempotencyKey']) ?? words(meta['idempotencyKey'])
      const from = words(raw['senderLabel'])
      const whyId = words(raw['inboxId'])
      const progress = readProgress(raw['progress'])
      return { ...base, ...(whyId === undefined ? {} : { whyId }), ...(progress === undefined ? {} : { progress }), role: 'user', ...(key === undefined ? {} : { key: key.replace(/:user$/, '') }), ...(from === undefined ? {} : { from }) }
    }
    case 'assistant': {
      const model = modelName(raw['provider'], raw['model'])
      const whyId = words(raw['inboxId'])
      const error = words(raw['errorMessage'])
      const files = list(raw['files']).map(readFile).filter((file) => file !== undefined)
      const buttons = list(raw['buttons']).map(readButton).filter((button) => button !== undefined)
      return {
        ...base,
        role: 'assistant',
        // The last block says of a file what its card shows.
        ...(files.length === 0 ? {} : { files, blocks: base.blocks.slice(0, -1) }),
        ...(buttons.length === 0 ? {} : { buttons }), ...(raw['buttonsSpent'] === true ? { buttonsSpent: true } : {}),
        ...(whyId === undefined ? {} : { whyId }),
        ...(model === undefined ? {} : { model }),
        ...(error === undefined ? {} : { error }),
        ...(stop === 'aborted' ? { aborted: true } : {}),
      }
    }
    case 'toolResult':
    case 'tool':
    case 'tool_result':
      return {
        ...base,
        role: 'tool',
        callId: words(raw['toolCallId']) ?? words(raw['callId']) ?? '',
        toolName: words(raw['toolName']) ?? words(raw['name']) ?? 'tool',
        isError: raw['isError'] === true,
      }
    case 'system':
    case 'note':
    case 'custom':
      return { ...base, role: 'note' }
    default:
      return undefined
  }
}

/** Under which name a person's message is known: that of whoever sent it from here, else that of the accepted message. */
export function progressKey(message: Message): string | undefined {
  return message.key ?? message.whyId
}

/** The messages of a `chat.history` payload, oldest first, with the runs that are going on and what waits for its turn. */
export function readHistory(payload: unknown): { messages: Message[]; activeRuns: string[] | undefined; hasMore: boolean; waiting: Message[] } {
  const raw = fields(payload)
  const messages = list(raw['messages'])
    .map((message, index) => readMessage(message, `row-${index}`))
    .filter((message) => message !== undefined)
  const info = fields(raw['sessionInfo'])
  const active = Array.isArray(info['activeRunIds'])
    ? list(info['activeRunIds']).filter((id) => typeof id === 'string')
    : info['hasActiveRun'] === false ? [] : undefined
  const waiting = list(raw['waiting']).map((message, index) => readMessage(message, `waiting-${index}`)).filter((message) => message !== undefined)
  return { messages, activeRuns: active, hasMore: raw['hasMore'] === true, waiting }
}

/** The last part of a session key that a person could recognise. */
function nameOfKey(key: string): string {
  const parts = key.split(':')
  return parts[parts.length - 1] ?? key
}

export function readSession(value: unknown): SessionRow | undefined {
  const raw = fields(value)
  const key = words(raw['key'])
  if (key === undefined) return undefined
  const label = words(raw['label'])
  const title = label ?? words(raw['derivedTitle']) ?? words(raw['displayName']) ?? words(raw['subject']) ?? ''
  // One line without the marks of Markdown, which nobody wants to read there.
  const preview = words(raw['lastMessagePreview'])?.replace(/\*\*|`/g, '')
  const channel = words(raw['channel']) ?? words(raw['lastChannel'])
  const model = modelName(raw['modelProvider'], raw['model'])
  return {
    key,
    kind: words(raw['kind']) ?? 'direct',
    title,
    updatedAt: count(raw['updatedAt']) ?? null,
    running: raw['hasActiveRun'] === true,
    modelChosen: raw['modelChosen'] === true,
    isMain: raw['isMain'] === true || nameOfKey(key) === 'main',
    ...(label === undefined ? {} : { label }),
    ...(preview === undefined ? {} : { preview }),
    ...(channel === undefined ? {} : { channel }),
    ...(model === undefined ? {} : { model }),
  }
}

export function readModels(payload: unknown): ModelChoice[] {
  return list(fields(payload)['models']).flatMap((value) => {
    const raw = fields(value)
    const id = modelName(raw['provider'], raw['id'])
    if (id === undefined) return []
    const provider = words(raw['provider']) ?? id.split('/')[0] ?? ''
    return [{ id, name: words(raw['name']) ?? words(raw['id']) ?? id, provider, available: raw['available'] !== false, images: list(raw['input']).includes('image') }]
  })
}

/** An argument's name in the brackets that mark it as one. */
function argument(name: string): string {
  return /^[[<]/.test(name) ? name : `<${name}>`
}

export function readCommands(payload: unknown): CommandChoice[] {
  return list(fields(payload)['commands']).flatMap((value) => {
    const raw = fields(value)
    const name = words(raw['name'])?.replace(/^\//, '')
    if (name === undefined) return []
    const args = words(raw['args']) ?? list(raw['args']).map((arg) => argument(words(fields(arg)['name']) ?? '…')).join(' ')
    const aliases = [...list(raw['textAliases']), ...list(raw['aliases'])].flatMap((alias) => (typeof alias === 'string' ? [alias.replace(/^\//, '')] : []))
    return [{ name, aliases: aliases.filter((alias) => alias !== name), description: words(raw['description']) ?? '', args }]
  })
}

/** One chip per account of every channel that is configured or says something. */
export function readChannels(payload: unknown): ChannelChip[] {
  const raw = fields(payload)
  const labels = fields(raw['channelLabels'])
  const accounts = fields(raw['channelAccounts'])
  const order = list(raw['channelOrder']).filter((id) => typeof id === 'string')
  return order.flatMap((channel) =>
    list(accounts[channel]).flatMap((value) => {
      const account = fields(value)
      if (account['configured'] === false) return []
      const lastError = words(account['lastError'])
      const kind = words(account['state'])
      const detail = words(account['detail']) ?? lastError ?? ''
      const state: ChannelState =
        account['enabled'] === false || kind === 'off' || kind === 'closed' ? 'off'
        : kind === 'needs-you' ? 'needs-you'
        : kind === 'connected' || (kind === undefined && account['connected'] === true) ? 'connected'
        : kind === 'retrying' || kind === 'throttled' || lastError !== undefined ? 'retrying'
        : 'starting'
      const id = words(account['accountId']) ?? 'default'
      const label = words(labels[channel]) ?? channel
      return [{ channel, account: id, label: id === 'default' ? label : `${label} (${id})`, state, detail }]
    }),
  )
}

export function readPairing(payload: unknown): PairingRequest[] {
  const raw = fields(payload)
  return list(raw['pending'] ?? raw['requests'] ?? payload).flatMap((value) => {
    const request = fields(value)
    const code = words(request['code'])
    const channel = words(request['channel'])
    if (code === undefined || channel === undefined) return []
    return [{
      channel,
      code,
      account: words(request['account']) ?? 'default',
      sender: words(request['sender']) ?? '',
      senderName: words(request['senderName']) ?? null,
      createdAt: count(request['createdAt']) ?? 0,
      expiresAt: count(request['expiresAt']) ?? 0,
    }]
  })
}

export function readDevices(payload: unknown): DeviceRequest[] {
  return list(fields(payload)['pending']).flatMap((value) => {
    const raw = fields(value)
    const requestId = words(raw['requestId'])
    if (requestId === undefined) return []
    return [{
      requestId,
      name: words(raw['displayName']) ?? words(raw['clientId']) ?? words(raw['deviceId'])?.slice(0, 12) ?? requestId,
      platform: words(raw['platform']) ?? '',
      at: count(raw['ts']) ?? 0,
    }]
  })
}

const approvalStates = ['pending', 'allowed', 'denied', 'expired', 'cancelled'] as const
const approvalDecisions = ['allow-once', 'allow-always', 'deny'] as const

export function readApproval(value: unknown): Approval | undefined {
  const raw = fields(value)
  const id = words(raw['id'])
  if (id === undefined) return undefined
  const request = fields(raw['request'])
  const sessionKey = words(request['sessionKey'])
  const always = words(raw['always'])
  const decision = approvalDecisions.find((known) => known === raw['decision'])
  const by = words(raw['decidedBy'])
  const decidedAt = count(raw['decidedAtMs'])
  const what = words(request['command']) ?? words(raw['tool']) ?? ''
  return {
    id, what,
    code: words(raw['code']) ?? '',
    agent: words(request['agentId']) ?? 'main',
    tool: words(raw['tool']) ?? 'tool',
    detail: words(raw['detail']) ?? what,
    why: words(raw['reason']) ?? '',
    askedAt: count(raw['createdAtMs']) ?? 0,
    expiresAt: count(raw['expiresAtMs']) ?? 0,
    // A state of a newer gateway is not one that a person could answer.
    state: approvalStates.find((known) => known === raw['state']) ?? (raw['state'] === undefined ? 'pending' : 'cancelled'),
    ...(sessionKey === undefined ? {} : { sessionKey }),
    ...(always === undefined ? {} : { always }),
    ...(decision === undefined ? {} : { decision }),
    ...(by === undefined ? {} : { by }),
    ...(decidedAt === undefined ? {} : { decidedAt }),
  }
}

function messageText(value: unknown): string | undefined {
  const raw = fields(value)
  if (value === undefined || value === null) return undefined
  const blocks = readBlocks(raw['content'])
  return blocks.length === 0 ? words(raw['text']) : textOf(blocks)
}

/** A `chat` event; `previous` is the run's text so far, for gateways that send only increments. */
export function readChatEvent(payload: unknown, previous: (runId: string) => string): ChatEvent | undefined {
  const raw = fields(payload)
  const runId = words(raw['runId'])
  const sessionKey = words(raw['sessionKey'])
  if (runId === undefined || sessionKey === undefined) return undefined
  const base = { runId, sessionKey }
  switch (raw['state']) {
    case 'delta': {
      const cumulative = messageText(raw['message'])
      const delta = typeof raw['deltaText'] === 'string' ? raw['deltaText'] : ''
      return { ...base, state: 'delta', text: cumulative ?? (raw['replace'] === true ? delta : previous(runId) + delta) }
    }
    case 'final': {
      const message = fields(raw['message'])
      const model = words(raw['model']) ?? modelName(message['provider'], message['model'])
      const line = message['files'] === undefined && message['buttons'] === undefined ? undefined : readMessage(message, base.runId)
      return { ...base, state: 'final', text: messageText(raw['message']), ...(model === undefined ? {} : { model }), ...(line === undefined ? {} : { line }) }
    }
    case 'aborted':
      return { ...base, state: 'aborted', text: messageText(raw['message']), reason: words(raw['stopReason']) ?? 'stop' }
    case 'error':
      return { ...base, state: 'error', message: words(raw['errorMessage']) ?? '', kind: words(raw['errorKind']) }
    case 'status':
      return { ...base, state: 'status', phase: words(raw['phase']) ?? '' }
    default:
      return undefined
  }
}

/** What a tool handed back, as text a person can read. */
export function resultText(value: unknown): string {
  if (typeof value === 'string') return value
  const blocks = readBlocks(Array.isArray(value) ? value : fields(value)['content'])
  if (blocks.length > 0) return textOf(blocks)
  if (value === undefined || value === null) return ''
  return JSON.stringify(value, null, 2)
}

export function readAgentEvent(payload: unknown): AgentEvent | undefined {
  const raw = fields(payload)
  const runId = words(raw['runId'])
  if (runId === undefined) return undefined
  const data = fields(raw['data'])
  const base = { runId, sessionKey: words(raw['sessionKey']) }
  switch (raw['stream']) {
    case 'lifecycle':
      switch (data['phase']) {
        case 'start':
          return { ...base, stream: 'start' }
        case 'end':
        case 'error':
          return { ...base, stream: 'end' }
        case 'model': {
          const model = modelName(data['provider'], data['model'])
          return model === undefined ? undefined : { ...base, stream: 'model', model }
        }
        case 'fallback':
          return { ...base, stream: 'fallback', from: words(data['from']) ?? '', to: words(data['to']) ?? '' }
        default:
          return undefined
      }
    case 'tool': {
      const callId = words(data['toolCallId'])
      if (callId === undefined) return undefined
      const name = words(data['name']) ?? 'tool'
      const at = count(raw['ts'])
      const timed = at === undefined ? {} : { at }
      if (data['phase'] === 'start') return { ...base, ...timed, stream: 'tool-start', callId, name, input: data['args'] ?? {} }
      if (data['phase'] === 'result') return { ...base, ...timed, stream: 'tool-result', callId, name, text: resultText(data['result']), isError: data['isError'] === true }
      return undefined
    }
    case 'thinking':
      return { ...base, stream: 'thinking', text: words(data['text']), delta: words(data['delta']) }
    case 'compaction':
      return { ...base, stream: 'compaction', phase: words(data['phase']) ?? 'start' }
    default:
      return undefined
  }
}

/** What the gateway's books say of an answer: how long its calls took, and what it cost. */
export interface TurnFacts { tookMs: ReadonlyMap<string, number>; modelCalls: number; costUsd: number }

export function readTurnFacts(payload: unknown): TurnFacts {
  const data = fields(fields(payload)['data'])
  const spent = fields(data['spent'])
  const took = list(data['toolCalls']).flatMap((value): [string, number][] => {
    const call = fields(value)
    const [id, from, to] = [words(call['callId']), count(call['startedAt']), count(call['finishedAt'])]
    return id === undefined || from === undefined || to === undefined || call['state'] !== 'finished' ? [] : [[id, Math.max(0, to - from)]]
  })
  return { tookMs: new Map(took), modelCalls: count(spent['calls']) ?? 0, costUsd: typeof spent['costUsd'] === 'number' ? spent['costUsd'] : 0 }
}
