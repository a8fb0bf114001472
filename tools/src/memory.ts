import { defineTool, ownMemory, type Effect } from '@moltbot/contract'
import { Type } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { needed } from './text/needed.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const linesShown = 60

/** What the person told the assistant, kept in Markdown files of their own. */
export const memory = defineTool({
  name: 'memory',
  aliases: ['memory_search', 'memory_get', 'memory_write'],
  fromAlias: (alias, { query, maxResults: _asConfigured, lines: _asMany, ...input }) => ({ ...input, action: alias.slice('memory_'.length), ...(query === undefined ? {} : { text: query }) }),
  description: 'Your notes on this person.',
  input: Type.Object(
    {
      action: Type.Enum(['search', 'get', 'write']),
      text: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: 'one fact a line' })),
      path: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
      from: Type.Optional(Type.Integer({ minimum: 1 })),
      lasting: Type.Optional(Type.Boolean()),
      shared: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  needs: ['memory'],
  effects(input): Effect[] {
    if (input.action === 'write') return [{ kind: 'changes-gateway', what: input.shared === true ? 'what all members are told' : ownMemory }]
    return [{ kind: 'reads-private', what: `memory ${input.path ?? input.text ?? ''}`.trim() }]
  },
  summarize(input) {
    const more = [...(input.path === undefined ? [] : [`in ${visible(input.path)}`]), ...(input.shared === true ? ['for all members'] : []), ...(input.lasting === true ? ['for good'] : [])]
    const words = input.text === undefined ? '' : `: ${quoted(input.text, 1_000)}`
    return `Memory: ${visible(input.action)}${more.length === 0 ? '' : ` ${more.join(', ')}`}${words}`
  },
  async run(input, grants, signal) {
    const text = (words: string) => [{ type: 'text' as const, text: words }]
    switch (input.action) {
      case 'search': {
        const { hits, boundary } = await untilAborted(() => grants.memory.search(needed(input.text, 'text').slice(0, 1_000), 0), signal)
        if (hits.length === 0) return { content: text('Nothing is noted about that.') }
        const lines = hits.map((hit) => `${visible(hit.path)}:${hit.line} (${[hit.day, hit.origin].filter((each) => each !== null && each !== undefined).join(', ') || 'no date'}) ${visible(hit.text)}`)
        const strange = hits.some(({ origin }) => origin !== undefined)
        return { ...(strange ? { origin: 'external' as const } : {}), content: text(strange ? fromOutside(boundary, lines.join('\n')) : lines.join('\n')) }
      }
      case 'get': {
        const found = await untilAborted(() => grants.memory.get(input.path ?? 'MEMORY.md', input.from ?? 1, linesShown), signal)
        const shown = found.text === '' ? '(nothing there)' : found.text
        const rest = found.to < found.of ? `\n[lines ${found.from}-${found.to} of ${found.of}]` : ''
        return { ...(found.origin === undefined ? {} : { origin: 'external' as const }), content: text((found.origin === undefined ? shown : fromOutside(found.boundary, shown)) + rest) }
      }
      default: {
        const { path, added, origin } = await untilAborted(() => grants.memory.write(needed(input.text, 'text'), { lasting: input.lasting === true, shared: input.shared === true }), signal)
        const apart = origin === undefined ? '' : ' Words from outside steered this, so it is kept apart and stays marked.'
        return { content: text(added === 0 ? `That is noted already, in ${visible(path)}.` : `Noted in ${visible(path)}.${apart}`) }
      }
    }
  },
})
