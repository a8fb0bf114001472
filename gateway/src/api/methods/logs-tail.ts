import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { logLine } from '../wire/log-line.ts'
import { open } from '../wire/params.ts'

export const logsTail = defineMethod({
  name: 'logs.tail',
  scope: 'operator.read',
  summary: 'Log lines from a byte cursor on, or the last ones; secrets are redacted already.',
  params: open({
    cursor: Type.Optional(Type.Integer({ minimum: 0 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
    maxBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  }),
  result: Type.Object({ file: Type.String(), cursor: Type.Integer(), size: Type.Integer(), lines: Type.Array(Type.String()), truncated: Type.Boolean(), reset: Type.Boolean() }),
  async handle({ cursor, limit, maxBytes }, rooms) {
    const tail = await rooms.logs.tail(cursor, limit ?? 500, maxBytes ?? 250_000)
    return { file: rooms.logs.file, ...tail, lines: tail.lines.map(logLine) }
  },
})
