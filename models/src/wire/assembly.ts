import type { AssistantMessage, ModelEvent, ModelMessage, TextPart, ThinkingPart, ToolCallId, ToolCallPart, Usage } from '@moltbot/contract'
import { object, parseJson } from './read-json.ts'

interface CallBuilding { kind: 'call'; id: ToolCallId; name: string; json: string; announced: boolean; whole: boolean; signature?: string }
type Building =
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string; signature?: string; opaque?: string }
  | CallBuilding

/**
 * Puts a streamed answer together: wire formats report pieces under keys of their own choosing, and it yields the
 * contract's events and, at any time, the message so far in the order in which the parts began.
 */
export class Assembly {
  readonly usage: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  readonly #model: string
  readonly #parts = new Map<string, Building>()
  readonly #taken: Set<string>
  #events: ModelEvent[] = []
  #unnamed = 0

  /** `model` is `provider/model`. Ids already used in `history` are not given to new calls. */
  constructor(model: string, history: readonly ModelMessage[]) {
    this.#model = model
    this.#taken = new Set(history.flatMap((message) => (message.role === 'assistant' ? message.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])) : [])))
  }

  text(key: string, delta: string): void {
    if (delta === '') return
    const part = this.#parts.get(key)
    if (part?.kind === 'text') part.text += delta
    else this.#parts.set(key, { kind: 'text', text: delta })
    const before = this.#events.at(-1)
    if (before?.type === 'text-delta') this.#events[this.#events.length - 1] = { type: 'text-delta', text: before.text + delta }
    else this.#events.push({ type: 'text-delta', text: delta })
  }

  thinking(key: string, delta: string): void {
    const part = this.#parts.get(key)
    if (part?.kind === 'thinking') part.text += delta
    else this.#parts.set(key, { kind: 'thinking', text: delta })
    if (delta === '') return
    const before = this.#events.at(-1)
    if (before?.type === 'thinking-delta') this.#events[this.#events.length - 1] = { type: 'thinking-delta', text: before.text + delta }
    else this.#events.push({ type: 'thinking-delta', text: delta })
  }

  /** What the provider wants back unchanged with this piece of thinking. A signature given in pieces is joined. */
  thinkingMark(key: string, mark: { signature?: string; opaque?: string }): void {
    let part = this.#parts.get(key)
    if (part?.kind !== 'thinking') {
      part = { kind: 'thinking', text: '' }
      this.#parts.set(key, part)
    }
    if (mark.signature !== undefined) part.signature = (part.signature ?? '') + mark.signature
    if (mark.opaque !== undefined) part.opaque = mark.opaque
  }

  /** A call began, or more became known about it. Announced once its name is there. */
  call(key: string, known: { id?: string; name?: string; signature?: string; seed?: string }): void {
    const part = this.#callAt(key, known.id, known.seed)
    if (known.name !== undefined && part.name === '') part.name = known.name
    if (known.signature !== undefined) part.signature = known.signature
    if (!part.announced && part.name !== '') {
      part.announced = true
      this.#events.push({ type: 'tool-call-start', id: part.id, name: part.name })
      if (part.json !== '') this.#events.push({ type: 'tool-call-delta', id: part.id, json: part.json })
    }
  }

  callDelta(key: string, json: string): void {
    if (json === '') return
    const part = this.#callAt(key, undefined, undefined)
    part.json += json
    if (part.announced) this.#events.push({ type: 'tool-call-delta', id: part.id, json })
  }

  /** The provider said this call's arguments are complete. */
  callDone(key: string): void {
    const part = this.#parts.get(key)
    if (part?.kind === 'call') part.whole = true
  }

  has(key: string): boolean {
    return this.#parts.has(key)
  }

  /** The text or JSON gathered under a key so far; '' when nothing was. */
  gathered(key: string): string {
    const part = this.#parts.get(key)
    return part === undefined ? '' : part.kind === 'call' ? part.json : part.text
  }

  get calls(): number {
    return [...this.#parts.values()].filter((part) => part.kind === 'call').length
  }

  /** Whether the model asked for a tool without ever saying which. */
  get hasNamelessCall(): boolean {
    return [...this.#parts.values()].some((part) => part.kind === 'call' && part.name === '')
  }

  /** The events since the last ask; words that followed each other are one. */
  take(): ModelEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /**
   * The message so far. `complete`: the provider ended it; then every call stays, and one whose arguments are no JSON
   * object carries them in `malformed`. Otherwise calls that never became whole are left out: nobody may run them.
   */
  message(complete: boolean): AssistantMessage {
    const content: (TextPart | ThinkingPart | ToolCallPart)[] = []
    for (const part of this.#parts.values()) {
      if (part.kind === 'text') content.push({ type: 'text', text: part.text })
      else if (part.kind === 'thinking') {
        if (part.text === '' && part.signature === undefined && part.opaque === undefined) continue
        content.push({ type: 'thinking', text: part.text, ...(part.signature === undefined ? {} : { signature: part.signature }), ...(part.opaque === undefined ? {} : { opaque: part.opaque }) })
      } else if (complete || part.whole) {
        if (part.name === '') continue
        const call = callPart(part)
        if (!complete && call.malformed !== undefined) continue
        content.push(call)
      }
    }
    return { role: 'assistant', model: this.#model, content }
  }

  #callAt(key: string, id: string | undefined, seed: string | undefined): CallBuilding {
    const found = this.#parts.get(key)
    if (found?.kind === 'call') return found
    const part: CallBuilding = { kind: 'call', id: this.#freshId(id, seed), name: '', json: '', announced: false, whole: false }
    this.#parts.set(key, part)
    return part
  }

  /** Servers that count `call_0` anew in every answer, or give no id at all, still get ids unique in the conversation. */
  #freshId(id: string | undefined, seed: string | undefined): ToolCallId {
    const wanted = id !== undefined && id !== '' ? id : `call_${seed ?? this.#taken.size}_${this.#unnamed++}`
    let fresh = wanted
    for (let more = 2; this.#taken.has(fresh); more++) fresh = `${wanted}-${more}`
    this.#taken.add(fresh)
    return fresh as ToolCallId
  }
}

function callPart(part: CallBuilding): ToolCallPart {
  const signature = part.signature === undefined ? {} : { signature: part.signature }
  if (part.json.trim() === '') return { type: 'tool-call', id: part.id, name: part.name, input: {}, ...signature }
  const input = object(parseJson(part.json))
  if (input === undefined) return { type: 'tool-call', id: part.id, name: part.name, input: {}, malformed: part.json, ...signature }
  return { type: 'tool-call', id: part.id, name: part.name, input, ...signature }
}
