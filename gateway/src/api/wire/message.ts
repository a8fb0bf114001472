import type { AssistantMessage, ImagePart, TextPart, Usage } from '@moltbot/contract'
import { silentToken, unreachable } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { DeliveryRow } from '../../journey/outbox/types.ts'
import type { EntryRow } from '../../journey/sessions/types.ts'
import { Progress } from './progress.ts'

export const WireBlock = Type.Union([
  Type.Object({ type: Type.Literal('text'), text: Type.String() }),
  Type.Object({ type: Type.Literal('thinking'), thinking: Type.String() }),
  Type.Object({ type: Type.Literal('toolCall'), id: Type.String(), name: Type.String(), arguments: Type.Record(Type.String(), Type.Unknown()) }),
  Type.Object({ type: Type.Literal('image'), data: Type.String(), mimeType: Type.String() }),
])
export type WireBlock = Static<typeof WireBlock>

/** One line of a transcript as clients read it. `role`: `user`, `assistant`, `toolResult`, or `system` for notes and summaries. */
export const WireMessage = Type.Object({
  role: Type.String(),
  content: Type.Array(WireBlock),
  timestamp: Type.Integer(),
  /** Assistant only: who wrote it. */
  provider: Type.Optional(Type.String()),
  model: Type.Optional(Type.String()),
  api: Type.Optional(Type.String()),
  usage: Type.Optional(Type.Object({
    input: Type.Integer(), output: Type.Integer(), cacheRead: Type.Integer(), cacheWrite: Type.Integer(), totalTokens: Type.Integer(),
  })),
  stopReason: Type.Optional(Type.String()),
  /** Tool results only. */
  toolCallId: Type.Optional(Type.String()),
  toolName: Type.Optional(Type.String()),
  isError: Type.Optional(Type.Boolean()),
  /** User only: `<key>:user`, by which a client finds its own echo again. */
  idempotencyKey: Type.Optional(Type.String()),
  /** User only: who wrote, in groups. */
  senderLabel: Type.Optional(Type.String()),
  /** Of people's lines and the answers of commands: the accepted message, for `why`. */
  inboxId: Type.Optional(Type.String()),
  /** Of people's lines in a history: how far the message has come. Absent: nobody looked, or it is older than what is looked up. */
  progress: Type.Optional(Progress),
  /** Of what is no line of the transcript. */
  id: Type.Optional(Type.String()),
  /** What came with it, to be fetched at `files/<id>` of the door. The last block of `content` says the same in words. */
  files: Type.Optional(Type.Array(Type.Object({ id: Type.String(), kind: Type.String(), fileName: Type.String(), mimeType: Type.String(), sizeBytes: Type.Integer() }))),
  /** Answers to tap: each is sent as a message with the text `says`. */
  buttons: Type.Optional(Type.Array(Type.Object({ label: Type.String(), says: Type.String() }))),
  /** They answer nothing any more. */
  buttonsSpent: Type.Optional(Type.Boolean()),
  __openclaw: Type.Optional(Type.Object({
    id: Type.String(), seq: Type.Integer(), kind: Type.Optional(Type.String()), runId: Type.Optional(Type.String()),
    recordTimestampMs: Type.Integer(),
  })),
})
export type WireMessage = Static<typeof WireMessage>

const stopWords: Record<string, string> = { end: 'stop', 'tool-use': 'toolUse', refusal: 'stop' }

/** One entry as a client sees it. Undefined: nothing to show (the model chose silence). `idempotencyKey`: under which name its message came in; `progress`: how far that has come. */
export function showEntry(entry: EntryRow, protocol: 3 | 4, known: { idempotencyKey?: string; runId?: string; progress?: Progress } = {}): WireMessage | undefined {
  const at = Math.round(entry.at)
  const record = (kind?: string): Pick<WireMessage, '__openclaw' | 'timestamp'> => ({
    timestamp: at,
    __openclaw: {
      id: entry.id, seq: entry.seq, recordTimestampMs: at,
      ...(kind === undefined ? {} : { kind }), ...(known.runId === undefined ? {} : { runId: known.runId }),
    },
  })
  const body = entry.body
  const name = known.idempotencyKey === undefined ? {} : { idempotencyKey: `${known.idempotencyKey}:user` }
  const progress = known.progress === undefined ? {} : { progress: known.progress }
  switch (body.kind) {
    case 'user':
      return {
        role: 'user', content: body.message.content.slice(body.envelopeParts ?? 0).map(block), ...record(),
        ...(body.from === undefined ? {} : { senderLabel: body.from }),
        ...name, ...(body.inbox[0] === undefined ? {} : { inboxId: body.inbox[0] }), ...progress,
      }
    case 'assistant': {
      if (isSilent(body.message)) return undefined
      const { provider, model } = splitModel(body.message.model)
      return {
        role: 'assistant', content: body.message.content.flatMap(assistantBlock), ...record(),
        api: provider, provider, model, usage: showUsage(body.usage), stopReason: stopWords[body.stop] ?? body.stop,
      }
    }
    case 'tool-result':
      return {
        role: 'toolResult', toolCallId: body.message.callId, toolName: body.message.name,
        content: body.message.content.map(block), isError: body.message.isError, ...record(),
      }
    case 'summary':
      return { role: 'system', content: [{ type: 'text', text: body.text }], ...record('compaction') }
    case 'note':
      return { role: 'system', content: [{ type: 'text', text: body.text }], ...record('note') }
    case 'command':
      if (body.by === 'person') {
        return { role: 'user', content: [{ type: 'text', text: body.text }], inboxId: body.inbox, ...record('command'), ...(body.from === undefined ? {} : { senderLabel: body.from }), ...name, ...progress }
      }
      return {
        role: 'assistant', content: [{ type: 'text', text: body.text }], inboxId: body.inbox, ...record('command'), api: 'gateway-command', provider: 'gateway', model: 'gateway-command',
        usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: 'stop',
      }
    case 'injected':
      return {
        role: 'assistant', content: [{ type: 'text', text: injectedText(body.text, body.label) }], ...record(),
        api: 'gateway-injected', provider: 'gateway', model: 'gateway-injected',
        usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: protocol === 3 ? 'injected' : 'stop',
      }
    default:
      return unreachable(body)
  }
}

export function injectedText(text: string, label: string | undefined): string {
  return label === undefined || label === '' ? text : `[${label}]\n\n${text}`
}

/** The words of an assistant message, without thinking and tool calls. */
export function textOf(message: AssistantMessage): string {
  return message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
}

/** Whether the message is the model's way of saying nothing. */
export function isSilent(message: AssistantMessage): boolean {
  return message.content.every((part) => part.type === 'text' || part.type === 'thinking') && textOf(message).trim() === silentToken
}

/** `provider/model` in its two parts; a name without provider is all model. */
export function splitModel(name: string): { provider: string; model: string } {
  const slash = name.indexOf('/')
  return slash < 0 ? { provider: '', model: name } : { provider: name.slice(0, slash), model: name.slice(slash + 1) }
}

export function showUsage(usage: Usage): NonNullable<WireMessage['usage']> {
  const { input, output, cacheRead, cacheWrite } = usage
  return { input, output, cacheRead, cacheWrite, totalTokens: input + output + cacheRead + cacheWrite }
}

/** What went out through one of our doors, with its file and the answers to tap. */
export function showDelivery({ id, markdown, file, buttons, spentButtons, createdAt }: Pick<DeliveryRow, 'id' | 'markdown' | 'file' | 'buttons' | 'spentButtons' | 'createdAt'>): WireMessage {
  const said = assistantText(markdown, createdAt)
  const words = file === undefined ? [] : [{ type: 'text' as const, text: `📎 ${file.fileName} (${file.sizeBytes.toLocaleString('en')} bytes), to be fetched at files/${id}` }]
  return {
    ...said, id, content: [...(markdown === '' ? [] : said.content), ...words],
    ...(file === undefined ? {} : { files: [{ id, kind: file.kind, fileName: file.fileName, mimeType: file.mimeType, sizeBytes: file.sizeBytes }] }),
    ...(buttons === undefined ? {} : { buttons }), ...(spentButtons === undefined ? {} : { buttons: spentButtons, buttonsSpent: true }),
  }
}

/** Words of the assistant as an event carries them. */
export function assistantText(text: string, timestamp: number): WireMessage {
  return { role: 'assistant', content: [{ type: 'text', text }], timestamp: Math.round(timestamp) }
}

export function block(part: TextPart | ImagePart): WireBlock {
  return part.type === 'text' ? { type: 'text', text: part.text } : { type: 'image', data: part.data, mimeType: part.mimeType }
}

function assistantBlock(part: AssistantMessage['content'][number]): WireBlock[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text }]
    case 'thinking':
      return part.text === '' ? [] : [{ type: 'thinking', thinking: part.text }]
    case 'tool-call':
      return [{ type: 'toolCall', id: part.id, name: part.name, arguments: part.input }]
    default:
      return unreachable(part)
  }
}
