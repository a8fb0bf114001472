import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const modelsStatus = defineMethod({
  name: 'models.status',
  scope: 'operator.read',
  summary: 'Which model answers and why, its fallbacks, and which providers have what they need.',
  params: closed({}),
  result: Type.Object({
    primary: Type.String(),
    fallbacks: Type.Array(Type.String()),
    /** How the model was chosen, in words. */
    why: Type.String(),
    providers: Type.Array(Type.Object({ id: Type.String(), models: Type.Integer(), available: Type.Boolean(), credential: Type.String() })),
    /** Credentials that wait for a person: what is wrong, and the one thing to do. */
    needsYou: Type.Array(Type.Object({ profile: Type.String(), reason: Type.String(), next: Type.String() })),
  }),
  async handle(_params, rooms) {
    const { primary, fallbacks, why } = rooms.models.current()
    const providers = new Map<string, { id: string; models: number; available: boolean; credential: string }>()
    for (const model of await rooms.models.list()) {
      const known = providers.get(model.provider) ?? { id: model.provider, models: 0, available: false, credential: model.credential }
      providers.set(model.provider, { ...known, models: known.models + 1, available: known.available || model.available })
    }
    const needsYou = ((await rooms.models.credentials?.list()) ?? []).flatMap(({ profile, state, reason, next }) => (state === 'needs-you' ? [{ profile, reason: reason ?? '', next: next ?? '' }] : []))
    return { primary, fallbacks: [...fallbacks], why, providers: [...providers.values()], needsYou }
  },
})
