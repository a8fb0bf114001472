import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ConfigWritten, readObject, requireBaseHash, writeConfig } from '../wire/config-answers.ts'
import { closed, ignored } from '../wire/params.ts'
import { restorePatch } from '../wire/redaction.ts'

export const configPatch = defineMethod({
  name: 'config.patch',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Merges an object into the file: null removes a key, arrays are replaced, comments of everything else stay.',
  params: closed({ raw: Type.String(), baseHash: Type.Optional(Type.String()), ...ignored('sessionKey', 'note', 'restartDelayMs') }),
  result: ConfigWritten,
  async handle({ raw, baseHash }, rooms) {
    requireBaseHash(rooms, baseHash)
    const changes = restorePatch(readObject(raw), rooms.config.snapshot().parsed)
    return writeConfig(() => rooms.config.patch(changes, baseHash))
  },
})
