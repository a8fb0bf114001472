import Type from 'typebox'
import { Problem } from '@moltbot/contract'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

const Counts = { connections: Type.Integer(), refused: Type.Integer(), bytesOut: Type.Integer(), bytesIn: Type.Integer() }

export const egressToday = defineMethod({
  name: 'egress.today',
  scope: 'operator.read',
  summary: 'What left this machine through tools on one day, by host, agent and principal, up to this moment.',
  params: closed({ daysAgo: Type.Optional(Type.Integer({ minimum: 0, maximum: 399 })) }),
  result: Type.Object({ date: Type.String(), ...Counts, rows: Type.Array(Type.Object({ host: Type.String(), agent: Type.String(), principal: Type.String(), use: Type.String(), ...Counts })) }),
  async handle({ daysAgo }, rooms) {
    if (rooms.egress === undefined) throw new Problem('egress-absent', 'This gateway reaches nothing through tools.')
    return rooms.egress.day(daysAgo ?? 0)
  },
})
