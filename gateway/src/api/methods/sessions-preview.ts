import { describeError } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { showEntry } from '../wire/message.ts'
import { closed, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'
import { cutText } from '../wire/session-row.ts'

const keysMax = 64
const roles: Record<string, string> = { user: 'user', assistant: 'assistant', toolResult: 'tool', system: 'system' }

export const sessionsPreview = defineMethod({
  name: 'sessions.preview',
  scope: 'operator.read',
  summary: 'The last words of several sessions, in short.',
  params: closed({
    keys: Type.Array(Word, { minItems: 1 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
    maxChars: Type.Optional(Type.Integer({ minimum: 20, maximum: 2000 })),
  }),
  result: Type.Object({
    ts: Type.Integer(),
    previews: Type.Array(Type.Object({ key: Type.String(), status: Type.String(), items: Type.Array(Type.Object({ role: Type.String(), text: Type.String() })) })),
  }),
  async handle(params, rooms) {
    const previews = await Promise.all(params.keys.slice(0, keysMax).map(async (given) => {
      try {
        const key = sessionFor(rooms, given)
        if ((await rooms.sessions.get(key)) === undefined) return { key: given, status: 'missing', items: [] }
        const entries = await rooms.sessions.history(key, params.limit ?? 12)
        const items = entries.flatMap((entry) => {
          const message = showEntry(entry, 4)
          const text = (message?.content ?? []).flatMap((part) => (part.type === 'text' ? [part.text] : part.type === 'toolCall' ? [`call ${part.name}`] : [])).join('\n').trim()
          return message === undefined || text === '' ? [] : [{ role: roles[message.role] ?? 'other', text: cutText(text, params.maxChars ?? 240) }]
        })
        return { key: given, status: items.length === 0 ? 'empty' : 'ok', items }
      } catch (error) {
        rooms.log.debug('a preview could not be made', { key: given, error: describeError(error) })
        return { key: given, status: 'error', items: [] }
      }
    }))
    return { ts: Math.round(rooms.clock.now()), previews }
  },
})
