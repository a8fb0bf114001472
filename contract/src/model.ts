import type { Clock, Logger } from './clock.ts'
import type { AgentId, ChannelId, PrincipalId, SessionKey, ToolCallId, TurnId } from './ids.ts'
import type { ThinkingLevel } from './thinking.ts'

/** Content a model reads or writes. `image.data` is base64. */
export type TextPart = { type: 'text'; text: string }
export type ImagePart = { type: 'image'; mimeType: string; data: string }
/** `signature` and `opaque` belong to the provider named in `AssistantMessage.provider` and are sent back only to it, unchanged. */
export type ThinkingPart = { type: 'thinking'; text: string; signature?: string; opaque?: string }
/** `malformed`: what the model wrote instead of a JSON object (`input` is then empty). Whoever runs calls must not run this one, and answers it with an error the model can read. */
export type ToolCallPart = { type: 'tool-call'; id: ToolCallId; name: string; input: Record<string, unknown>; signature?: string; malformed?: string }

/**
 * Whose words some content holds besides the gateway's own and those of the person a turn belongs to. `external`: a stranger's (a web page,
 * a file from outside, what was said in a group around). It is kept with the content and never shown to the model.
 */
export type Origin = 'member' | 'guest' | 'external'

/** The least trusted of some origins; undefined: nobody else's words are in them. */
export function leastTrusted(origins: readonly (Origin | undefined)[]): Origin | undefined {
  return (['external', 'guest', 'member'] as const).find((each) => origins.includes(each))
}

export interface UserMessage {
  role: 'user'
  /** Absent: the owner's own words. */
  origin?: Origin
  content: (TextPart | ImagePart)[]
}
export interface AssistantMessage {
  role: 'assistant'
  /** Who wrote it: `provider/model`. Parts that only that provider understands are dropped for others. */
  model: string
  content: (TextPart | ThinkingPart | ToolCallPart)[]
}
export interface ToolResultMessage {
  role: 'tool'
  /** Absent: nothing in it comes from outside. */
  origin?: Origin
  callId: ToolCallId
  name: string
  content: (TextPart | ImagePart)[]
  isError: boolean
}
export type ModelMessage = UserMessage | AssistantMessage | ToolResultMessage

/** What the model is told about a tool. `input` is JSON Schema. */
export interface ToolSpec {
  name: string
  description: string
  input: Record<string, unknown>
}

const specTexts = new WeakMap<ToolSpec, string>()

/** A tool as JSON, to see how long it is. Kept with the object: a gateway has the same tools in every request. */
export function specText(spec: ToolSpec): string {
  let text = specTexts.get(spec)
  if (text === undefined) specTexts.set(spec, (text = JSON.stringify(spec)))
  return text
}

export interface ModelRequest {
  /** The model's id at its provider, without the provider (`claude-sonnet-4-5`). */
  model: string
  /** In order; the byte sequence of `system`, `tools` and earlier `messages` is the cached prefix and does not change between turns. */
  system: string
  tools: ToolSpec[]
  messages: ModelMessage[]
  thinking: ThinkingLevel
  maxOutputTokens: number
  /** How long the provider should keep the prefix; `none` sends no marks. */
  cache: 'none' | 'short' | 'long'
  /** Aborting ends the stream with `end{stop:'aborted'}` within 1 s. */
  signal: AbortSignal
  /** A stable opaque value per session, for providers that route by it. */
  sessionHint?: string
  /** For whoever keeps the accounts; no wire format sends it. Absent: the gateway itself pays. */
  charge?: Charge
}

/** Whom a model call is charged to. `privy`: may be told what the whole gateway spends. */
export interface Charge {
  principal: PrincipalId
  agent: AgentId
  channel: ChannelId
  session: SessionKey
  turn: TurnId
  privy: boolean
}

/** Tokens of one call; absent counts are 0. `input` excludes what was read from or written to the cache. */
export interface Usage {
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
}
export const noUsage: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

export type FaultClass =
  | 'rate_limit' | 'overloaded' | 'timeout' | 'server_error' | 'network'
  | 'auth' | 'auth_permanent' | 'billing' | 'model_not_found'
  | 'context_overflow' | 'format' | 'refusal' | 'abort'
  /** No money is left for it; it was never sent to the provider. */
  | 'budget'

/** Why a call failed. `message` is a sentence for a person and never contains a credential. */
export interface ModelFault {
  class: FaultClass
  message: string
  status?: number
  retryAfterMs?: number
}

/** The events of one call, in order: first `start` (the provider began to answer, or the call failed before it did), exactly one `end`, last. */
export type ModelEvent =
  | { type: 'start' }
  | { type: 'text-delta'; text: string }
  | { type: 'thinking-delta'; text: string }
  | { type: 'tool-call-start'; id: ToolCallId; name: string }
  | { type: 'tool-call-delta'; id: ToolCallId; json: string }
  | { type: 'end'; stop: 'end' | 'tool-use' | 'length' | 'refusal' | 'aborted' | 'error'; message: AssistantMessage; usage: Usage; fault?: ModelFault }

/** One wire format or built-in engine, bound to one provider. */
export interface Model {
  /** Never throws and never rejects: failure is the `end` event. `message` of a failed end holds what had arrived. */
  stream(request: ModelRequest): AsyncIterable<ModelEvent>
  /** The provider's own list. Absent: the provider has none. Rejects with a `Problem`. */
  list?(signal: AbortSignal): Promise<ModelInfo[]>
}

/** What is known about one model. Prices are US dollars per million tokens; absent price means unknown (counted at a ceiling). */
export interface ModelInfo {
  id: string
  name?: string
  contextWindow: number
  maxOutputTokens: number
  input: ('text' | 'image')[]
  reasoning: boolean
  cost?: { input: number; output: number; cacheRead: number; cacheWrite: number }
}

/** One configured provider, as a wire format needs to know it. Holds no credential. */
export interface Provider {
  id: string
  baseUrl: string
  headers: Record<string, string>
  /** Quirks of compatible servers; absent means the format's own behaviour. */
  compat: {
    maxTokensField?: 'max_tokens' | 'max_completion_tokens'
    supportsStore?: boolean
    supportsDeveloperRole?: boolean
    supportsReasoningEffort?: boolean
    /** How Anthropic-style cache marks are set: one mark on the whole request (the provider finds the last block), or on the last block itself. */
    cacheMarks?: 'request' | 'blocks'
  }
}

/** As much of `fetch` as a format needs; `globalThis.fetch` is one. Rejects when no answer came; `signal` ends it, and its body. */
export type ModelFetch = (url: string, init: { method?: 'GET' | 'POST'; headers: Record<string, string>; body?: string; signal: AbortSignal; redirect?: 'manual' }) => Promise<ModelAnswer>

/** As much of a `Response`. Its body is read once, by `text` or by one reader. */
export interface ModelAnswer {
  /** A status from 200 to 299. */
  readonly ok: boolean
  readonly status: number
  readonly headers: Iterable<[name: string, value: string]> & { get(name: string): string | null }
  readonly body: { getReader(): ModelAnswerReader } | null
  text(): Promise<string>
}

export interface ModelAnswerReader {
  /** The next bytes. Rejects when the line breaks before the end. */
  read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: Uint8Array | undefined }>
  /** Nothing more of it is wanted. */
  cancel(): Promise<void>
}

export interface ModelHost {
  /** Limited to the provider's host; the credential is attached here, outside the model's sight. */
  fetch: ModelFetch
  clock: Clock
  log: Logger
}

/** An entry of the models shelf. */
export interface ModelFormat {
  /** The value of `models.providers.<id>.api`. */
  id: string
  /** Where a credential goes. `none`: the engine needs no credential. */
  credential: { kind: 'header'; name: string; prefix: string } | { kind: 'none' }
  connect(provider: Provider, host: ModelHost): Model
}

export function defineModel(format: ModelFormat): ModelFormat {
  return format
}
