import { defineCheck } from '@moltbot/contract'
import { bare, chosenModels } from './chosen-models.ts'

const billionsMin = 30

export const modelsSmallParams = defineCheck({
  id: 'models.small_params',
  severity: 'warn',
  title: 'Models that run locally are large enough to tell data from orders',
  find: (facts) => chosenModels(facts).flatMap(({ name, subject }) => {
    const size = /(?:^|[-:_])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?:$|[-:_])/.exec(bare(name))
    const billions = size === null ? undefined : Number(size[1] ?? 1) * Number(size[2])
    return billions === undefined || billions >= billionsMin ? [] : [{
      check: 'models.small_params', severity: billions < 8 ? 'warn' as const : 'info' as const, subject,
      evidence: `${name} has about ${billions} billion parameters: instructions hidden in what it reads often win.`,
      remedy: 'Let only people you trust talk to it, or choose a larger one.',
    }]
  }),
})
