import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

const Totals = {
  input: Type.Integer(), output: Type.Integer(), cacheRead: Type.Integer(), cacheWrite: Type.Integer(), totalTokens: Type.Integer(),
  totalCost: Type.Number(), missingCostEntries: Type.Integer(),
}
const names = ['input', 'output', 'cacheRead', 'cacheWrite', 'totalTokens', 'totalCost', 'missingCostEntries'] as const

export const usageCost = defineMethod({
  name: 'usage.cost',
  scope: 'operator.read',
  summary: 'Tokens and US dollars of each of the last days, of everyone for the owner and of oneself for others. `missingCostEntries` are calls of unknown price, counted at the ceiling.',
  params: open({ days: Type.Optional(Type.Integer({ minimum: 1 })) }),
  result: Type.Object({
    updatedAt: Type.Integer(), days: Type.Integer(), daily: Type.Array(Type.Object({ date: Type.String(), ...Totals })), totals: Type.Object(Totals),
  }),
  async handle({ days = 30 }, rooms, { principal }) {
    const elevated = principal.role === 'owner' || principal.role === 'admin'
    const found = (await rooms.budget?.days(Math.min(days, 400), elevated ? undefined : principal.id)) ?? []
    const daily = found.map(({ date, input, output, cacheRead, cacheWrite, costUsd, unpriced }) => ({
      date, input, output, cacheRead, cacheWrite, totalTokens: input + output + cacheRead + cacheWrite, totalCost: costUsd, missingCostEntries: unpriced,
    }))
    const totals = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, totalCost: 0, missingCostEntries: 0 }
    for (const day of daily) for (const name of names) totals[name] += day[name]
    return { updatedAt: Math.round(rooms.clock.now()), days, daily, totals }
  },
})
