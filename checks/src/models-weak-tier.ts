import { defineCheck } from '@moltbot/contract'
import { bare, chosenModels } from './chosen-models.ts'

const small = /(?:^|[-.:])(?:haiku|mini|nano|tiny|lite|small|flash|fast|ministral)(?:$|[-.:0-9])/

export const modelsWeakTier = defineCheck({
  id: 'models.weak_tier',
  severity: 'info',
  title: 'A strong model reads what strangers write',
  find: (facts) => chosenModels(facts).filter(({ name }) => small.test(bare(name))).map(({ name, subject }) => ({
    check: 'models.weak_tier', severity: 'info', subject,
    evidence: `${name} is its maker’s small one: cheaper, and easier to talk into things.`,
    remedy: 'Where it reads other people’s texts, prefer a larger one.',
  })),
})
