import type {
  AgentEvent, AgentHost, AssistantMessage, InboxId, ModelCall, ModelCallEvent, ModelEvent, ModelFault, ModelMessage, SessionId, SessionKey, Steering, ToolCallId, ToolCallPart,
  ToolResultMessage, TurnId, TurnView,
} from '@moltbot/contract'
import { noUsage } from '@moltbot/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateTokens } from './estimate-tokens.ts'
import { noResult, runTurn } from './run-turn.ts'

const usage = { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 }
const person = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] })
const call = (id: string, name = 'read', input: Record<string, unknown> = { path: id }): ToolCallPart => ({ type: 'tool-call', id: id as ToolCallId, name, input })
const answer = (...content: AssistantMessage['content']): AssistantMessage => ({ role: 'assistant', model: 'p/m', content })
const words = (text: string): AssistantMessage['content'][number] => ({ type: 'text', text })
const result = (id: string, text: string, name = 'read'): ToolResultMessage => ({ role: 'tool', callId: id as ToolCallId, name, content: [{ type: 'text', text }], isError: false })

type Script = (call: ModelCall, round: number) => AsyncIterable<ModelCallEvent>
type Stop = Extract<ModelEvent, { type: 'end' }>['stop']

/** A model that says a message in small pieces and ends so. */
function says(message: AssistantMessage, stop: Stop = 'end', fault?: ModelFault): Script {
  return async function* () {
    yield { type: 'model-start', model: 'p/m' }
    yield { type: 'start' }
    for (const part of message.content) {
      if (part.type === 'text') for (const piece of part.text.match(/[^]{1,3}/g) ?? []) yield { type: 'text-delta', text: piece }
      if (part.type === 'tool-call') yield { type: 'tool-call-start', id: part.id, name: part.name }
    }
    yield { type: 'end', stop, message, usage, ...(fault === undefined ? {} : { fault }) }
  }
}

function view(changes: Partial<TurnView> = {}): TurnView {
  return {
    id: 'tn1' as TurnId, sessionKey: 'agent:main:main' as SessionKey, sessionId: 's1' as SessionId, system: 'Be good.', messages: [person('hello')], unfinished: [], thinking: 'off',
    models: ['p/m'], strict: false, contextWindow: 200_000, maxOutputTokens: 4_000, stepsMax: 10, ...changes,
  }
}

interface Bench { host: AgentHost; calls: ModelCall[]; ran: string[]; stop: AbortController }
function bench(scripts: Script[], changes: Partial<AgentHost> = {}): Bench {
  const calls: ModelCall[] = []
  const ran: string[] = []
  const stop = new AbortController()
  const host: AgentHost = {
    callModel(asked) {
      calls.push({ ...asked, messages: [...asked.messages] })
      return (scripts[calls.length - 1] ?? says(answer(words('done'))))(asked, calls.length)
    },
    tools: [],
    async runTool(part) {
      ran.push(part.id)
      return result(part.id, `did ${part.id}`, part.name)
    },
    parallel: () => true,
    takeSteering: () => [],
    estimateTokens,
    signal: stop.signal,
    ...changes,
  }
  return { host, calls, ran, stop }
}

async function collect(turn: TurnView, host: AgentHost): Promise<AgentEvent[]> {
  const events: AgentEvent[] = []
  for await (const event of runTurn(turn, host)) events.push(event)
  return events
}
const outcomeOf = (events: AgentEvent[]) => events.flatMap((event) => (event.type === 'turn-end' ? [event.outcome] : []))[0]
const types = (events: AgentEvent[]) => events.map((event) => event.type)
const resultsOf = (events: AgentEvent[]) => events.flatMap((event) => (event.type === 'tool-end' ? [event.result] : []))
const textIn = (message: ToolResultMessage | undefined) => message?.content.map((part) => (part.type === 'text' ? part.text : '')).join('')

/** A bench whose tools always say the same, and which of them ran. */
function withRuns(script: Parameters<typeof bench>[0]): ReturnType<typeof bench> & { ran: string[] } {
  const ran: string[] = []
  return { ...bench(script, { runTool: async (part) => { ran.push(part.id); return result(part.id, 'same', part.name) } }), ran }
}

describe('the loop', () => {
  test('a plain answer streams and ends answered', async () => {
    const { host, calls } = bench([says(answer(words('Hi there')))])
    const events = await collect(view(), host)
    expect(types(events)).toEqual(['turn-start', 'model-start', 'text-delta', 'text-delta', 'text-delta', 'assistant-end', 'turn-end'])
    expect(outcomeOf(events)).toEqual({ kind: 'answered', text: 'Hi there' })
    expect(calls[0]).toMatchObject({ candidates: ['p/m'], strict: false, system: 'Be good.', sessionHint: 's1', maxOutputTokens: 4_000 })
  })

  test('calls that may run side by side do, and results come in call order', async () => {
    const order: string[] = []
    const release: (() => void)[] = []
    const both = new Promise<void>((resolve) => release.push(resolve))
    const { host, calls } = bench([says(answer(call('a'), call('b')), 'tool-use')], {
      async runTool(part) {
        order.push(`start ${part.id}`)
        // `a` can only end once `b` runs too.
        if (part.id === 'b') release[0]?.()
        await both
        order.push(`end ${part.id}`)
        return result(part.id, part.id)
      },
    })
    const events = await collect(view(), host)
    expect(order.slice(0, 2)).toEqual(['start a', 'start b'])
    expect(resultsOf(events).map((each) => each.callId)).toEqual(['a', 'b'])
    expect(calls[1]?.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'tool', 'tool'])
    expect(outcomeOf(events)).toEqual({ kind: 'answered', text: 'done' })
  })

  test('calls that write run alone and in order', async () => {
    const order: string[] = []
    const { host } = bench([says(answer(call('a', 'write'), call('b', 'write')), 'tool-use')], {
      parallel: () => false,
      async runTool(part) {
        order.push(`start ${part.id}`)
        await Promise.resolve()
        order.push(`end ${part.id}`)
        return result(part.id, part.id)
      },
    })
    await collect(view(), host)
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b'])
  })

  test('words that arrive during a tool skip what has not started and come before the next model call', async () => {
    let waiting: Steering[] = []
    const { host, calls, ran } = bench([says(answer(call('a', 'write'), call('b', 'write')), 'tool-use')], {
      parallel: () => false,
      takeSteering: () => waiting.splice(0),
    })
    const run = host.runTool
    host.runTool = async (part, signal) => {
      waiting = [{ message: { role: 'user', content: [{ type: 'text', text: 'no, stop that' }] }, inbox: ['in2' as InboxId], from: 'Ada' }]
      return run(part, signal)
    }
    const events = await collect(view(), host)
    expect(ran).toEqual(['a'])
    expect(textIn(resultsOf(events)[1])).toBe(noResult.skipped)
    expect(events.find((event) => event.type === 'steered')).toMatchObject({ inbox: ['in2'], from: 'Ada' })
    expect(calls[1]?.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'tool', 'tool', 'user'])
  })

  test('a call that was running when the gateway stopped is reported, one that had not started is run', async () => {
    const { host, calls, ran } = bench([])
    const turn = view({
      messages: [person('go'), answer(call('a'), call('b'), call('c')), result('a', 'done a')],
      unfinished: [{ callId: 'b' as ToolCallId, name: 'read' }],
    })
    const events = await collect(turn, host)
    expect(ran).toEqual(['c'])
    expect(resultsOf(events).map((each) => [each.callId, textIn(each)])).toEqual([['b', noResult.unknown], ['c', 'did c']])
    expect(calls[0]?.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'tool', 'tool', 'tool'])
  })

  test('an answer that was complete before the crash is not asked for again', async () => {
    const { host, calls } = bench([])
    const events = await collect(view({ messages: [person('go'), answer(words('All done.'))] }), host)
    expect(calls).toHaveLength(0)
    expect(outcomeOf(events)).toEqual({ kind: 'answered', text: 'All done.' })
  })

  test('the silent token ends silent and is never shown, not even in part', async () => {
    const { host } = bench([says(answer(words('NO_REPLY\n')))])
    const events = await collect(view(), host)
    expect(outcomeOf(events)).toEqual({ kind: 'silent' })
    expect(types(events)).not.toContain('text-delta')
  })

  test('a text that only begins like the silent token is shown whole', async () => {
    const { host } = bench([says(answer(words('NO_REPLY is a token')))])
    const events = await collect(view(), host)
    expect(events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')).toBe('NO_REPLY is a token')
    expect(outcomeOf(events)).toMatchObject({ kind: 'answered' })
  })

  test('an empty answer is asked for once more, then fails', async () => {
    const twice = bench([says(answer()), says(answer(words(' ')))])
    expect(outcomeOf(await collect(view(), twice.host))).toMatchObject({ kind: 'failed', fault: { class: 'format' } })
    expect(twice.calls).toHaveLength(2)
    const once = bench([says(answer()), says(answer(words('Here.')))])
    expect(outcomeOf(await collect(view(), once.host))).toEqual({ kind: 'answered', text: 'Here.' })
    // The empty message itself is not sent back: providers refuse it.
    expect(once.calls[1]?.messages.map((message) => message.role)).toEqual(['user', 'user'])
  })

  test('an answer cut by the output limit is continued once and joined', async () => {
    const { host, calls } = bench([says(answer(words('One ')), 'length'), says(answer(words('two')), 'length')])
    expect(outcomeOf(await collect(view(), host))).toEqual({ kind: 'answered', text: 'One two' })
    expect(calls).toHaveLength(2)
  })

  test('a call cut by the output limit does not run', async () => {
    const { host, ran } = bench([says(answer(call('a')), 'length')])
    const events = await collect(view(), host)
    expect(ran).toEqual([])
    expect(textIn(resultsOf(events)[0])).toBe(noResult.cutOff)
    expect(outcomeOf(events)).toMatchObject({ kind: 'answered' })
  })

  test('the same call with the same result three times stops the turn with a note', async () => {
    const again = (id: string) => says(answer(call(id, 'list', { path: 'x', depth: 1 })), 'tool-use')
    const { host, calls, ran } = withRuns(['a', 'b', 'c', 'd', 'e', 'f'].map(again))
    const events = await collect(view(), host)
    expect(ran).toEqual(['a', 'b', 'c'])
    expect(calls).toHaveLength(5)
    expect(resultsOf(events).map((each) => (textIn(each) ?? '').startsWith('Refused: this exact call'))).toEqual([false, false, false, true, true])
    expect(outcomeOf(events)).toMatchObject({ kind: 'limit', text: expect.stringContaining('"list"') })
  })

  test('a call that was refused for repeating itself may be followed by another one', async () => {
    const again = (id: string) => says(answer(call(id, 'list', { path: 'x', depth: 1 })), 'tool-use')
    const { host, ran } = withRuns([...['a', 'b', 'c', 'd'].map(again), says(answer(call('e', 'list', { path: 'y' })), 'tool-use')])
    const events = await collect(view(), host)
    expect(ran).toEqual(['a', 'b', 'c', 'e'])
    expect(outcomeOf(events)).toMatchObject({ kind: 'answered' })
  })

  test('with the breaker off the same call goes on, and the number of calls ends it', async () => {
    const again = (id: string) => says(answer(call(id, 'list', {})), 'tool-use')
    const { host, ran } = withRuns(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(again))
    const events: AgentEvent[] = []
    for await (const event of runTurn(view(), host, undefined, { enabled: false, sameResultMax: 3, callsMax: 5 })) events.push(event)
    expect(ran).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(outcomeOf(events)).toMatchObject({ kind: 'limit', text: expect.stringContaining('more than 5 tool calls') })
  })

  test('the same call with another result each time goes on', async () => {
    let count = 0
    const again = (id: string) => says(answer(call(id, 'list', {})), 'tool-use')
    const { host } = bench([again('a'), again('b'), again('c'), again('d')], { runTool: async (part) => result(part.id, `${++count}`, part.name) })
    expect(outcomeOf(await collect(view(), host))).toMatchObject({ kind: 'answered' })
  })

  test('DOS-11: the step limit ends the turn in words', async () => {
    let id = 0
    const { host, calls } = bench(Array.from({ length: 9 }, () => says(answer(call(`c${++id}`)), 'tool-use')))
    const events = await collect(view({ stepsMax: 3 }), host)
    expect(calls).toHaveLength(3)
    expect(outcomeOf(events)).toMatchObject({ kind: 'limit', text: expect.stringContaining('3 steps') })
  })

  test('faults end failed with what had arrived', async () => {
    const fault: ModelFault = { class: 'billing', message: 'Out of credit.' }
    const { host } = bench([says(answer(words('Half')), 'error', fault)])
    expect(outcomeOf(await collect(view(), host))).toEqual({ kind: 'failed', fault, text: 'Half' })
  })

  test('DOS-11: a stream that throws, and one that just ends, fail in words', async () => {
    const throwing = bench([async function* () { yield { type: 'text-delta', text: 'so far' }; throw new Error('socket gone') }])
    expect(outcomeOf(await collect(view(), throwing.host))).toMatchObject({ kind: 'failed', fault: { class: 'server_error' }, text: 'so far' })
    const ending = bench([async function* () { yield { type: 'start' } }])
    expect(outcomeOf(await collect(view(), ending.host))).toMatchObject({ kind: 'failed', fault: { class: 'network' } })
    const refusing = bench([], { callModel() { throw new Error('nothing here') } })
    expect(outcomeOf(await collect(view(), refusing.host))).toMatchObject({ kind: 'failed' })
  })

  test('after a failover only the new model\'s words count', async () => {
    const { host } = bench([async function* () {
      yield { type: 'model-start', model: 'p/m' }
      yield { type: 'text-delta', text: 'old words' }
      yield { type: 'failover', from: 'p/m', to: 'q/n', fault: { class: 'overloaded', message: 'busy' } }
      yield { type: 'text-delta', text: 'new' }
    }])
    const events = await collect(view(), host)
    expect(types(events)).toContain('failover')
    expect(outcomeOf(events)).toMatchObject({ kind: 'failed', text: 'new' })
  })

  test('gaps in an old transcript are mended before it is sent', async () => {
    const { host, calls } = bench([])
    await collect(view({ messages: [person('a'), answer(call('x')), person('b'), answer(), result('lost', 'nobody asked'), person('c')] }), host)
    expect(calls[0]?.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'tool', 'user', 'user'])
  })

  test('no model set up fails in words', async () => {
    expect(outcomeOf(await collect(view({ models: [] }), bench([]).host))).toMatchObject({ kind: 'failed', fault: { class: 'model_not_found' } })
  })
})

describe('stopping', () => {
  test('DOS-11: a model stream that ignores the signal does not hold the turn', async () => {
    const it = bench([async function* () {
      yield { type: 'text-delta', text: 'I was say' }
      it.stop.abort('interrupt')
      await new Promise(() => undefined)
    }])
    expect(outcomeOf(await collect(view(), it.host))).toEqual({ kind: 'aborted', reason: 'interrupt', text: 'I was say' })
  })

  test('DOS-11: a model that keeps talking after the stop is left', async () => {
    const it = bench([async function* () {
      for (let n = 0; ; n++) {
        if (n === 3) it.stop.abort('stop')
        yield { type: 'text-delta', text: 'x' }
      }
    }])
    expect(outcomeOf(await collect(view(), it.host))).toMatchObject({ kind: 'aborted', reason: 'stop' })
  })

  test('a tool that ignores the signal gets an honest result and nothing further starts', async () => {
    const ran: string[] = []
    const it = bench([says(answer(call('a', 'write'), call('b', 'write')), 'tool-use')], {
      parallel: () => false,
      runTool(part) {
        ran.push(part.id)
        it.stop.abort('stop')
        return new Promise(() => undefined)
      },
    })
    const events = await collect(view(), it.host)
    expect(ran).toEqual(['a'])
    expect(resultsOf(events).map(textIn)).toEqual([noResult.stopped, noResult.notStarted])
    expect(outcomeOf(events)).toMatchObject({ kind: 'aborted', reason: 'stop' })
  })

  test('when the gateway stops, what has no result stays open for the next start, and nothing further starts', async () => {
    const ran: string[] = []
    const it = bench([says(answer(call('a', 'write'), call('b', 'write')), 'tool-use')], {
      parallel: () => false,
      runTool(part) {
        ran.push(part.id)
        it.stop.abort('shutdown')
        return new Promise(() => undefined)
      },
    })
    const events = await collect(view(), it.host)
    expect(ran).toEqual(['a'])
    expect(resultsOf(events).map(textIn)).toEqual([])
    expect(outcomeOf(events)).toMatchObject({ kind: 'aborted', reason: 'shutdown' })
  })

  test('a tool that hears the signal still gives its own result', async () => {
    const it = bench([says(answer(call('a')), 'tool-use')], {
      runTool: (part, signal) => new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(result(part.id, 'stopped halfway')))
        it.stop.abort('stop')
      }),
    })
    expect(textIn(resultsOf(await collect(view(), it.host))[0])).toBe('stopped halfway')
  })

  test('a stop before the start asks nothing of the model', async () => {
    const it = bench([])
    it.stop.abort(new DOMException('late', 'TimeoutError'))
    expect(outcomeOf(await collect(view(), it.host))).toEqual({ kind: 'aborted', reason: 'timeout', text: '' })
    expect(it.calls).toHaveLength(0)
  })
})

describe('what should last', () => {
  const settings = { reserve: 20_000, keepRecentTokens: 20_000, notes: { softThresholdTokens: 4_000, prompt: 'Write down what should last.', systemPrompt: '' } }
  const long = [person('blah '.repeat(1_600)), answer(words('I did. '.repeat(1_700))), person('and now?')]
  const turn = (changes: Partial<TurnView> = {}) => view({ messages: long, contextWindow: 16_000, ...changes })
  const run = async (of: TurnView, host: AgentHost, how = settings): Promise<AgentEvent[]> => {
    const events: AgentEvent[] = []
    for await (const event of runTurn(of, host, how)) events.push(event)
    return events
  }
  const remember = call('n1', 'memory', { action: 'write', text: 'Roses.' })

  test('is written down quietly before a summary is due, and is no part of the conversation', async () => {
    const quiet: (boolean | undefined)[] = []
    const { host, calls, ran } = bench([says(answer(words('Let me see.'), remember), 'tool-use'), says(answer(words('NO_REPLY')))])
    const events = await run(turn(), { ...host, runTool: (part, signal, quietly) => { quiet.push(quietly); return host.runTool(part, signal) } })
    expect(ran).toEqual(['n1'])
    expect(quiet).toEqual([true])
    expect(calls[0]?.messages.at(-1)).toEqual(person('Write down what should last.'))
    // The same beginning as the answer's own call, so that it is read from the provider's cache.
    expect([calls[0]?.system, calls[0]?.messages.slice(0, 2)]).toEqual([calls[2]?.system, calls[2]?.messages.slice(0, 2)])
    expect(calls[2]?.messages).toEqual(long)
    expect(types(events)).toEqual(['turn-start', 'notes-end', 'model-start', 'text-delta', 'text-delta', 'assistant-end', 'turn-end'])
    expect(events.find((event) => event.type === 'notes-end')).toEqual({ type: 'notes-end', usage: { input: 20, output: 10, cacheRead: 0, cacheWrite: 0 } })
  })

  test('is asked for once between two summaries, and not where there is room or nobody wants it', async () => {
    const { notes: _, ...without } = settings
    for (const [of, how] of [[turn({ notesKept: true }), settings], [turn({ contextWindow: 200_000 }), settings], [turn(), without]] as const) {
      const { host, calls } = bench([])
      expect(types(await run(of, host, how as typeof settings))).not.toContain('notes-end')
      expect(calls).toHaveLength(1)
    }
  })

  test('costs the conversation nothing when it fails', async () => {
    const fault: ModelFault = { class: 'overloaded', message: 'Busy.' }
    const { host, calls } = bench([says(answer(), 'error', fault)])
    const events = await run(turn(), host)
    expect(events.find((event) => event.type === 'notes-end')).toMatchObject({ error: 'Busy.' })
    expect(outcomeOf(events)).toEqual({ kind: 'answered', text: 'done' })
    expect(calls[1]?.messages).toEqual(long)
  })

  test('ends by itself, however often the model goes on, and at once when the turn is stopped', async () => {
    const again: Script[] = Array.from({ length: 4 }, (_, round) => says(answer(...Array.from({ length: 6 }, (__, at) => call(`n${round}-${at}`, 'memory'))), 'tool-use'))
    const endless = bench(again)
    await run(turn(), endless.host)
    expect(endless.calls).toHaveLength(5)
    expect(endless.ran).toHaveLength(16)
    const stopped = bench([says(answer(remember), 'tool-use')])
    const events = await run(turn(), { ...stopped.host, runTool: async (part) => { stopped.stop.abort('stop'); return result(part.id, 'x') } })
    expect(types(events)).toEqual(['turn-start', 'turn-end'])
    expect(outcomeOf(events)).toMatchObject({ kind: 'aborted', reason: 'stop' })
  })
})

describe('overflow', () => {
  const overflow: ModelFault = { class: 'context_overflow', message: 'Too long.' }
  const summary = '## Goals\nx\n## Open requests\nnone\n## Done and decided\nlong talk\n## Facts to keep\n/srv/data/report.csv\n## Next step\nanswer'
  const long = [person(`Look at /srv/data/report.csv ${'blah '.repeat(4_000)}`), answer(words('I did. '.repeat(3_000))), person('and now?')]

  test('summarises, tells how much stays, and tries once more', async () => {
    const { host, calls } = bench([says(answer(), 'error', overflow), says(answer(words(summary)))])
    const events = await collect(view({ messages: long }), host)
    expect(events.find((event) => event.type === 'compaction-start')).toMatchObject({ reason: 'overflow' })
    // The question, and the empty answer that ended in overflow: both stand in the transcript after the summary.
    expect(events.find((event) => event.type === 'compaction-end')).toMatchObject({ summary, kept: 2 })
    expect(calls[1]).toMatchObject({ tools: [], cache: 'none' })
    expect(calls[2]?.messages).toHaveLength(2)
    expect(JSON.stringify(calls[2]?.messages[0])).toContain('/srv/data/report.csv')
    expect(outcomeOf(events)).toEqual({ kind: 'answered', text: 'done' })
  })

  test('a second overflow fails', async () => {
    const { host } = bench([says(answer(), 'error', overflow), says(answer(words(summary))), says(answer(), 'error', overflow)])
    expect(outcomeOf(await collect(view({ messages: long }), host))).toMatchObject({ kind: 'failed', fault: overflow })
  })

  test('a summary that loses what must be kept is refused twice and the history stays', async () => {
    const bad = summary.replace('/srv/data/report.csv', 'a file')
    const { host, calls } = bench([says(answer(), 'error', overflow), says(answer(words(bad))), says(answer(words(bad)))])
    const events = await collect(view({ messages: long }), host)
    expect(JSON.stringify(calls[2]?.messages)).toContain('- /srv/data/report.csv')
    const end = events.find((event) => event.type === 'compaction-end')
    expect(end).toMatchObject({ error: expect.stringContaining('/srv/data/report.csv'), usage: { input: 20 } })
    expect(end).not.toHaveProperty('summary')
    expect(outcomeOf(events)).toMatchObject({ kind: 'failed' })
  })

  test('a conversation near its window is summarised before the call', async () => {
    const { host, calls } = bench([says(answer(words(summary)))])
    const events = await collect(view({ messages: long, contextWindow: 16_000 }), host)
    expect(events.find((event) => event.type === 'compaction-start')).toMatchObject({ reason: 'threshold' })
    expect(calls[1]?.messages).toHaveLength(2)
    expect(outcomeOf(events)).toMatchObject({ kind: 'answered' })
  })
})

describe('any script', () => {
  let ids = 0
  const part = fc.oneof(
    fc.constantFrom('Hello', 'NO_REPLY', '', 'NO', 'ok so').map((text) => words(text)),
    fc.tuple(fc.constantFrom('read', 'write', 'list'), fc.constantFrom(1, 2)).map(([name, n]) => call(`c${++ids}`, name, { n })),
  )
  const round = fc.record({
    content: fc.array(part, { maxLength: 4 }),
    stop: fc.constantFrom<Stop>('end', 'tool-use', 'length', 'refusal', 'aborted', 'error'),
    fault: fc.option(fc.constantFrom<ModelFault>({ class: 'context_overflow', message: 'x' }, { class: 'rate_limit', message: 'y' }), { nil: undefined }),
    how: fc.constantFrom('ends', 'ends', 'ends', 'ends', 'throws', 'breaks', 'hangs', 'fails over'),
  })
  const scripts = fc.record({
    rounds: fc.array(round, { maxLength: 8 }),
    tools: fc.array(fc.constantFrom('ok', 'ok', 'same', 'throws', 'hangs', 'rejects'), { minLength: 1, maxLength: 6 }),
    steerAt: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 4 }),
    abortAt: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    history: fc.array(fc.oneof(fc.constant(person('hi')), fc.array(part, { maxLength: 3 }).map((content) => answer(...content)), fc.constant(result('c1', 'old'))), { maxLength: 4 }),
    stepsMax: fc.integer({ min: 1, max: 6 }),
    big: fc.boolean(),
    summarises: fc.boolean(),
  })

  test('yields a well-formed sequence of events and only prompts a provider accepts', async () => {
    await fc.assert(fc.asyncProperty(scripts, async (script) => {
      const stop = new AbortController()
      let asks = 0
      let given = 0
      let toolRuns = 0
      const prompts: ModelMessage[][] = []
      const host: AgentHost = {
        tools: [],
        signal: stop.signal,
        estimateTokens,
        parallel: (each) => each.name !== 'write',
        takeSteering() {
          asks += 1
          if (!script.steerAt.includes(asks)) return []
          given += 1
          return [{ message: { role: 'user', content: [{ type: 'text', text: `also ${given}` }] }, inbox: [`in${given}` as InboxId] }]
        },
        runTool(each) {
          const how = script.tools[toolRuns++ % script.tools.length]
          if (how === 'throws') throw new Error('no')
          if (how === 'rejects') return Promise.reject(new Error('no'))
          if (how === 'hangs') {
            queueMicrotask(() => stop.abort('timeout'))
            return new Promise(() => undefined)
          }
          return Promise.resolve(result(each.id, how === 'same' ? 'same' : `r${toolRuns}`, each.name))
        },
        callModel(asked) {
          prompts.push([...asked.messages])
          if (script.summarises && asked.system !== 'Be good.') return says(answer(words('## Open requests\nalso go Hello hi sure the rest')))(asked, 0)
          const now = script.rounds[prompts.length - 1]
          return (async function* (): AsyncGenerator<ModelCallEvent> {
            if (now === undefined) {
              yield* says(answer(words('the end')))(asked, 0)
              return
            }
            yield { type: 'model-start', model: 'p/m' }
            for (const each of now.content) if (each.type === 'text') yield { type: 'text-delta', text: each.text }
            if (now.how === 'throws') throw new Error('stream')
            if (now.how === 'breaks') return
            if (now.how === 'hangs') {
              queueMicrotask(() => stop.abort('stop'))
              await new Promise(() => undefined)
            }
            if (now.how === 'fails over') yield { type: 'failover', from: 'p/m', to: 'q/n', fault: { class: 'overloaded', message: 'busy' } }
            yield { type: 'end', stop: now.stop, message: answer(...now.content), usage: noUsage, ...(now.fault === undefined ? {} : { fault: now.fault }) }
          })()
        },
      }
      const messages = script.big ? [person('word '.repeat(14_000)), answer(words('sure')), ...script.history, person('go')] : [...script.history, person('go')]
      const events: AgentEvent[] = []
      for await (const event of runTurn(view({ messages, stepsMax: script.stepsMax, contextWindow: script.big ? 32_000 : 200_000 }), host)) {
        events.push(event)
        if (events.length === script.abortAt) stop.abort('stop')
      }

      expect(events[0]).toEqual({ type: 'turn-start' })
      expect(events.filter((event) => event.type === 'turn-start' || event.type === 'turn-end').map((event) => event.type)).toEqual(['turn-start', 'turn-end'])
      expect(events.at(-1)?.type).toBe('turn-end')
      expect(events.filter((event) => event.type === 'steered')).toHaveLength(given)
      expect(events.filter((event) => event.type === 'compaction-start').length).toBe(events.filter((event) => event.type === 'compaction-end').length)

      let recorded = messages.length
      for (const event of events) {
        if (event.type === 'assistant-end' || event.type === 'tool-end' || event.type === 'steered') recorded += 1
        if (event.type !== 'compaction-end' || event.summary === undefined) continue
        expect(event.kept).toBeLessThanOrEqual(recorded)
        recorded = (event.kept ?? 0)
      }

      let open: string[] = []
      const started = new Set<string>()
      for (const event of events) {
        if (event.type === 'tool-start') {
          expect(open).toContain(event.callId)
          expect(started.has(event.callId)).toBe(false)
          started.add(event.callId)
        } else if (event.type === 'tool-end') {
          // In call order: always the first that is still open.
          expect(open.shift()).toBe(event.result.callId)
        } else {
          expect(open).toEqual([])
          if (event.type === 'assistant-end') open = event.message.content.flatMap((each) => (each.type === 'tool-call' ? [each.id] : []))
        }
      }
      for (const prompt of prompts) {
        let wanted: string[] = []
        for (const message of prompt) {
          if (message.role === 'tool') {
            expect(wanted).toContain(message.callId)
            wanted = wanted.filter((id) => id !== message.callId)
          } else {
            expect(wanted).toEqual([])
            if (message.role === 'assistant') {
              expect(message.content.some((each) => each.type === 'tool-call' || (each.type === 'text' && each.text.trim() !== ''))).toBe(true)
              wanted = message.content.flatMap((each) => (each.type === 'tool-call' ? [each.id] : []))
            }
          }
        }
        expect(wanted).toEqual([])
        expect(prompt.at(-1)?.role).not.toBe('assistant')
      }
      // A summary takes at most two calls, and there are at most four of them.
      expect(prompts.length).toBeLessThanOrEqual(script.stepsMax + 8)
    }), { numRuns: 150 })
  })
})
