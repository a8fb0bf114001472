import { thinkingLevels } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { Rooms } from '../rooms.ts'
import { splitModel } from './message.ts'

const Level = Type.Object({ id: Type.String(), label: Type.String() })

/** One model a person may choose. */
export const ModelRow = Type.Object({
  id: Type.String(),
  name: Type.String(),
  provider: Type.String(),
  contextWindow: Type.Integer(),
  reasoning: Type.Boolean(),
  input: Type.Array(Type.String()),
  /** Whether it can answer now: a credential is there or none is needed. */
  available: Type.Boolean(),
  credential: Type.String(),
  thinkingLevels: Type.Array(Level),
  tags: Type.Array(Type.String()),
})
export type ModelRow = Static<typeof ModelRow>

/** All models, sorted by provider, then name. */
export async function modelRows(rooms: Pick<Rooms, 'models'>): Promise<ModelRow[]> {
  const primary = rooms.models.current().primary
  const rows = (await rooms.models.list()).map((model) => ({
    id: model.id, name: model.name ?? model.id, provider: model.provider, contextWindow: Math.round(model.contextWindow),
    reasoning: model.reasoning, input: [...model.input], available: model.available, credential: model.credential,
    thinkingLevels: levelsOf(model.reasoning), tags: `${model.provider}/${model.id}` === primary ? ['default'] : [],
  }))
  return rows.sort((a, b) => compare(a.provider, b.provider) || compare(a.name, b.name))
}

/** The thinking levels a model offers. */
export function levelsOf(reasoning: boolean): { id: string; label: string }[] {
  return (reasoning ? thinkingLevels : thinkingLevels.slice(0, 1)).map((level) => ({ id: level, label: level }))
}

/** The default model for lists and status: null where nothing is known. */
export interface ModelDefaults { modelProvider: string | null; model: string | null; contextTokens: number | null }
export const ModelDefaults = Type.Object({
  modelProvider: Type.Union([Type.String(), Type.Null()]),
  model: Type.Union([Type.String(), Type.Null()]),
  contextTokens: Type.Union([Type.Integer(), Type.Null()]),
})

/** How many tokens a model takes (`provider/model`); asked once per list, then answered from memory. */
export async function contextWindows(rooms: Pick<Rooms, 'models'>): Promise<(model: string) => number | null> {
  const known = new Map((await rooms.models.list()).map((model) => [`${model.provider}/${model.id}`, Math.round(model.contextWindow)]))
  return (model) => known.get(model) ?? null
}

export function modelDefaults(rooms: Pick<Rooms, 'models'>, windowOf: (model: string) => number | null): ModelDefaults {
  const { primary } = rooms.models.current()
  if (primary === '') return { modelProvider: null, model: null, contextTokens: null }
  const { provider, model } = splitModel(primary)
  return { modelProvider: provider, model, contextTokens: windowOf(primary) }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
