import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

const Words = Type.Optional(Type.String())
const List = Type.Optional(Type.Array(Type.String()))

export const systemEvent = defineMethod({
  name: 'system-event',
  scope: 'operator.admin',
  summary: 'A client says that it is still there and what it is; keeps its entry in the presence list fresh.',
  params: open({
    text: Type.String(), deviceId: Words, instanceId: Words, host: Words, ip: Words, mode: Words, version: Words, platform: Words, deviceFamily: Words,
    modelIdentifier: Words, lastInputSeconds: Type.Optional(Type.Number()), reason: Words, roles: List, scopes: List, tags: List,
  }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle(params, rooms, caller) {
    const text = params.text.trim()
    if (text === '') throw new Problem('text-required', 'text required')
    const { deviceId, instanceId, lastInputSeconds, ...facts } = params
    rooms.presence.update(deviceId ?? instanceId ?? caller.device ?? caller.id, {
      ...Object.fromEntries(Object.entries(facts).filter(([name]) => name in PresenceNames)),
      ...(deviceId === undefined ? {} : { deviceId }), ...(instanceId === undefined ? {} : { instanceId }),
      ...(lastInputSeconds === undefined ? {} : { lastInputSeconds: Math.round(lastInputSeconds) }), text,
    })
    return { ok: true as const }
  },
})

/** What of a beacon is kept; anything else a client sends is not shown to others. */
const PresenceNames = { host: true, ip: true, mode: true, version: true, platform: true, deviceFamily: true, modelIdentifier: true, reason: true, roles: true, scopes: true, tags: true }
