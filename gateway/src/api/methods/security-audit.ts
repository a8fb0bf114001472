import { Problem, reviewFacts } from '@moltbot/contract'
import Type from 'typebox'
import { takeFacts } from '../facts.ts'
import { defineMethod } from '../method.ts'
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
  summary: 'Looks at the whole installation with every check and tells what was found; changes nothing.',
  params: open({
    deep: Type.Optional(Type.Boolean({ description: 'Also knock at the own port as a stranger would.' })),
    quick: Type.Optional(Type.Boolean({ description: 'Only the few essential checks.' })),
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
    const parts = rooms.review
    if (parts === undefined) throw new Problem('review-missing', 'This gateway was built without the review.', { next: 'Build it again: npm run build' })
    const port = parts.port()
    const facts = await takeFacts({
      version: rooms.version, stateDir: rooms.stateDir, config: rooms.config, channels: rooms.channels, clock: rooms.clock, machine: parts.machine, vault: parts.vault(), vaultKeyFile: parts.vaultKeyFile,
      // A gateway that runs has read it.
      secretsFault: null, rooms, deep: params.deep === true, ...(parts.logLink === undefined ? {} : { logLink: parts.logLink }), ...(port === undefined ? {} : { port }),
    })
    return reviewFacts(params.quick === true ? parts.checks.filter(({ quick }) => quick === true) : parts.checks, facts)
  },
})
