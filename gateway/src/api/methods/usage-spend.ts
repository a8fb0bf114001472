import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { SpendKindShape } from '../wire/spend-kind.ts'

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
    if (budget === undefined) throw new Problem('usage-absent', 'This gateway keeps no accounts.')
    if (principal.role !== 'owner' && principal.role !== 'admin') throw new Problem('usage-owner', 'Only the owner sees what everyone spends.', { next: 'Your own is in `usage.cost`.' })
    return { today: budget.today(), days, by, rows: await budget.by(by, days), caps: budget.caps() }
  },
})
