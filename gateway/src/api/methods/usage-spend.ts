import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { everyonesAccounts, SpendKindShape } from '../wire/spend-kind.ts'

export const usageSpend = defineMethod({
  name: 'usage.spend',
  scope: 'operator.read',
  summary: 'What was spent on models in the last days by model, agent, person, channel or session, and every daily and monthly cap with what is left of it. The owner\'s alone.',
  params: closed({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 400 })), by: Type.Optional(SpendKindShape) }),
  result: Type.Object({
    today: Type.String(), days: Type.Integer(), by: SpendKindShape,
    rows: Type.Array(Type.Object({
      name: Type.String(), calls: Type.Integer(), input: Type.Integer(), output: Type.Integer(), cacheRead: Type.Integer(), cacheWrite: Type.Integer(), costUsd: Type.Number(), unpriced: Type.Integer(),
    })),
    caps: Type.Array(Type.Object({
      scope: Type.String(), id: Type.String(), period: Type.String(), path: Type.String(), capUsd: Type.Number(), spentUsd: Type.Number(), reservedUsd: Type.Number(), leftUsd: Type.Number(),
      resetsAt: Type.Union([Type.Integer(), Type.Null()]),
    })),
  }),
  async handle({ days = 1, by = 'model' }, { budget }, { principal }) {
    const accounts = everyonesAccounts(budget, principal)
    return { today: accounts.today(), days, by, rows: await accounts.by(by, days), caps: accounts.caps() }
  },
})
