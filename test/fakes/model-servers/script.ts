/** What a scripted model sees and does. A script is a function from the request to steps; the server speaks them in the request's own wire format. */
export type WireFormat = 'anthropic-messages' | 'openai-completions' | 'openai-responses' | 'google-generative-ai'
export const wireFormats: readonly WireFormat[] = ['anthropic-messages', 'openai-completions', 'openai-responses', 'google-generative-ai']

/** A message of the request, the same in all formats. */
export interface SeenMessage {
  role: 'user' | 'assistant' | 'tool'
  /** All texts joined with line breaks. For `tool`: the result. */
  text: string
  images: { mimeType: string; data: string }[]
  calls: { id: string; name: string; input: unknown }[]
  /** For `tool`: which call it answers (the Gemini format has no ids: the tool's name). */
  callId?: string
  isError?: boolean
}

export interface SeenRequest {
  format: WireFormat
  /** 0 for the first request of this server. */
  index: number
  model: string
  system: string
  tools: { name: string; description: string; input: unknown }[]
  messages: SeenMessage[]
  /** The last user message's text; '' when there is none. */
  lastUserText: string
  /** The body as it came, byte for byte. */
  raw: string
  body: Record<string, unknown>
  headers: Record<string, string>
  path: string
  /** Aborts when the client hangs up before the answer is complete. */
  hungUp: AbortSignal
}

export type Step =
  | { kind: 'text'; pieces: string[] }
  | { kind: 'thinking'; pieces: string[]; signature?: string }
  /** Thinking the client may not read; only Anthropic and OpenAI Responses have it, others send nothing. */
  | { kind: 'redacted-thinking'; data: string }
  /** `json` is what goes over the wire as arguments, in `pieces` where the format streams them. */
  | { kind: 'call'; name: string; pieces: string[]; id?: string; signature?: string }
  | { kind: 'usage'; input: number; output: number; cacheRead?: number; cacheWrite?: number }
  /** Nothing is sent until this settles. */
  | { kind: 'wait'; until: Promise<unknown> }
  /** An HTTP error in place of an answer; only as the first step (after `wait`s). */
  | { kind: 'error'; status: number; message: string; type?: string; headers?: Record<string, string>; body?: string }
  /** An error told inside the stream. */
  | { kind: 'stream-error'; type: string; message: string }
  /** Anything at all, byte for byte. */
  | { kind: 'raw'; bytes: string }
  /** Nothing more comes and the connection stays. As the first step: not even headers. */
  | { kind: 'hang' }
  /** The connection is destroyed. */
  | { kind: 'cut' }
  | { kind: 'end'; stop: 'end' | 'tool-use' | 'length' | 'refusal' }

export type Script = (request: SeenRequest) => Step[] | Promise<Step[]> | AsyncIterable<Step>

/** Says a text, in pieces of words. */
export function say(text: string): Step {
  return { kind: 'text', pieces: text.match(/\S+\s*|\s+/g) ?? [text] }
}

export function think(text: string, signature?: string): Step {
  return { kind: 'thinking', pieces: text.match(/\S+\s*|\s+/g) ?? [text], ...(signature === undefined ? {} : { signature }) }
}

/** Calls a tool; the arguments are cut into pieces of `pieceLength` characters. */
export function callTool(name: string, input: Record<string, unknown>, options: { id?: string; pieceLength?: number; signature?: string } = {}): Step {
  const json = JSON.stringify(input)
  const length = options.pieceLength ?? 7
  const pieces: string[] = []
  for (let at = 0; at < json.length; at += length) pieces.push(json.slice(at, at + length))
  return { kind: 'call', name, pieces, ...(options.id === undefined ? {} : { id: options.id }), ...(options.signature === undefined ? {} : { signature: options.signature }) }
}

export function fail(status: number, message: string, options: { type?: string; headers?: Record<string, string>; body?: string } = {}): Step {
  return { kind: 'error', status, message, ...options }
}

export const hang: Step = { kind: 'hang' }
export const cut: Step = { kind: 'cut' }

export function waitFor(until: Promise<unknown>): Step {
  return { kind: 'wait', until }
}

export function usage(input: number, output: number, cacheRead = 0, cacheWrite = 0): Step {
  return { kind: 'usage', input, output, cacheRead, cacheWrite }
}

/** One answer after another; the last repeats. */
export function inOrder(...scripts: (Script | Step[])[]): Script {
  let next = 0
  return (request) => {
    const script = scripts[Math.min(next++, scripts.length - 1)] ?? []
    return typeof script === 'function' ? script(request) : script
  }
}

/** Repeats the last user message. */
export function echoModel(prefix = ''): Script {
  return (request) => [say(prefix + request.lastUserText)]
}

/**
 * Does whatever any text of the conversation since its last own message tells it: every ```tool {"name":…,"input":{…}} ``` block in
 * a user message or a tool result becomes a call. Without such a block it says what the tools answered, else `done`.
 */
export function obedientModel(): Script {
  return (request) => {
    const fresh: SeenMessage[] = []
    for (let at = request.messages.length - 1; at >= 0 && request.messages[at]?.role !== 'assistant'; at--) fresh.unshift(request.messages[at] as SeenMessage)
    const calls = fresh.flatMap((message) => [...message.text.matchAll(/```tool\s+([\s\S]*?)```/g)].flatMap((match): Step[] => {
      const parsed = parseCall(match[1] ?? '')
      return parsed === undefined ? [] : [callTool(parsed.name, parsed.input)]
    }))
    if (calls.length > 0) return calls
    const results = fresh.filter((message) => message.role === 'tool').map((message) => message.text)
    return [say(results.length > 0 ? results.join('\n') : 'done')]
  }
}

function parseCall(text: string): { name: string; input: Record<string, unknown> } | undefined {
  try {
    const value = JSON.parse(text) as { name?: unknown; input?: unknown }
    if (typeof value.name !== 'string') return undefined
    return { name: value.name, input: typeof value.input === 'object' && value.input !== null ? (value.input as Record<string, unknown>) : {} }
  } catch {
    // An obedient model still can't obey what it can't read.
    return undefined
  }
}
