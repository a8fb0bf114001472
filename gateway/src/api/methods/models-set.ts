import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'

export const modelsSet = defineMethod({
  name: 'models.set',
  scope: 'operator.admin',
  summary: 'Chooses the model for new turns; written to agents.defaults.model.primary.',
  params: closed({ primary: Word }),
  result: Type.Object({ ok: Type.Literal(true), primary: Type.String(), path: Type.String() }),
  async handle(params, rooms) {
    const primary = rooms.models.resolve(params.primary)
    if (primary === undefined) throw new Problem('model-unknown', `unknown model: ${params.primary}.`, { next: 'See models.list for the models of this gateway.' })
    const model = nested(rooms.config.snapshot().parsed, ['agents', 'defaults', 'model'])
    // The older short form, `model: "provider/model"`, has no place for a key inside it.
    const snapshot = typeof model === 'string' ? await rooms.config.set('agents.defaults.model', { primary }) : await rooms.config.set('agents.defaults.model.primary', primary)
    return { ok: true as const, primary, path: snapshot.path }
  },
})

function nested(from: unknown, path: readonly string[]): unknown {
  return path.reduce((at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined), from)
}
