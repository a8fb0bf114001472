import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

const Totals = {
  input: Type.Integer(), output: Type.Integer(), cacheRead: Type.Integer(), cacheWrite: Type.Integer(), totalTokens: Type.Integer(),
  totalCost: Type.Number(), missingCostEntries: Type.Integer(),
}

export const usageCost = defineMethod({
  name: 'usage.cost',
  scope: 'operator.read',
  summary: 'Tokens used by the sessions that exist. They are not kept by day yet and no money is counted: each session counts as a missing cost.',
  params: open({ days: Type.Optional(Type.Integer({ minimum: 1 })) }),
  result: Type.Object({
    updatedAt: Type.Integer(), days: Type.Integer(), daily: Type.Array(Type.Object({ date: Type.String(), ...Totals })), totals: Type.Object(Totals),
  }),
  async handle({ days }, rooms) {
    const totals = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, totalCost: 0, missingCostEntries: 0 }
    for (const { usage } of await rooms.sessions.list()) {
      totals.input += usage.input
      totals.output += usage.output
      totals.cacheRead += usage.cacheRead
      totals.cacheWrite += usage.cacheWrite
      totals.missingCostEntries += usage.input + usage.output > 0 ? 1 : 0
    }
    totals.totalTokens = totals.input + totals.output + totals.cacheRead + totals.cacheWrite
    return { updatedAt: Math.round(rooms.clock.now()), days: days ?? 30, daily: [], totals }
  },
})
