import { expect, it } from 'vitest'
import type { ConnectionState, GatewayClient } from './gateway-client.ts'
import { browserName, createLending, lendable, lentNow, type LendingSurroundings } from './lending.ts'

const online = { kind: 'online', hello: { methods: new Set(['node.event']) } } as unknown as ConnectionState

/** A page and a gateway that are only told about; time moves when it is told to. */
function desk(changes: Partial<LendingSurroundings> = {}) {
  const heard = new Map<string, (payload: unknown) => void>()
  const sent: { method: string; params: Record<string, unknown> }[] = []
  let onState: (state: ConnectionState) => void = () => undefined
  let now = 0
  let timers: { at: number; task: () => void }[] = []
  const kept = new Map<string, string>()
  const page = { hidden: false, addEventListener: () => undefined }
  const client = {
    on: (event: string, listener: (payload: unknown) => void) => (heard.set(event, listener), () => undefined),
    onState: (listener: typeof onState) => ((onState = listener), () => undefined),
    request: async (method: string, params: Record<string, unknown>) => void sent.push({ method, params }),
    state: () => online,
  } as unknown as GatewayClient
  const lending = createLending({
    client, now: () => now, page, storage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) }, raise: async () => false,
    setTimer(task, ms) {
      timers.push({ at: now + ms, task })
      return () => undefined
    },
    ...changes,
  })
  return {
    lending, page, kept,
    ask: (id: string, more: Record<string, unknown> = {}, asked: Record<string, unknown> = {}) => heard.get('node.invoke.request')?.({
      id, nodeId: 'page-1', command: 'location.get', paramsJSON: '{}', timeoutMs: 120_000, asked: { by: 'agent', agentId: 'main', name: 'Molt', sessionKey: 'agent:main:main', why: 'to find the way', strange: false, ...asked }, ...more,
    }),
    cancel: (id: string) => heard.get('node.invoke.cancel')?.({ id }),
    state: (state: ConnectionState) => onState(state),
    answers: () => sent.splice(0).filter(({ method }) => method === 'node.invoke.result').map(({ params }) => [params['id'], params['ok'], (params['error'] as { code: string } | undefined)?.code]),
    pass(ms: number) {
      now += ms
      const due = timers.filter(({ at }) => at <= now)
      timers = timers.filter(({ at }) => at > now)
      for (const { task } of due) task()
    },
    ids: () => lending.asks.value.map(({ id }) => id),
    first: () => lending.asks.value[0] as NonNullable<(typeof lending.asks.value)[0]>,
  }
}

it('a question is answered once, and is over when its time is, when it is taken back and when the line breaks', () => {
  const { lending, ask, cancel, state, answers, pass, ids, first } = desk()
  ask('a')
  ask('a')
  expect(ids()).toEqual(['a'])
  const question = first()
  lending.settle(question, { ok: true, payload: {} })
  lending.settle(question, { ok: true, payload: {} })
  expect(answers()).toEqual([['a', true, undefined]])
  ask('b')
  pass(120_000)
  ask('c')
  cancel('c')
  ask('d')
  state({ kind: 'signed-out' })
  expect([ids(), answers()]).toEqual([[], []])
})

it('what is no question, or has parameters nobody can read, is nothing', () => {
  const { ask, ids } = desk()
  for (const more of [{ command: 'system.run' }, { paramsJSON: '{' }, { id: 7 }, { nodeId: undefined }]) ask('a', more)
  expect(ids()).toEqual([])
})

it('a yes for a while is for one ability, one agent and one chat, until its time is up or it is taken back; never for strangers\' words', () => {
  const { lending, ask, pass, first, cancel } = desk()
  const covered = (more: Record<string, unknown> = {}, asked: Record<string, unknown> = {}): boolean => {
    ask('x', more, asked)
    const is = lending.covers(first())
    cancel('x')
    return is
  }
  ask('a')
  lending.allow(first(), 600_000)
  cancel('a')
  expect([covered(), covered({ command: 'camera.snap' }), covered({}, { agentId: 'other' }), covered({}, { sessionKey: 'agent:main:else' }), covered({}, { strange: true }), covered({}, { strange: undefined })]).toEqual([true, false, false, false, false, false])
  pass(600_050)
  expect([covered(), lending.grants.value]).toEqual([false, []])
  ask('b')
  lending.allow(first(), undefined)
  cancel('b')
  pass(86_400_000)
  expect(covered()).toBe(true)
  const [grant] = lending.grants.value
  if (grant !== undefined) lending.takeBack(grant)
  expect(covered()).toBe(false)
  ask('c', {}, { strange: true })
  lending.allow(first(), undefined)
  expect(lending.grants.value).toEqual([])
})

it('a program that asks can be given no yes for a while', () => {
  const { lending, ask, first } = desk()
  ask('a', { asked: { by: 'client', name: 'a program', strange: false } })
  lending.allow(first(), undefined)
  expect(lending.grants.value).toEqual([])
})

it('what is never lent is refused without a question, is not offered any more, and ends what was allowed', () => {
  const { lending, ask, answers, ids, first, kept } = desk()
  ask('a')
  lending.allow(first(), undefined)
  lending.refuse('location.get', true)
  expect([ids(), answers(), lending.grants.value]).toEqual([[], [['a', false, 'UNAUTHORIZED']], []])
  ask('b')
  expect([ids(), answers()]).toEqual([[], [['b', false, 'UNAUTHORIZED']]])
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: () => undefined }
  expect(lentNow(['camera.snap', 'location.get'], storage)).toEqual(['camera.snap'])
  lending.refuse('location.get', false)
  ask('c')
  expect(ids()).toEqual(['c'])
  expect(lentNow(['camera.snap', 'location.get'], storage)).toEqual(['camera.snap', 'location.get'])
})

it('a page nobody looks at says so by a notification and waits, or refuses', async () => {
  for (const [raised, expected] of [[true, []], [false, [['a', false, 'NODE_BACKGROUND_UNAVAILABLE']]]] as const) {
    const { page, ask, answers, ids } = desk({ raise: async () => raised })
    page.hidden = true
    ask('a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(answers()).toEqual(expected)
    expect(ids()).toEqual(raised ? ['a'] : [])
  }
})

it('few questions wait at once', () => {
  const { ask, ids, answers } = desk()
  for (let at = 0; at < 9; at += 1) ask(`q${at}`)
  expect([ids().length, answers()]).toEqual([8, [['q8', false, 'UNAVAILABLE']]])
})

it('says what the browser has, and what it is called', () => {
  const navigator = { mediaDevices: { getUserMedia() {} }, geolocation: {}, clipboard: { readText() {}, writeText() {} } } as unknown as Navigator
  expect(lendable({ isSecureContext: true, navigator, hasNotifications: true })).toHaveLength(7)
  expect(lendable({ isSecureContext: false, navigator, hasNotifications: true })).toEqual(['canvas.present', 'file.pick'])
  expect(lendable({ isSecureContext: true, navigator: {}, hasNotifications: false })).toEqual(['canvas.present', 'file.pick'])
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  expect([chrome, `${chrome} Edg/140.0`, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 Version/18.2 Mobile Safari/604.1', 'Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0', 'curl'].map((agent) => browserName(agent, 'Linux x86_64')))
    .toEqual(['Chrome, Linux x86_64', 'Edge, Linux x86_64', 'Safari, iPhone', 'Firefox, Linux x86_64', 'Browser, Linux x86_64'])
})
