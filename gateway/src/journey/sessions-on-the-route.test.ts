import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noUsage, type AccountId, type ChannelId, type PrincipalId, type SenderId, type SessionKey } from '@moltbot/contract'
import { handleMessage } from './handle-message.ts'
import { RouteWorld, echo, endless, main, settle } from './testing/route-world.ts'

let world: RouteWorld

beforeEach(async () => { world = await RouteWorld.open() })
afterEach(() => world.close())

describe('stopping', () => {
  it('ends what runs and lets what waits go, each with one end', async () => {
    world.agent = endless
    world.queueMode = 'followup'
    for (const text of ['one', 'two', 'three']) await world.hear(text)
    await world.hear('/stop')
    expect(world.texts()).toEqual(['Stopped; 2 waiting messages were let go.'])
    expect(await world.ends()).toEqual(['one: silent', 'two: silent', 'three: silent', '/stop: command'])
  })
  it('keeps the words that never had their turn behind what was said, for people and not for the model', async () => {
    world.agent = endless
    world.queueMode = 'followup'
    const published: string[] = []
    world.sessions.feed.subscribe((item) => { if (item.kind === 'entry' && item.entry.body.kind === 'command') published.push(item.entry.body.text) })
    for (const text of ['one', 'two']) await world.hear(text)
    await world.hear('/stop')
    const lines = (await world.sessions.history(main, 20)).map(({ body }) => ('text' in body ? `${body.kind}: ${body.text}` : body.kind))
    expect(lines.slice(-5)).toEqual(['note: Stopped.', 'command: two', 'note: Stopped before it was begun.', 'command: /stop', 'command: Stopped; 1 waiting message was let go.'])
    expect(published).toEqual(['two'])
    let read = ''
    world.agent = async function* (turn, view) { read = JSON.stringify(view.messages); yield* echo(turn, view) }
    await world.hear('three')
    expect(read).toContain('one')
    expect(read).not.toContain('two')
  })
  it('reaches a turn that is just being started, and resolves when it has ended', async () => {
    world.agent = endless
    await handleMessage(world.message('one'), world.journey)
    const stopped = await world.sessions.abort(main, { reason: 'stop' })
    expect(stopped).toHaveLength(1)
    await settle()
    expect(world.sessions.running()).toEqual([])
    expect(await world.ends()).toEqual(['one: silent'])
  })
  it('resolves also when the work does not listen: it is given up after its grace', async () => {
    world.agent = async function* () { yield { type: 'turn-start' }; await new Promise(() => undefined) }
    await world.hear('one')
    const stopping = world.sessions.abort(main, { reason: 'stop' })
    await world.clock.advance(10_000)
    expect(await stopping).toHaveLength(1)
    await settle()
    expect(await world.ends()).toEqual(['one: silent'])
  })
  it('stops what was steered too, also in the moment between taking and hearing it', async () => {
    let took: () => void = () => undefined
    const taken = new Promise<void>((resolve) => { took = resolve })
    world.agent = async function* (turn) {
      while (turn.takeSteering().length === 0) await new Promise((resolve) => setImmediate(resolve))
      took()
      yield* endless(turn, undefined as never)
    }
    await world.hear('one')
    await handleMessage(world.message('two'), world.journey)
    await taken
    await world.sessions.abort(main, { reason: 'stop' })
    await settle()
    expect(await world.ends()).toEqual(['one: silent', 'two: silent'])
    expect(world.runs).toHaveLength(1)
  })
  it('takes a message that came right behind it', async () => {
    world.agent = endless
    await world.hear('one')
    const stopping = world.sessions.abort(main, { reason: 'stop' })
    world.agent = echo
    await world.hear('two')
    await stopping
    await settle()
    expect(await world.ends()).toEqual(['one: silent', 'two: answered'])
  })
})

describe('a session', () => {
  it('that is reset while it works stops first, and what comes next starts afresh', async () => {
    world.agent = endless
    await world.hear('one')
    world.agent = echo
    await Promise.all([world.sessions.reset(main, 'owner' as PrincipalId), world.hear('two')])
    await settle()
    const views: string[][] = []
    world.agent = async function* (turn, view) { views.push(view.messages.map((each) => each.role)); yield* echo(turn, view) }
    await world.hear('three')
    expect((await world.ends()).map((each) => each.split(': ')[1])).not.toContain('open')
    expect(views[0]?.length).toBeLessThanOrEqual(3)
  })
  it('that is deleted while messages wait leaves none of them open, and no words behind', async () => {
    world.agent = endless
    world.queueMode = 'followup'
    for (const text of ['one', 'two']) await world.hear(text, { sender: '2' })
    const key = 'agent:main:fake:dm:2' as SessionKey
    expect(await world.sessions.delete(key, 'owner' as PrincipalId)).toBe(true)
    await settle()
    expect(await world.ends()).toEqual(['one: silent', 'two: silent'])
    expect(await world.entries()).toEqual([])
    expect(await world.sessions.delete(key, 'owner' as PrincipalId)).toBe(false)
  })
  it('deleted in the moment a turn starts keeps nothing either', async () => {
    world.agent = endless
    await handleMessage(world.message('one', { sender: '2' }), world.journey)
    await world.sessions.delete('agent:main:fake:dm:2' as SessionKey, 'owner' as PrincipalId)
    await settle()
    expect([await world.entries(), await world.ends()]).toEqual([[], ['one: silent']])
  })
  it('is not summarised while it works, nor twice at once', async () => {
    world.agent = endless
    await handleMessage(world.message('one'), world.journey)
    await world.sessions.abort(main, { reason: 'stop' })
    await world.hear('two')
    expect(await world.sessions.compact(main, undefined)).toMatchObject({ compacted: false, reason: expect.stringContaining('busy') })
    await world.sessions.abort(main, { reason: 'stop' })
    world.compacting = () => new Promise(() => undefined)
    void world.sessions.compact(main, undefined)
    expect(await world.sessions.compact(main, undefined)).toMatchObject({ compacted: false, reason: expect.stringContaining('already') })
  })
  it('loses no line to a summary that was made while more was said', async () => {
    for (const text of ['one', 'two', 'three']) await world.hear(text)
    world.compacting = async () => {
      await world.hear('meanwhile')
      await world.sessions.inject(main, 'injected', undefined)
      return { summary: 'SUMMARY', kept: 2, usage: noUsage } as never
    }
    expect(await world.sessions.compact(main, undefined)).toEqual({ compacted: true })
    let seen: string[] = []
    world.agent = async function* (turn, view) { seen = view.messages.map((each) => each.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ')); yield* echo(turn, view) }
    await world.hear('after')
    expect(seen[0]).toContain('SUMMARY')
    expect(seen.slice(1)).toEqual(['three', 'You said: three', 'meanwhile', 'You said: meanwhile', 'injected', 'after'])
  })
  it('started afresh meanwhile gets no summary of what is gone', async () => {
    await world.hear('one')
    world.compacting = async () => {
      await world.sessions.reset(main, 'owner' as PrincipalId)
      return { summary: 'SUMMARY', kept: 0, usage: noUsage } as never
    }
    expect(await world.sessions.compact(main, undefined)).toMatchObject({ compacted: false })
    expect(await world.entries()).not.toContain('summary')
  })
  it('is one for nobody but its own: two people in one group share no turn', async () => {
    world.agent = endless
    await world.hear('mine', { sender: '1', chat: 'g', kind: 'group' })
    await world.hear('theirs', { sender: '2', chat: 'g', kind: 'group' })
    expect(world.runs).toHaveLength(1)
    world.agent = echo
    await world.sessions.abort('agent:main:fake:group:g' as SessionKey, { turn: world.sessions.running()[0]?.id as never, reason: 'stop' })
    await settle()
    expect(world.runs[1]).toContain('theirs')
    expect(world.runs[1]).not.toContain('mine')
  })
})

describe('shutting someone out', () => {
  it('ends what they have running and waiting, and nobody else\'s', async () => {
    world.access = {}
    await world.hear('let me in', { sender: '9' })
    const [request] = await world.guard.pending()
    await world.guard.approve('fake' as ChannelId, request?.code ?? '', { via: 'cli', principal: 'owner' as PrincipalId })
    await world.crash()
    world.queueMode = 'followup'
    world.agent = endless
    for (const text of ['one', 'two']) await world.hear(text, { sender: '9' })
    await world.hear('mine')
    await world.guard.revoke('fake' as ChannelId, 'default' as AccountId, '9' as SenderId, { via: 'cli', principal: 'owner' as PrincipalId })
    await settle()
    expect((await world.ends()).slice(1)).toEqual(['one: silent', 'two: silent', 'mine: open'])
    expect(world.sessions.running().map((each) => each.key)).toEqual([main])
  })
})
