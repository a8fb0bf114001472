import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, MaybeWord } from '../wire/params.ts'

export const sessionsBrowserEnd = defineMethod({
  name: 'sessions.browser.end',
  scope: 'operator.admin',
  summary: 'Signs a browser out (id), or all of them (all), or all but the one that asks (others). Their open pages close at once.',
  params: closed({ id: MaybeWord, all: Type.Optional(Type.Boolean()), others: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ ok: Type.Literal(true), ended: Type.Integer() }),
  async handle({ id, all, others }, rooms, caller) {
    caller.finishFirst()
    if ([id !== undefined, all === true, others === true].filter(Boolean).length !== 1) throw new Problem('sign-in-which', 'Say which: id, all or others.')
    const ended = id === undefined ? await rooms.signIns.endAll(others === true ? caller.signIn?.digest : undefined) : Number(await rooms.signIns.end(id))
    if (id !== undefined && ended === 0) throw new Problem('sign-in-unknown', 'No browser is signed in under that id.', { next: 'See sessions.browser.list.' })
    await rooms.store.transaction((tx) => rooms.audit.append(tx, { act: 'auth.signed-out', principal: caller.principal.id, subject: id ?? 'browsers', outcome: 'done', reason: all === true ? 'everywhere' : others === true ? 'everywhere else' : 'one browser', facts: { ended } }))
    return { ok: true as const, ended }
  },
})
