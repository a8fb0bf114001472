import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HealthSummary, healthSummary } from '../wire/health.ts'
import { open } from '../wire/params.ts'

export const health = defineMethod({
  name: 'health',
  scope: 'operator.read',
  summary: 'How the gateway, its channels and its queues are; with probe, each channel makes a round trip (at most 8 s).',
  params: open({ probe: Type.Optional(Type.Boolean()) }),
  result: HealthSummary,
  handle: (params, rooms) => healthSummary(rooms, { probe: params.probe === true }),
})
