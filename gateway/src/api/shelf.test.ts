import { afterEach, describe, expect, it } from 'vitest'
import type { EntryBody, InboxId, SessionKey, TurnId } from '@moltbot/contract'
import type { WireEvents } from './broadcast.ts'
import { createWireEvents } from './events.ts'
import { methods } from './methods/index.gen.ts'
import { fakeRooms } from './testing/fake-rooms.ts'
import { runDoor, type RunningDoor } from './testing/test-client.ts'

let running: RunningDoor | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
async function start(): Promise<RunningDoor> {
  const rooms = await fakeRooms()
  const events: WireEvents = createWireEvents(rooms)
  return (running = await runDoor({ rooms, methods, events }))
}

describe('the door with its whole shelf', () => {
  it('announces every method and answers each, from a real socket, with a documented answer or a documented refusal', async () => {
    const door = await start()
    const socket = await door.open()
    const hello = await socket.connect()
    expect((hello.payload as { features: { methods: string[] } }).features.methods).toEqual(methods.map((method) => method.name))
    // Rooms that this gateway of fakes was built without: they say so.
    const absent = /^(sandbox|vault|agents\.files|push|policy\.test)\b/
    for (const { name } of methods.filter((method) => !absent.test(method.name))) {
      const answer = await socket.request(name, {})
      if (answer.ok !== true) expect(answer.error?.code, `${name}: ${answer.error?.message}`).toBe('INVALID_REQUEST')
    }
    expect(door.rooms.state.lines.filter((line) => line.level === 'warn' || line.level === 'error')).toEqual([])
  })

  it('carries a chat turn in the order of B.3: answer, growing text, one final', async () => {
    const door = await start()
    const socket = await door.open()
    await socket.connect({ minProtocol: 3, maxProtocol: 3 })
    const answer = await socket.request('chat.send', { sessionKey: 'main', message: 'hi', deliver: false, idempotencyKey: 'K' })
    expect(answer.payload).toMatchObject({ runId: 'K', status: 'started' })
    const key = 'agent:main:main' as SessionKey
    const turn = { id: 'tn1' as TurnId, key, startedAt: 0, model: 'builtin/assistant', messages: [{ inbox: 'in-browser-1' as InboxId, platformId: 'K' }] }
    const sessionId = door.rooms.session(key).id
    const tell = (event: import('@moltbot/contract').AgentEvent): void => door.rooms.emit({ kind: 'turn', turn, sessionId, event, at: Date.now() })
    tell({ type: 'turn-start' })
    tell({ type: 'model-start', model: 'builtin/assistant' })
    tell({ type: 'text-delta', text: 'Hello' })
    const message = { role: 'assistant' as const, model: 'builtin/assistant', content: [{ type: 'text' as const, text: 'Hello' }] }
    const usage = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 }
    tell({ type: 'assistant-end', message, usage, stop: 'end', model: 'builtin/assistant' })
    door.rooms.entry(key, { kind: 'assistant', message, usage, stop: 'end' } satisfies EntryBody, turn.id)
    const outcome = { kind: 'answered' as const, text: 'Hello' }
    tell({ type: 'turn-end', outcome })
    door.rooms.emit({ kind: 'turn-settled', turn, outcome, at: Date.now() })
    door.rooms.emit({ kind: 'message-ended', inbox: 'in-browser-1' as InboxId, platformId: 'K', key, end: 'answered', detail: null, turnId: turn.id })
    const final = await socket.frame((frame) => frame.event === 'chat' && (frame.payload as { state: string }).state === 'final')
    expect(final.payload).toMatchObject({ runId: 'K', sessionKey: 'main', state: 'final', message: { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] } })
    const order = socket.frames.filter((frame) => frame.event === 'chat' || frame.id === 'r2').map((frame) => frame.id ?? (frame.payload as { state: string }).state)
    expect(order.at(0)).toBe('r2')
    expect(order.filter((state) => state === 'final')).toHaveLength(1)
  })
})
