import { expect, it } from 'vitest'
import { createApprovals, type Approvals } from './approvals.ts'
import { ConnectionLost, GatewayError, type GatewayClient } from './gateway-client.ts'

const asked = (id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id, code: 'K7QX', tool: 'run', detail: 'd', reason: 'r', always: null, state: 'pending', createdAtMs: 1_000, expiresAtMs: 9_000, request: { command: `run: ${id}`, agentId: 'main', sessionKey: 'agent:main:main' }, ...more,
})

interface Bench { approvals: Approvals; hear(event: string, payload: unknown): void; sent: [string, unknown][]; reloads: number; answers: Record<string, (params: unknown) => unknown> }

function bench(): Bench {
  const listeners = new Map<string, (payload: unknown) => void>()
  const client = {
    on: (event: string, listener: (payload: unknown) => void) => {
      listeners.set(event, listener)
      return () => undefined
    },
    request: async (method: string, params?: Record<string, unknown>) => {
      made.sent.push([method, params])
      return made.answers[method]?.(params)
    },
  } satisfies Pick<GatewayClient, 'on' | 'request'>
  const made: Bench = {
    approvals: createApprovals({ client: client as unknown as GatewayClient, now: () => 2_000, can: (method) => Object.hasOwn(made.answers, method), explain: (error) => String(error), reload: () => { made.reloads += 1 } }),
    hear: (event, payload) => listeners.get(event)?.(payload), sent: [], reloads: 0, answers: {},
  }
  made.approvals.listen()
  return made
}

it('sends one answer however often it is pressed', async () => {
  const b = bench()
  let release = (): void => undefined
  b.answers['exec.approval.resolve'] = () => new Promise((resolve) => { release = () => resolve({ ok: true }) })
  b.hear('exec.approval.requested', asked('a'))
  const first = b.approvals.answer('a', 'allow-once')
  await b.approvals.answer('a', 'allow-always')
  expect(b.approvals.answering.value.has('a')).toBe(true)
  release()
  await first
  await b.approvals.answer('a', 'deny')
  expect(b.sent).toEqual([['exec.approval.resolve', { id: 'a', decision: 'allow-once' }]])
  expect(b.approvals.all.value.map(({ state, decision }) => [state, decision])).toEqual([['allowed', 'allow-once']])
  expect(b.approvals.open.value).toEqual([])
})

it('keeps a question open, with the reason, when the gateway refuses the answer', async () => {
  const b = bench()
  b.answers['exec.approval.resolve'] = () => { throw new GatewayError('INVALID_REQUEST', 'not yours', undefined, false) }
  b.hear('exec.approval.requested', asked('a'))
  await b.approvals.answer('a', 'allow-once')
  expect(b.approvals.open.value.map(({ id }) => id)).toEqual(['a'])
  expect(b.approvals.refusals.value.get('a')).toContain('not yours')
  expect(b.reloads).toBe(1)
  b.answers['exec.approval.resolve'] = () => { throw new ConnectionLost() }
  await b.approvals.answer('a', 'allow-once')
  expect(b.reloads).toBe(1)
})

it('tells an answer from elsewhere, a lapse and a withdrawal apart', () => {
  const b = bench()
  for (const id of ['yes', 'no', 'late', 'gone']) b.hear('exec.approval.requested', asked(id))
  b.hear('exec.approval.resolved', { id: 'yes', decision: 'allow-always', resolvedBy: 'ann', ts: 3_000 })
  b.hear('exec.approval.resolved', { id: 'no', decision: 'deny', resolvedBy: 'ann', ts: 3_000 })
  b.hear('exec.approval.resolved', { id: 'late', decision: null, resolvedBy: null, ts: 9_000 })
  b.hear('exec.approval.resolved', { id: 'gone', decision: null, resolvedBy: null, ts: 3_000 })
  expect(b.approvals.all.value.map(({ id, state, by }) => [id, state, by])).toEqual([['yes', 'allowed', 'ann'], ['no', 'denied', 'ann'], ['late', 'expired', undefined], ['gone', 'cancelled', undefined]])
})

it('a list read before an answer does not open the question again; what no list knows is over', async () => {
  const b = bench()
  b.answers['exec.approval.resolve'] = () => ({ ok: true })
  b.answers['exec.approval.list'] = () => [asked('a'), asked('c')]
  b.answers['approval.history'] = () => ({ approvals: [asked('old', { state: 'denied', decision: 'deny', decidedBy: 'ann', decidedAtMs: 500, createdAtMs: 400 })] })
  b.hear('exec.approval.requested', asked('a'))
  b.hear('exec.approval.requested', asked('b'))
  await b.approvals.answer('a', 'deny')
  await b.approvals.load()
  expect(b.approvals.all.value.map(({ id, state }) => [id, state])).toEqual([['old', 'denied'], ['a', 'denied'], ['b', 'cancelled'], ['c', 'pending']])
})

it('asks nothing where the gateway has no questions', async () => {
  const b = bench()
  await b.approvals.load()
  expect(b.sent).toEqual([])
})
