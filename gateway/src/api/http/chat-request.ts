import type { Attachment } from '@moltbot/contract'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const part = Type.Object({
  type: Type.String(),
  text: Type.Optional(Type.String()),
  image_url: Type.Optional(Type.Union([Type.String(), Type.Object({ url: Type.String() })])),
})
const schema = Type.Object({
  model: Type.Optional(Type.String({ maxLength: 256 })),
  messages: Type.Array(Type.Object({
    role: Type.Union([Type.Literal('system'), Type.Literal('developer'), Type.Literal('user'), Type.Literal('assistant'), Type.Literal('tool'), Type.Literal('function')]),
    content: Type.Optional(Type.Union([Type.String(), Type.Array(part, { maxItems: 512 }), Type.Null()])),
    name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  }), { minItems: 1, maxItems: 4096 }),
  stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  stream_options: Type.Optional(Type.Union([Type.Object({ include_usage: Type.Optional(Type.Boolean()) }), Type.Null()])),
  user: Type.Optional(Type.Union([Type.String({ maxLength: 512 }), Type.Null()])),
})

/** The parts of a Chat Completions request that mean something here; all others are accepted and ignored. */
export type ChatRequest = Static<typeof schema>
export const chatRequest = Compile(schema)

type Message = ChatRequest['messages'][number]

function textOf(message: Message): string {
  const { content } = message
  if (typeof content === 'string') return content
  return (content ?? []).flatMap((one) => (one.text === undefined ? [] : [one.text])).join('\n')
}

const dataUrl = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=]+)$/

function imagesOf(message: Message): Attachment[] {
  if (!Array.isArray(message.content)) return []
  return message.content.flatMap((one) => {
    const url = typeof one.image_url === 'string' ? one.image_url : one.image_url?.url
    const match = url === undefined ? null : dataUrl.exec(url)
    return match === null ? [] : [{ kind: 'image' as const, mimeType: match[1] ?? '', data: match[2] ?? '', sizeBytes: Math.floor(((match[2] ?? '').length * 3) / 4) }]
  })
}

const speakers: Record<Message['role'], string> = { system: 'System', developer: 'System', user: 'User', assistant: 'Assistant', tool: 'Tool result', function: 'Tool result' }

/**
 * What the agent is asked. System messages become instructions of the turn; the words since the assistant last spoke are
 * the prompt; what came before stands in front of it as text, unless the session remembers by itself (`remembers`).
 * Undefined: there is no user message.
 */
export function promptOf(request: ChatRequest, remembers: boolean): { text: string; instructions: string | undefined; attachments: Attachment[] } | undefined {
  const instructions = request.messages.filter((message) => message.role === 'system' || message.role === 'developer').map(textOf).filter((text) => text !== '').join('\n\n')
  const talk = request.messages.filter((message) => message.role !== 'system' && message.role !== 'developer')
  const lastAnswer = talk.findLastIndex((message) => message.role === 'assistant')
  const now = talk.slice(lastAnswer + 1)
  if (!now.some((message) => message.role === 'user' || message.role === 'tool' || message.role === 'function')) return undefined
  const attachments = now.flatMap(imagesOf)
  const words = now.map((message) => (message.role === 'user' ? textOf(message) : `${speakers[message.role]}${message.name == null ? '' : ` (${message.name})`}: ${textOf(message)}`)).filter((text) => text !== '').join('\n\n')
  if (words === '' && attachments.length === 0) return undefined
  const before = talk.slice(0, lastAnswer + 1).map((message) => [message, textOf(message)] as const).filter(([, text]) => text !== '')
  const history = remembers || before.length === 0 ? '' : `[Earlier in this conversation]\n${before.map(([message, text]) => `${speakers[message.role]}: ${text}`).join('\n\n')}\n\n[Now]\n`
  return { text: `${history}${words}`, instructions: instructions === '' ? undefined : instructions, attachments }
}
