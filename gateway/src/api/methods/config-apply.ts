import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ConfigWritten, requireBaseHash, writeConfig } from '../wire/config-answers.ts'
import { closed, ignored } from '../wire/params.ts'

export const configApply = defineMethod({
  name: 'config.apply',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Writes the whole file and puts it in force at once; no restart is needed.',
  params: closed({ raw: Type.String(), baseHash: Type.Optional(Type.String()), ...ignored('sessionKey', 'note', 'restartDelayMs') }),
  result: ConfigWritten,
  async handle({ raw, baseHash }, rooms) {
    requireBaseHash(rooms, baseHash)
    return writeConfig(() => rooms.config.replace(raw, baseHash))
  },
})
