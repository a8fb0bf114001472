import { beforeEach, describe, expect, it } from 'vitest'
import { Problem, type AgentHost, type Principal, type Tool, type ToolCallPart, type TurnView } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { knownAddresses } from './guard/known-addresses.ts'
import { resultTextMax, runAgent, toolDeadlineMs, toolSpecs, type AgentSurroundings } from './run-agent.ts'
import type { Turn } from './sessions/index.ts'

let clock: FakeClock
let controller: AbortController
let steps: string[]
/** What was kept of the ends of calls. */
let kept: unknown[]
let judged: 'allow' | 'ask' | 'deny' | Error
let finishFails: boolean
let messages: TurnView['messages']
/** Whether each judgement was made knowing of words from outside. */
let taints: boolean[]
let run: (input: unknown, grants: unknown, signal: AbortSignal) => Promise<unknown>
let effects: () => unknown[]

beforeEach(() => {
  clock = new FakeClock()
  controller = new AbortController()
  steps = []
  kept = []
  judged = 'allow'
  finishFails = false
  messages = []
  taints = []
  run = async () => { steps.push('run'); return { content: [{ type: 'text', text: 'done' }] } }
  effects = () => [{ kind: 'reads-private', what: 'w' }]
})

function hostOf(role: Principal['role'] = 'owner'): AgentHost {
  let host: AgentHost | undefined
  const tool = { name: 'look', description: 'd', input: { type: 'object' }, needs: ['clock'], effects: () => effects(), summarize: () => '', run: (...given: [unknown, unknown, AbortSignal]) => run(...given) } as unknown as Tool
  const around = {
    clock, tools: [tool], checkInput: (_tool: Tool, input: { wrong?: boolean }) => (input.wrong === true ? 'it is wrong' : undefined),
    whenGoing: () => undefined,
    guard: { knownAddresses, judgeIn: async (_tx: unknown, _who: Principal, action: { tainted: boolean }) => { steps.push('judge'); taints.push(action.tainted); if (judged instanceof Error) throw judged; return judged === 'allow' ? { kind: 'allow' } : { kind: judged, reason: 'because' } }, ask: async () => { steps.push('ask'); return { state: 'denied', id: 'q' } }, waitFor: async () => ({ state: 'denied' }) },
    sessions: {
      startCall: async (_turn: Turn, _call: ToolCallPart, judge: (tx: unknown) => Promise<string>, about: { effects?: unknown; why?(): string } = {}) => {
        const verdict = await judge({})
        steps.push(`journal ${verdict}`)
        if (verdict === 'deny') kept.push({ ...(about.effects === undefined ? {} : { effects: about.effects }), why: about.why?.() })
        return verdict
      },
      finishCall: async (_turn: Turn, _result: unknown, end: unknown) => {
        if (finishFails) throw new Error('disk full')
        steps.push('finish')
        kept.push(end)
      },
    },
    grants: () => ({ clock }), callModel: () => undefined, estimateTokens: () => 0, agentOf: () => 'main',
    async *runTurn(_view: TurnView, given: AgentHost) {
      host = given
      yield { type: 'turn-start' }
    },
  } as unknown as AgentSurroundings
  void runAgent({ principal: { id: 'p', role }, key: 'k', signal: controller.signal, takeSteering: () => [] } as unknown as Turn, { messages } as unknown as TurnView, around).next()
  if (host === undefined) throw new Error('no host')
  return host
}
const call = (more: object = {}): ToolCallPart => ({ type: 'tool-call', id: 'c1', name: 'look', input: {}, ...more }) as unknown as ToolCallPart
const use = async (more: object = {}, role?: Principal['role']): Promise<string> => {
  const result = await hostOf(role).runTool(call(more), controller.signal)
  return `${result.isError ? 'error: ' : ''}${result.content.map((part) => (part.type === 'text' ? part.text : '')).join('')}`
}

describe('a tool call', () => {
  it('is judged and written down before it runs, and written down after', async () => {
    expect(await use()).toBe('done')
    expect(steps).toEqual(['judge', 'journal allow', 'run', 'finish'])
  })
  it.each<[string, TurnView['messages'], Principal['role'], boolean]>([
    ['nothing but the owner\'s words', [{ role: 'user', content: [] }], 'owner', false],
    ['a result from outside, some turns ago', [{ role: 'tool', origin: 'external', callId: 'x' as never, name: 'fetch', isError: false, content: [] }, { role: 'user', content: [] }], 'owner', true],
    ['a summary of what came from outside', [{ role: 'user', origin: 'external', content: [] }], 'owner', true],
    ['a guest\'s words in the same conversation', [{ role: 'user', origin: 'guest', content: [] }], 'owner', true],
    ['a member\'s words before the owner\'s turn', [{ role: 'user', origin: 'member', content: [] }], 'owner', true],
    ['a member\'s words in a member\'s turn', [{ role: 'user', origin: 'member', content: [] }], 'member', false],
  ])('is judged by what the turn has read: %s', async (_name, read, role, tainted) => {
    messages = read
    await use({}, role)
    expect(taints).toEqual([tainted])
  })
  it('that is refused does not run, and the model reads why', async () => {
    judged = 'deny'
    expect(await use()).toBe('error: Refused: because.')
    expect(steps).toEqual(['judge', 'journal deny'])
  })
  it('while notes are kept, asks nobody and does nothing that others hear of', async () => {
    const quietly = async (): Promise<string> => (await hostOf().runTool(call(), controller.signal, true)).content.map((part) => (part.type === 'text' ? part.text : '')).join('')
    expect(await quietly()).toBe('done')
    judged = 'ask'
    steps = []
    expect(await quietly()).toBe('Refused: because.')
    expect(steps).toEqual(['judge', 'journal deny'])
    // The same call, not quietly, is a question.
    steps = []
    await use()
    expect(steps).toContain('ask')
    judged = 'allow'
    for (const effect of [{ kind: 'sends', to: 'x' }, { kind: 'runs-code', what: 'ls' }, { kind: 'reaches-host', host: 'x' }, { kind: 'reads-untrusted', what: 'x' }, { kind: 'changes-gateway', what: 'the configuration' }]) {
      effects = () => [effect]
      steps = []
      expect(await quietly()).toContain('only notes')
      expect(steps).toEqual([])
    }
  })
  it.each([['arguments that are none', { malformed: '{"a' }, 'not a JSON object'], ['an input that does not fit', { input: { wrong: true } }, 'it is wrong']])('with %s is not even judged', async (_name, more, words) => {
    expect(await use(more)).toContain(words)
    expect(steps).toEqual([])
  })
  it('of a tool that is none is written down as not done', async () => {
    expect(await use({ name: 'rm' })).toContain('There is no tool "rm".')
    expect(steps).toEqual(['journal deny'])
    expect(kept).toEqual([{ why: 'there is no such tool' }])
  })
  it('is written down with what it was to do and how it ended', async () => {
    effects = () => [{ kind: 'runs-code', what: 'make' }]
    await use()
    run = async () => ({ content: [{ type: 'text', text: 'no' }], isError: true })
    await use()
    run = async () => ({ content: [{ type: 'text', text: 'said' }], stands: { kind: 'undone', why: 'exit 2' } })
    await use()
    run = async () => { throw new Problem('file-missing', 'It is not there.') }
    await use()
    run = async () => { throw new Error('words of a stranger') }
    await use()
    run = async () => { throw new Problem('send-uncertain', 'It may have arrived.') }
    await use()
    judged = 'deny'
    await use()
    expect(kept).toEqual([
      { outcome: 'done' }, { outcome: 'failed' }, { outcome: 'failed', why: 'exit 2' }, { outcome: 'failed', why: 'It is not there.' }, { outcome: 'failed' }, { outcome: 'unknown', why: 'It may have arrived.' },
      { effects: [{ kind: 'runs-code', what: 'make' }], why: 'because' },
    ])
  })
  it('of a guest is not judged: there are no tools for guests', async () => {
    expect(await use({}, 'guest')).toContain('There is no tool')
    expect(toolSpecs([], { id: 'g', role: 'guest' } as Principal)).toEqual([])
    expect(steps).not.toContain('judge')
  })
  it('that cannot be judged or written down does not run, and the turn goes on', async () => {
    judged = new Error('disk full')
    expect(await use()).toMatch(/^error: It was not run.*disk full/)
    judged = 'allow'
    effects = () => { throw new Error('cannot say') }
    expect(await use()).toMatch(/^error: It was not run.*cannot say/)
    expect(hostOf().parallel(call())).toBe(false)
    expect(steps).not.toContain('run')
  })
  it('whose end cannot be written down still tells its result', async () => {
    finishFails = true
    expect(await use()).toBe('done')
  })
  it('after a stop does not run', async () => {
    controller.abort('stop')
    expect(await use()).toContain('someone said stop')
    expect(steps).toEqual([])
  })
  it('does not run when the stop comes while it is judged', async () => {
    const host = hostOf()
    const using = host.runTool(call(), controller.signal)
    controller.abort('stop')
    expect((await using).isError).toBe(true)
    expect(steps).toEqual(['judge', 'journal allow', 'finish'])
  })
  it('hears a stop while it runs', async () => {
    run = (_input, _grants, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error(`stopped by ${String(signal.reason)}`))))
    const using = hostOf().runTool(call(), controller.signal)
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort('stop')
    expect((await using).content).toEqual([{ type: 'text', text: 'stopped by stop' }])
  })
  it('that does not end is given up after its time, and told to stop', async () => {
    let told = false
    run = (_input, _grants, signal) => new Promise(() => { signal.addEventListener('abort', () => { told = true }) })
    const using = hostOf().runTool(call(), controller.signal)
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(toolDeadlineMs)
    expect((await using).content).toEqual([{ type: 'text', text: 'it did not end within 60 s; its outcome is unknown' }])
    expect(told).toBe(true)
  })
  it('that fails in any way is a result the model reads', async () => {
    run = async () => { throw new Error('no such file') }
    expect(await use()).toBe('error: no such file')
    run = () => { throw new TypeError('broken') }
    expect(await use()).toBe('error: broken')
  })
  it('with a result without end goes back with its middle left out', async () => {
    run = async () => ({ content: [{ type: 'text', text: `A${'x'.repeat(resultTextMax * 3)}Z` }] })
    const text = await use()
    expect(text.length).toBeLessThan(resultTextMax + 100)
    expect(text).toMatch(/^A.*characters left out.*Z$/s)
  })
  it('runs beside others only when all it does is reading', () => {
    expect(hostOf().parallel(call())).toBe(true)
    effects = () => [{ kind: 'reads-private' }, { kind: 'writes-workspace' }]
    expect(hostOf().parallel(call())).toBe(false)
    expect(hostOf().parallel(call({ name: 'rm' }))).toBe(false)
    expect(hostOf().parallel(call({ malformed: 'x' }))).toBe(false)
  })
})
