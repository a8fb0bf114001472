import { createHash, randomInt } from 'node:crypto'
import {
  Problem, type Action, type AgentId, type Clock, type Effect, type NewId, type Principal, type PrincipalId, type Row, type SessionKey, type Store, type TurnId, type Tx,
} from '@moltbot/contract'
import type { Audit } from '../../foundation/audit/types.ts'
import { parseSimple, readEntry } from './allow-list/index.ts'
import { ruleOn } from './rules.ts'
import { fitLines, showPlainly } from './show-plainly.ts'
import type { Approval, ApprovalsDoor, ExactCall, Question, StandingGrant } from './types.ts'

/** How long a question stays open when the turn itself does not end sooner. */
export const approvalValidMs = 15 * 60_000
/** So many questions may be open at once; further ones are refused. */
const openMax = 50
/** Letters and digits that cannot be mistaken for one another. */
const codeAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

export interface Approvals extends ApprovalsDoor {
  /** Whether this person's yes would count. */
  mayDecide(by: Principal, approval: Approval): boolean
  /** Writes the question down. The same call that is still open, or was allowed and not done yet, is that question again. */
  ask(tx: Tx, call: Question): Promise<Approval>
  /** Resolves when it is decided, has run out, or `signal` aborts (then it is withdrawn). */
  waitFor(id: string, signal: AbortSignal): Promise<Approval>
  /** Takes a yes for exactly this call; false when there is none, it ran out, or it was taken before. In the transaction of the effect. */
  take(tx: Tx, id: string, call: ExactCall): Promise<boolean>
}

/** Where a yes was given. */
interface Place { session: SessionKey | null; conversation: string | null }

/** What of an effect a lasting yes would cover; undefined: such an effect is asked about each time. */
function standingTarget(effect: Effect, { session, conversation }: Place): { what: string; words: string; conversation?: string } | undefined {
  switch (effect.kind) {
    case 'runs-code': return isPlainToSay(effect) ? { what: effect.what, words: `exactly the command ${quoted(effect.what)}` } : undefined
    case 'reaches-host': return { what: effect.host, words: `reaching any address at ${quoted(effect.host)}` }
    case 'sends':
      if (effect.file !== undefined) return undefined
      if (effect.how === undefined) return { what: effect.to, words: `sending to ${quoted(effect.to)}` }
      if (effect.how === 'acts' || session === null || conversation === null) return undefined
      return {
        what: `${effect.to}, typing and choosing, ${conversation}`, conversation,
        words: `typing and choosing on pages of ${quoted(effect.to)}, who can read it at once, in the conversation ${quoted(session)} until it begins afresh`,
      }
    default: return undefined
  }
}

/** Whether somebody said yes to this effect for good. */
export async function isStandingIn(on: Pick<Tx, 'get'>, principal: PrincipalId, agent: AgentId, effect: Effect, place: Place): Promise<boolean> {
  const target = standingTarget(effect, place)
  if (target === undefined) return false
  return (await on.get('SELECT id FROM standing_grants WHERE principal = ? AND agent = ? AND kind = ? AND what = ? AND COALESCE(conversation, \'\') = ?', principal, agent, effect.kind, target.what, target.conversation ?? '')) !== undefined
}

/** Whether the line says all: nothing else steers it, and no shell, interpreter or file named by a path of the workspace decides later what it does. */
function isPlainToSay({ what, plain }: Extract<Effect, { kind: 'runs-code' }>): boolean {
  return plain !== false && parseSimple(what) !== undefined
}

const quoted = (text: string): string => `“${fitLines(showPlainly(text), 1, 120)}”`

/** The bytes a yes is bound to. */
export function digestOf(call: ExactCall): string {
  return createHash('sha256').update(JSON.stringify(['call', call.tool, sorted(call.input), call.agent, call.session, call.principal.id])).digest('hex')
}

/** The same value with the keys of every object in order, so that equal values have equal bytes. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)])
}

function toApproval(row: Row): Approval {
  return {
    id: String(row['id']), code: String(row['code']), session: row['session'] as SessionKey | null, agent: row['agent'] as AgentId, turn: row['turn'] as TurnId | null,
    principal: row['principal'] as PrincipalId, role: row['role'] as Principal['role'], tool: String(row['tool']), summary: String(row['summary']), detail: String(row['detail']), reason: String(row['reason']),
    effects: JSON.parse(String(row['effects'])) as Effect[], always: row['always'] as string | null, requestedAt: Number(row['requested_at']), expiresAt: Number(row['expires_at']), state: row['state'] as Approval['state'], decision: row['decision'] as Approval['decision'],
    decidedBy: row['decided_by'] as PrincipalId | null, decidedVia: row['decided_via'] as string | null, decidedAt: row['decided_at'] as number | null, usedAt: row['used_at'] as number | null,
  }
}

function toGrant(row: Row): StandingGrant {
  return { id: String(row['id']), principal: row['principal'] as PrincipalId, agent: row['agent'] as AgentId, kind: row['kind'] as Effect['kind'], what: String(row['what']), words: String(row['words']), since: Number(row['since']), by: row['by'] as PrincipalId }
}

export function createApprovals(options: { store: Store; clock: Clock; newId: NewId; audit: Audit; asNow(tx: Tx, principal: Principal): Promise<Principal | undefined> }): Approvals {
  const { store, clock, newId, audit } = options
  const listeners = new Set<(approval: Approval) => void>()
  const tell = (tx: Tx, approval: Approval): void => tx.afterCommit(() => listeners.forEach((listener) => listener(approval)))
  const byId = async (on: Pick<Tx, 'get'>, idOrCode: string): Promise<Approval | undefined> => {
    const given = idOrCode.trim()
    const row = await on.get('SELECT * FROM approvals WHERE id = ? OR code = ? ORDER BY requested_at DESC LIMIT 1', given, given.toUpperCase())
    return row === undefined ? undefined : toApproval(row)
  }

  /** What was allowed in a conversation of this session that is over. */
  async function forgetOver(tx: Tx, { session, conversation }: Place): Promise<void> {
    if (session !== null && conversation !== null) await tx.run('DELETE FROM standing_grants WHERE session = ? AND conversation <> ?', session, conversation)
  }

  /** Nobody answered in time: that is a no. */
  async function close(tx: Tx, approval: Approval, state: 'expired' | 'cancelled'): Promise<Approval> {
    const closed: Approval = { ...approval, state, decidedAt: clock.now() }
    await tx.run('UPDATE approvals SET state = ?, decided_at = ? WHERE id = ? AND state = ?', state, closed.decidedAt, approval.id, 'pending')
    await audit.append(tx, { act: 'approval.closed', principal: approval.principal, subject: approval.id, outcome: 'deny', reason: state, facts: { tool: approval.tool } })
    tell(tx, closed)
    return closed
  }

  /** Only who could do it on their own word may say yes: never more by asking than by doing. */
  function mayDecide(by: Principal, approval: Approval): boolean {
    if (by.role === 'owner' || by.role === 'admin') return true
    const action: Action = { kind: 'use-tool', tool: approval.tool, effects: approval.effects, session: approval.session ?? ('' as SessionKey), agent: approval.agent, tainted: false }
    return by.id === approval.principal && ruleOn(by, action).kind === 'allow'
  }

  async function closeIfOpen(tx: Tx, id: string, state: 'expired' | 'cancelled'): Promise<Approval> {
    const still = await byId(tx, id)
    if (still === undefined) throw new Problem('approval-unknown', 'unknown approval id')
    return still.state === 'pending' ? close(tx, still, state) : still
  }

  async function whenDecided(id: string, signal: AbortSignal): Promise<Approval> {
    for (;;) {
      const now = await byId(store.read, id)
      if (now === undefined) throw new Problem('approval-unknown', 'unknown approval id')
      if (now.state !== 'pending' || signal.aborted) return now
      if (now.expiresAt <= clock.now()) return store.transaction((tx) => closeIfOpen(tx, id, 'expired'))
      await new Promise<void>((resolve) => {
        const done = (): void => {
          listeners.delete(heard)
          cancel()
          signal.removeEventListener('abort', done)
          resolve()
        }
        const heard = (approval: Approval): void => { if (approval.id === now.id) done() }
        const cancel = clock.after(now.expiresAt - clock.now(), done)
        listeners.add(heard)
        signal.addEventListener('abort', done, { once: true })
        // It may have been decided between the look and the listening.
        void byId(store.read, id).then((again) => { if (again?.state !== 'pending') done() }, done)
      })
    }
  }

  async function ask(tx: Tx, call: Question): Promise<Approval> {
    const digest = digestOf(call)
    const now = clock.now()
    // A turn that asks again after a crash finds its question. A client that asks again asks anew: nobody takes its answers here.
    const same = call.turn === null ? undefined : await tx.get("SELECT * FROM approvals WHERE digest = ? AND turn IS NOT NULL AND expires_at > ? AND (state = 'pending' OR (state = 'allowed' AND used_at IS NULL)) ORDER BY requested_at DESC LIMIT 1", digest, now)
    if (same !== undefined) return toApproval(same)
    const open = await tx.get<{ count: number }>("SELECT COUNT(*) AS count FROM approvals WHERE state = 'pending' AND expires_at > ?", now)
    if ((open?.count ?? 0) >= openMax) throw new Problem('approvals-full', 'Too many questions wait for an answer already.', { next: 'Answer them first: `moltbot approvals`.' })
    const place: Place = { session: call.session, conversation: call.conversation ?? null }
    // Reading, and writing in its own workspace, is never what a yes is needed for.
    const targets = call.effects.filter(({ kind }) => kind !== 'reads-private' && kind !== 'reads-untrusted' && kind !== 'writes-workspace').map((effect) => standingTarget(effect, place))
    const input = typeof call.input === 'object' && call.input !== null && !Array.isArray(call.input) ? Object.entries(call.input) : [['input', call.input] as const]
    const detail = showPlainly(input.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join('\n'))
    const approval: Approval = {
      id: call.id ?? newId('approval'), code: Array.from({ length: 4 }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join(''), session: call.session, agent: call.agent, turn: call.turn, principal: call.principal.id,
      role: call.principal.role, tool: call.tool, summary: fitLines(showPlainly(call.summary), 5, 240), detail, reason: call.reason, effects: call.effects,
      always: targets.every((target) => target !== undefined) && targets.length > 0 ? targets.map((target) => target?.words).join(' and ') : null,
      requestedAt: now, expiresAt: Math.min(now + approvalValidMs, call.until ?? Number.POSITIVE_INFINITY), state: 'pending', decision: null, decidedBy: null, decidedVia: null, decidedAt: null, usedAt: null,
    }
    await tx.run(
      `INSERT INTO approvals (id, code, session, agent, turn, principal, role, tool, effects, summary, detail, digest, reason, always, requested_at, expires_at, conversation, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')`,
      approval.id, approval.code, approval.session, approval.agent, approval.turn, approval.principal, approval.role, approval.tool, JSON.stringify(approval.effects), approval.summary, detail, digest, call.reason,
      approval.always, approval.requestedAt, approval.expiresAt, place.conversation,
    )
    await audit.append(tx, { act: 'approval.asked', principal: call.principal.id, subject: approval.id, outcome: 'ask', reason: call.reason, facts: { tool: call.tool, effects: call.effects, digest } })
    tell(tx, approval)
    return approval
  }

  return {
    mayDecide,
    ask,
    async waitFor(id, signal) {
      const decided = await whenDecided(id, signal)
      return decided.state === 'pending' ? store.transaction(async (tx) => closeIfOpen(tx, id, 'cancelled')) : decided
    },
    whenDecided,
    request: (question) => store.transaction(async (tx) => {
      if (question.id !== undefined && (await byId(tx, question.id)) !== undefined) throw new Problem('approval-pending', 'approval id already pending')
      return ask(tx, question)
    }),

    async take(tx, id, call) {
      const taken = await tx.run("UPDATE approvals SET used_at = ? WHERE id = ? AND digest = ? AND state = 'allowed' AND used_at IS NULL AND expires_at > ?", clock.now(), id, digestOf(call), clock.now())
      await audit.append(tx, { act: 'approval.used', principal: call.principal.id, subject: id, outcome: taken === 1 ? 'allow' : 'deny', reason: taken === 1 ? 'approved' : 'no unused approval of exactly this', facts: { tool: call.tool } })
      return taken === 1
    },

    decide(idOrCode, decision, by) {
      return store.transaction(async (tx) => {
        const approval = await byId(tx, idOrCode)
        if (approval === undefined) throw new Problem('approval-unknown', `There is no question ${quoted(idOrCode.slice(0, 40))}.`, { next: 'See what is open: `/approve` or `moltbot approvals`.' })
        if (!mayDecide((await options.asNow(tx, by.principal)) ?? { ...by.principal, role: 'guest' }, approval)) {
          throw new Problem('approval-not-yours', 'Only the owner may say yes or no to this.', { next: 'Ask them to answer it.' })
        }
        if (approval.state === 'pending' && approval.expiresAt <= clock.now()) return close(tx, approval, 'expired')
        if (approval.state !== 'pending') throw new Problem('approval-over', `This was ${approval.state} already.`)
        if (decision === 'allow-always' && approval.always === null) throw new Problem('approval-once-only', 'This is asked about each time; it can be allowed only once.', { next: 'Allow it once.' })
        const decided: Approval = { ...approval, state: decision === 'deny' ? 'denied' : 'allowed', decision, decidedBy: by.principal.id, decidedVia: by.via, decidedAt: clock.now() }
        await tx.run('UPDATE approvals SET state = ?, decision = ?, decided_by = ?, decided_via = ?, decided_at = ? WHERE id = ?', decided.state, decision, decided.decidedBy, decided.decidedVia, decided.decidedAt, approval.id)
        if (decision === 'allow-always') {
          const place: Place = { session: approval.session, conversation: ((await tx.get('SELECT conversation FROM approvals WHERE id = ?', approval.id))?.['conversation'] as string | null | undefined) ?? null }
          await forgetOver(tx, place)
          for (const effect of approval.effects) {
            const target = standingTarget(effect, place)
            if (target !== undefined) {
              await tx.run(
                'INSERT INTO standing_grants (id, principal, agent, kind, what, words, since, by, session, conversation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (principal, agent, kind, what) DO NOTHING',
                newId('grant'), approval.principal, approval.agent, effect.kind, target.what, target.words, clock.now(), by.principal.id,
                ...(target.conversation === undefined ? [null, null] : [approval.session, target.conversation]),
              )
            }
          }
        }
        await audit.append(tx, { act: 'approval.decided', principal: by.principal.id, subject: approval.id, outcome: decision === 'deny' ? 'deny' : 'allow', reason: decision, facts: { via: by.via, tool: approval.tool, for: approval.principal } })
        tell(tx, decided)
        return decided
      })
    },

    async approvals(filter = {}) {
      const limit = Math.min(filter.limit ?? 100, 500)
      const rows = filter.open === true
        ? await store.read.all("SELECT * FROM approvals WHERE state = 'pending' AND expires_at > ? ORDER BY requested_at, id LIMIT ?", clock.now(), limit)
        : await store.read.all('SELECT * FROM approvals ORDER BY requested_at DESC, id DESC LIMIT ?', limit)
      return rows.map(toApproval)
    },
    approval: (idOrCode) => byId(store.read, idOrCode),
    standing: async () => (await store.read.all('SELECT * FROM standing_grants ORDER BY since, id')).map(toGrant),
    revokeStanding: (id, by) => store.transaction(async (tx) => {
      const gone = id === 'all' ? await tx.run('DELETE FROM standing_grants') : await tx.run('DELETE FROM standing_grants WHERE id = ?', id)
      await audit.append(tx, { act: 'grant.revoked', principal: by.principal.id, subject: id, outcome: 'done', reason: `${gone} taken back`, facts: { via: by.via } })
      return gone
    }),
    whyNoEntry(text) {
      const entry = readEntry(text)
      return typeof entry === 'string' ? entry : undefined
    },
    onApproval(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
