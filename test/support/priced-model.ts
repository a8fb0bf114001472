import type { ModelServer } from '../fakes/model-servers/index.ts'
import { ownedBy1001 } from './person.ts'

/** A configuration with these budgets in which the scripted model costs $1 for a million tokens read and $100 for a million written, and writes at most 4,096: 41 cents. */
export const pricedModel = (budgets: Record<string, unknown>, more: Record<string, unknown> = {}) => (model: ModelServer): Record<string, unknown> => ({
  ...ownedBy1001, budgets, ...more,
  models: {
    providers: {
      test: {
        baseUrl: model.baseUrl('anthropic-messages'), apiKey: 'k', api: 'anthropic-messages',
        models: [{ id: 'test-model', contextWindow: 100_000, maxTokens: 4_096, cost: { input: 1, output: 100, cacheRead: 0.1, cacheWrite: 1.25 } }],
      },
    },
  },
})
