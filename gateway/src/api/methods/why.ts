import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'

export const why = defineMethod({
  name: 'why',
  scope: 'operator.read',
  summary: 'The whole path of a message, delivery or turn: from whom, what was decided, what ran, what was sent, how it ended.',
  params: closed({ id: Word }),
  result: Type.Object({ lines: Type.Array(Type.String()), data: Type.Record(Type.String(), Type.Unknown()) }),
  async handle({ id }, rooms) {
    const path = await rooms.why(id)
    if (path === undefined) throw new Problem('why-unknown', `Nothing is known under "${id}".`, { next: 'Give the id of a message, a delivery or a turn, or its beginning.' })
    return path
  },
})
