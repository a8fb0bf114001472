import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

const maybeText = Type.Union([Type.String(), Type.Null()])

export const memorySearch = defineMethod({
  name: 'memory.search',
  scope: 'operator.read',
  summary: 'Finds lines in the caller\'s own memory with an agent, the best first.',
  params: closed({ query: Type.String({ minLength: 1, maxLength: 1_000 }), agentId: Type.Optional(Type.String({ maxLength: 64 })), maxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })) }),
  result: Type.Object({
    hits: Type.Array(Type.Object({ path: Type.String(), line: Type.Integer(), text: Type.String(), day: maybeText, source: maybeText, owner: Type.String(), origin: maybeText, score: Type.Number() })),
  }),
  async handle({ query, agentId, maxResults }, rooms, caller) {
    if (rooms.memory === undefined) throw new Problem('memory-absent', 'This gateway remembers nothing.')
    const hits = await rooms.memory.search({ principal: caller.principal.id, query, ...(agentId === undefined ? {} : { agent: agentId }), ...(maxResults === undefined ? {} : { max: maxResults }) })
    return { hits: hits.map(({ origin, ...hit }) => ({ ...hit, origin: origin ?? null })) }
  },
})
