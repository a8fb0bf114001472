import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { writeConfig } from '../wire/config-answers.ts'
import { closed } from '../wire/params.ts'
import { vaultOf } from '../wire/vault-of.ts'

const hoursMax = 168

/** The name under which the vault holds the token, where the configuration refers to it there; undefined: the token stands in the configuration itself, or nowhere. */
function sealedName(written: unknown): string | undefined {
  const gateway = (written as { gateway?: { auth?: { token?: unknown } } }).gateway
  const token = gateway?.auth?.token
  return typeof token === 'string' ? /^\$\{secret:([^{}]{1,190})\}$/.exec(token)?.[1] : undefined
}

export const authTokenRotate = defineMethod({
  name: 'auth.token.rotate',
  scope: 'operator.admin',
  summary: 'Makes a new gateway token, shown once. Browsers and devices of the old one are signed out at once; programs may keep using it for overlapHours.',
  fresh: true,
  params: closed({ overlapHours: Type.Optional(Type.Integer({ minimum: 0, maximum: hoursMax })) }),
  result: Type.Object({ ok: Type.Literal(true), token: Type.String(), overlapUntilMs: Type.Union([Type.Integer(), Type.Null()]) }),
  async handle({ overlapHours = 0 }, rooms, caller) {
    caller.finishFirst()
    const token = rooms.signIns.newToken()
    const before = (await rooms.config.secrets.get('gateway.auth.token'))?.open('keep the old gateway token for its overlap')
    const until = overlapHours === 0 || before === undefined ? null : Math.round(rooms.clock.now() + overlapHours * 3_600_000)
    const { parsed, hash } = rooms.config.snapshot()
    const name = sealedName(parsed)
    if (name === undefined) {
      // One write: there is no moment with both tokens for good, and none with neither.
      await writeConfig(() => rooms.config.patch({ gateway: { auth: { token, previousToken: until === null ? null : (before ?? null), previousTokenUntil: until } } }, hash))
    } else {
      // What its owner put into the vault stays there. The old one first: whatever fails on the way, one of the two opens the door.
      const vault = vaultOf(rooms, caller)
      if (until !== null && before !== undefined) await vault.set(`${name}-before`, before)
      await writeConfig(() => rooms.config.patch({ gateway: { auth: { previousToken: until === null ? null : `\${secret:${name}-before}`, previousTokenUntil: until } } }, hash))
      await vault.set(name, token)
    }
    await rooms.store.transaction((tx) => rooms.audit.append(tx, { act: 'auth.token-rotated', principal: caller.principal.id, subject: 'gateway.auth', outcome: 'done', reason: 'asked for', facts: { overlapHours } }))
    return { ok: true as const, token, overlapUntilMs: until }
  },
})
