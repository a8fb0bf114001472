import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { reviewNow } from '../review.ts'
import { open } from '../wire/params.ts'

const Severity = Type.Union([Type.Literal('critical'), Type.Literal('warn'), Type.Literal('info')])
const Fix = Type.Union([
  Type.Object({ kind: Type.Literal('chmod'), path: Type.String(), mode: Type.Integer() }),
  Type.Object({ kind: Type.Literal('config'), path: Type.String(), value: Type.Unknown() }),
])

export const securityAudit = defineMethod({
  name: 'security.audit',
  // It names every weak spot there is.
  scope: 'operator.admin',
  summary: 'Looks at the whole installation with every check and tells what was found; mends nothing.',
  params: open({
    deep: Type.Optional(Type.Boolean({ description: 'Also knock at the own port as a stranger would.' })),
    quick: Type.Optional(Type.Boolean({ description: 'Only the few essential checks.' })),
    last: Type.Optional(Type.Boolean({ description: 'Do not look: tell what the last whole review found.' })),
  }),
  result: Type.Object({
    takenAt: Type.Integer(),
    stateDir: Type.String(),
    live: Type.Boolean(),
    deep: Type.Boolean(),
    findings: Type.Array(Type.Object({ check: Type.String(), severity: Severity, subject: Type.String(), evidence: Type.String(), remedy: Type.String(), fix: Type.Optional(Fix) })),
    checks: Type.Array(Type.Object({ id: Type.String(), title: Type.String(), severity: Severity, outcome: Type.Union([Type.Literal('clean'), Type.Literal('found'), Type.Literal('not-looked-at')]) })),
  }),
  async handle(params, rooms) {
    if (params.last === true) {
      const last = await rooms.reviews?.last()
      if (last === undefined) throw new Problem('review-none', 'No review was kept yet.', { next: 'Make one: moltbot security audit' })
      return last
    }
    const review = await reviewNow(rooms, { deep: params.deep === true, quick: params.quick === true })
    if (params.quick !== true) await rooms.reviews?.take(review)
    return review
  },
})
