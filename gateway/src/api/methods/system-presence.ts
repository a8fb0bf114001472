import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

const Words = Type.Optional(Type.String())
const List = Type.Optional(Type.Array(Type.String()))

/** Someone or something present, as on the wire. */
const PresenceRow = Type.Object({
  host: Words, ip: Words, version: Words, platform: Words, deviceFamily: Words, modelIdentifier: Words, mode: Words,
  lastInputSeconds: Type.Optional(Type.Integer()), reason: Words, deviceId: Words, roles: List, scopes: List, instanceId: Words, tags: List,
  text: Words, timeZone: Words, clientId: Words, ts: Type.Integer(),
})

export const systemPresence = defineMethod({
  name: 'system-presence',
  scope: 'operator.read',
  summary: 'Who is connected, newest first; the gateway itself is always among them.',
  params: open({}),
  result: Type.Array(PresenceRow),
  handle: async (_params, rooms) => rooms.presence.list(),
})
