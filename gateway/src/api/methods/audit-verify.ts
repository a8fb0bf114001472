import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, MaybeTime } from '../wire/params.ts'
import { recordOf } from './audit-log.ts'

const Fault = Type.Union([
  Type.Literal('edited'), Type.Literal('deleted'), Type.Literal('inserted'), Type.Literal('reordered'), Type.Literal('truncated'), Type.Literal('restored'), Type.Literal('replaced'),
  Type.Literal('checkpoint'), Type.Literal('before-chain'), Type.Literal('key'),
])

export const auditVerify = defineMethod({
  name: 'audit.verify',
  scope: 'operator.admin',
  summary: 'Reads the whole record and says whether it is as it was written, or where the first entry is that is not.',
  params: closed({
    anchors: Type.Optional(Type.String({ maxLength: 5_000_000, description: 'Anchors kept elsewhere, one a line, as they were found there.' })),
    accept: Type.Optional(Type.Boolean({ description: 'Take what is found as it is from now on, under your name; later faults show again.' })),
  }),
  result: Type.Object({
    ok: Type.Boolean(), fault: Type.Union([Fault, Type.Null()]), at: MaybeTime, rows: Type.Integer(), from: Type.Integer(), to: Type.Integer(), anchors: Type.Integer(),
    sentence: Type.String(), next: Type.Union([Type.String(), Type.Null()]), notes: Type.Array(Type.String()),
  }),
  handle: async ({ anchors, accept }, rooms, caller) => recordOf(rooms).verify({
    ...(anchors === undefined ? {} : { anchors }), ...(accept === true ? { accept: { by: caller.principal.id } } : {}),
  }),
})
