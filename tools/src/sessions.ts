import { defineTool, ownConversation, type ChildState, type Effect } from '@moltbot/contract'
import { Type } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { needed } from './text/needed.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const waitMax = 300
const listMax = 50
const stateWords: Record<ChildState, string> = { running: 'still at work', done: 'done', silent: 'done, without words', failed: 'failed', stopped: 'stopped', lost: 'lost' }

/** Other conversations of the same person, and work handed to sub-agents. */
export const sessions = defineTool({
  name: 'sessions',
  aliases: ['sessions_list', 'sessions_history', 'sessions_send', 'sessions_spawn'],
  fromAlias(alias, input) {
    const { sessionKey, message, task, timeoutSeconds, runTimeoutSeconds, agentId, ...rest } = input
    const wait = timeoutSeconds ?? runTimeoutSeconds
    return {
      ...rest, action: alias.slice('sessions_'.length), ...(sessionKey === undefined ? {} : { session: sessionKey }), ...(message === undefined ? {} : { text: message }),
      ...(task === undefined ? {} : { text: task }), ...(wait === undefined ? {} : { seconds: wait }), ...(agentId === undefined ? {} : { agent: agentId }),
    }
  },
  description: 'Other conversations: list, read, write to; spawn: a sub-agent does a task meanwhile and reports here.',
  input: Type.Object(
    {
      action: Type.Enum(['list', 'history', 'send', 'spawn']),
      session: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      text: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: 'send: words; spawn: the whole task' })),
      seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400, description: 'send: wait so long; spawn: at most' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
      label: Type.Optional(Type.String({ maxLength: 80 })),
      agent: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      model: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    },
    { additionalProperties: false },
  ),
  needs: ['sessions'],
  deadlineMs: (input) => (input.action === 'send' ? Math.min(input.seconds ?? 0, waitMax) * 1_000 : 0) + 60_000,
  effects(input): Effect[] {
    switch (input.action) {
      case 'list': return [{ kind: 'reads-private', what: 'your conversations' }]
      case 'history': return [{ kind: 'reads-private', what: `conversation ${input.session ?? ''}`.trim() }]
      // What a sub-agent says comes back here, and only a sub-agent of this conversation is reached.
      case 'spawn': return [{ kind: 'sends', to: ownConversation }]
      default: return [{ kind: 'sends', to: /^agent:[^:]+:sub:/.test(input.session ?? '') ? ownConversation : `the conversation ${input.session ?? ''}` }]
    }
  },
  summarize(input) {
    const parts = [
      ...(input.session === undefined ? [] : [visible(input.session)]), ...(input.label === undefined ? [] : [visible(input.label)]), ...(input.agent === undefined ? [] : [`by ${visible(input.agent)}`]),
      ...(input.model === undefined ? [] : [`with ${visible(input.model)}`]), ...(input.text === undefined ? [] : [quoted(input.text, 1_000)]),
    ]
    return [`Conversations: ${visible(input.action)}`, ...parts].join(' ')
  },
  async run(input, grants, signal) {
    const all = grants.sessions
    const said = (text: string) => [{ type: 'text' as const, text }]
    switch (input.action) {
      case 'list': {
        const lines = await untilAborted(() => all.list(Math.min(input.limit ?? 20, listMax)), signal)
        const shown = lines.map((each) => `${visible(each.key)}${each.child ? ' (your sub-agent)' : ''}${each.running ? ' at work' : ''}, ${new Date(each.updatedAt).toISOString().slice(0, 16)}Z${each.title === null ? '' : `: ${visible(each.title)}`}`)
        return { content: said(shown.length === 0 ? 'There are no others.' : shown.join('\n')) }
      }
      case 'history': {
        const found = await untilAborted(() => all.history(needed(input.session, 'session'), input.limit ?? 50), signal)
        const text = found.text === '' ? '(nothing was said)' : found.text
        return found.origin === undefined ? { content: said(text) } : { origin: 'external', content: said(fromOutside(found.boundary, text)) }
      }
      case 'send': {
        const end = await untilAborted(() => all.send(needed(input.session, 'session'), needed(input.text, 'text'), Math.min(input.seconds ?? 0, waitMax) * 1_000, signal), signal)
        const strange = end.origin !== undefined && end.reply !== ''
        const reply = end.reply === '' ? '' : `\n${strange ? fromOutside(end.boundary, end.reply) : end.reply}`
        return { ...(strange ? { origin: 'external' as const } : {}), content: said(`[${stateWords[end.state]}]${reply}`) }
      }
      default: {
        const { key } = await untilAborted(() => all.spawn({
          task: needed(input.text, 'text'), ...(input.label === undefined ? {} : { label: input.label }), ...(input.agent === undefined ? {} : { agent: input.agent }), ...(input.model === undefined ? {} : { model: input.model }),
          ...(input.seconds === undefined || input.seconds === 0 ? {} : { timeoutMs: input.seconds * 1_000 }),
        }), signal)
        return { content: said(`Begun as ${visible(key)}. Its end is told in this chat; you need not wait.`) }
      }
    }
  },
})
