import { defineSection } from '@moltbot/contract'
import { Type } from 'typebox'
import type { Static } from 'typebox'

const amount = Type.Union([Type.Number({ minimum: 0, maximum: 1_000_000 }), Type.Literal('off')])
const cap = (fallback: number, description: string) => Type.Union(amount.anyOf, { default: fallback, description: `${description} US dollars; 0 allows only what is free, \`off\` takes the cap away.` })
const ownCap = (description: string) => Type.Optional(Type.Union(amount.anyOf, { description }))
const caps = (of: string, names: string) => Type.Record(Type.String(), Type.Object({
  daily: ownCap('US dollars a day.'),
  monthly: ownCap('US dollars a calendar month.'),
}), { default: {}, description: `Caps of their own for ${of}, by ${names}; \`*\` means each one that is not named. They hold beside the caps of the gateway.` })

/** What may be spent on models. */
export const budgetsSection = defineSection({
  path: 'budgets',
  title: 'What may be spent on models',
  reload: 'hot',
  schema: Type.Object({
    daily: cap(5, 'The most the whole gateway spends in a day.'),
    monthly: cap(50, 'The most the whole gateway spends in a calendar month.'),
    perTurn: cap(1, 'The most one turn spends, with all its model calls.'),
    byAgent: caps('agents', 'their id'),
    byPrincipal: caps('people', 'their id as `moltbot people list` shows it'),
    byChannel: caps('channels', 'their id'),
    noticeAt: Type.Number({ default: 0.8, minimum: 0.1, maximum: 1, description: 'The share of a daily or monthly cap at which the owner is told, once for each.' }),
    whenReached: Type.Union([
      Type.Literal('stop'),
      Type.Literal('ask-owner'),
      Type.Object({ model: Type.String({ minLength: 1, maxLength: 200, description: 'The model that takes over: `provider/model`, a bare id or an alias. The caps hold for it too; one on this machine costs nothing.' }) }),
    ], { default: 'stop', description: 'What happens when a cap leaves no room for a call: `stop` ends the turn in words; `ask-owner` asks the owner, and a yes raises that cap once, for that period; a model takes over from the one that became too dear.' }),
    raiseBy: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000, description: 'With `ask-owner`: by how many US dollars a yes raises a cap. Absent: by as much again as the cap itself.' })),
    ceilingPrice: Type.Object({
      input: Type.Number({ default: 15, minimum: 0, description: 'US dollars per million tokens read.' }),
      output: Type.Number({ default: 75, minimum: 0, description: 'US dollars per million tokens written.' }),
      speech: Type.Number({ default: 0.3, minimum: 0, description: 'US dollars per thousand characters spoken.' }),
      listening: Type.Number({ default: 0.02, minimum: 0, description: 'US dollars per minute of sound turned into words.' }),
    }, { default: {}, description: 'What a model, a voice or a listener counts whose price is not known. Servers on this machine or a private address are free unless they have a price.' }),
  }, { default: {} }),
})
export type BudgetsConfig = Static<typeof budgetsSection.schema>
