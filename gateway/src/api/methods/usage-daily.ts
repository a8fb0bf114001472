import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { everyonesAccounts, SpendKindShape } from '../wire/spend-kind.ts'

/** So many stay apart in a picture of days; the others are one. */
const most = 6

export const usageDaily = defineMethod({
  name: 'usage.daily',
  scope: 'operator.read',
  summary: 'What the dearest six models, agents, people, channels or sessions of the last days cost day by day, and everything else together (`name` null). A day without calls has no row. The owner\'s alone.',
  params: closed({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 400 })), by: Type.Optional(SpendKindShape) }),
  result: Type.Object({
    today: Type.String(), days: Type.Integer(), by: SpendKindShape, names: Type.Array(Type.String()),
    rows: Type.Array(Type.Object({
      date: Type.String(), name: Type.Union([Type.String(), Type.Null()]), calls: Type.Integer(), input: Type.Integer(), output: Type.Integer(), cacheRead: Type.Integer(), cacheWrite: Type.Integer(),
      costUsd: Type.Number(), unpriced: Type.Integer(),
    })),
  }),
  async handle({ days = 30, by = 'model' }, { budget }, { principal }) {
    const accounts = everyonesAccounts(budget, principal)
    return { today: accounts.today(), days, by, ...(await accounts.daily(by, days, most)) }
  },
})
