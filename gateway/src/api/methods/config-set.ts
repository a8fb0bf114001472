import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ConfigWritten, requireBaseHash, touchesSafety, writeConfig } from '../wire/config-answers.ts'
import { closed, MaybeWord } from '../wire/params.ts'

export const configSet = defineMethod({
  name: 'config.set',
  scope: 'operator.admin',
  fresh: ({ path }) => path === undefined || touchesSafety(path),
  summary: 'Writes the whole file (raw, baseHash) or one key of it (path, value; no value removes it). Comments of everything else stay; invalid content changes nothing.',
  params: closed({
    raw: Type.Optional(Type.String()), baseHash: Type.Optional(Type.String()),
    /** Dotted, for example `agents.defaults.model.primary`. */
    path: MaybeWord, value: Type.Optional(Type.Unknown()),
  }),
  result: ConfigWritten,
  async handle(params, rooms) {
    const { raw, path, baseHash, value } = params
    if ((raw === undefined) === (path === undefined)) throw new Problem('config-what', 'either raw or path is required')
    if (path !== undefined) return writeConfig(() => rooms.config.set(path, value))
    requireBaseHash(rooms, baseHash)
    return writeConfig(() => rooms.config.replace(raw ?? '', baseHash))
  },
})
