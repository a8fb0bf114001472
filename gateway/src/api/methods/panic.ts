import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { actorOf, haltOf } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'
import { authTokenRotate } from './auth-token-rotate.ts'

export const panic = defineMethod({
  name: 'panic',
  scope: 'operator.admin',
  summary: 'Stops everything: turns, commands, queues, what leaves by tools; signs browsers and devices out, takes lasting permissions back, keeps what was found. Lasts until `resume`.',
  params: closed({ rotateToken: Type.Optional(Type.Boolean({ description: 'Also make a new gateway token; the old one ends at once.' })) }),
  result: Type.Object({
    incident: Type.String(), again: Type.Boolean(), turns: Type.Integer(), commands: Type.Integer(), waiting: Type.Integer(), browsers: Type.Integer(), devices: Type.Integer(), grants: Type.Integer(), approvals: Type.Integer(),
    files: Type.Array(Type.String()), faults: Type.Array(Type.String()), tookMs: Type.Integer(), tokenRotated: Type.Boolean(),
  }),
  async handle({ rotateToken = false }, rooms, caller) {
    caller.finishFirst()
    const report = await haltOf(rooms).panic(actorOf(caller))
    if (rotateToken) await authTokenRotate.handle({}, rooms, caller)
    return { ...report, tookMs: Math.round(report.tookMs), tokenRotated: rotateToken }
  },
})
