/**
 * What happens around the agent's loop: each model call goes to the models, each tool call is checked, judged, journaled
 * before it runs, run with exactly its grants and a deadline, and journaled again. Like the route, it only passes things on.
 */
import {
  commandEnded, describeError, handedOver, leastTrusted, noUsage, ownMemory, Problem, summaryMessage, type AgentEvent, type AgentHost, type AgentId, type Clock, type Effect, type GrantName, type Grants, type ModelCall, type ModelCallEvent, type ModelMessage, type Origin, type Principal, type SessionKey, type Tool,
  type ToolCallPart, type ToolResult, type ToolResultMessage, type ToolSpec, type TurnView, type Tx,
} from '@moltbot/contract'
import type { Approval, GuardRoom, KnownAddresses } from './guard/index.ts'
import type { CallLabel } from './sandbox/index.ts'
import type { CallEnd, SessionsRoom, Turn } from './sessions/index.ts'

/** A tool that has not ended by then, and has not said how long it may take, is given up; the model reads that its outcome is unknown. */
export const toolDeadlineMs = 60_000
/** What a tool may say at most. */
const toolDeadlineMaxMs = 600_000
/** So long before the end of its time a turn stops waiting for a person, so that it can still say so. */
const answerMarginMs = 20_000
/** Whoever is asked again and again says yes in the end: so many questions a turn may put to people, and so many times it may hear no. */
export const questionsMax = 8
export const refusalsMax = 3
/** The most text of one result that goes back to the model; the middle of longer ones is left out. */
export const resultTextMax = 60_000

export interface AgentSurroundings {
  clock: Clock
  /** Puts a question to the person where the work was asked for; in the transaction that writes the question down. */
  putQuestion(tx: Tx, turn: Turn, approval: Approval): Promise<void>
  guard: GuardRoom
  /** Undefined while the gateway works. While it is held: resolves when it works again or `signal` aborts. */
  whenGoing(signal: AbortSignal): Promise<void> | undefined
  sessions: Pick<SessionsRoom, 'startCall' | 'finishCall'>
  tools: readonly Tool[]
  /** Those of them the model is told of; whether a call may run is the guard's. Absent: all. */
  offered?(): Promise<readonly Tool[]>
  /** Why an input does not fit a tool's schema; undefined when it does. */
  checkInput(tool: Tool, input: unknown): string | undefined
  grants(needs: readonly GrantName[], who: { agent: AgentId; principal: Principal; session: SessionKey; label: CallLabel }): Partial<Grants>
  /** Whether strangers' words stand in what the turn is told about itself. Absent: they never do. */
  promptIsStrange?(): Promise<boolean>
  callModel(call: ModelCall): AsyncIterable<ModelCallEvent>
  runTurn(view: TurnView, host: AgentHost): AsyncGenerator<AgentEvent, void, undefined>
  estimateTokens(text: string): number
  agentOf(key: SessionKey): AgentId
}

/** The tools a principal's turns are offered, as the model is told of them. Always in the same order. */
export function toolSpecs(tools: readonly Tool[], principal: Principal): ToolSpec[] {
  if (principal.role === 'guest') return []
  return tools.map(specOf)
}

/** Whatever a person who looks at a tool could not see in its description, the model is not told either. */
function withoutHidden(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|\p{Variation_Selector}/gu, ' ')
}

const specs = new WeakMap<Tool, ToolSpec>()

/** A tool as the model is told of it, worked out once. */
function specOf(tool: Tool): ToolSpec {
  let spec = specs.get(tool)
  if (spec === undefined) specs.set(tool, (spec = { name: tool.name, description: withoutHidden(tool.description), input: withoutLimits(JSON.parse(JSON.stringify(tool.input))) as Record<string, unknown> }))
  return spec
}

/** Limits are checked when a call comes; every word of a schema is paid for on every call to the model. */
const limits = new Set(['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'pattern', 'patternProperties', 'additionalProperties'])

function withoutLimits(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLimits)
  if (typeof schema !== 'object' || schema === null) return schema
  const { anyOf, properties, ...rest } = schema as { anyOf?: { const?: unknown }[]; properties?: Record<string, unknown> }
  const words = anyOf?.map((each) => each.const)
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !limits.has(key)).map(([key, value]) => [key, key === 'items' ? withoutLimits(value) : key === 'description' && typeof value === 'string' ? withoutHidden(value) : value])),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, withoutLimits(each)])) }),
    ...(words === undefined ? {} : words.every((word) => typeof word === 'string') ? { type: 'string', enum: words } : { anyOf: anyOf?.map(withoutLimits) }),
  }
}

/**
 * One turn of the agent, with its tools surrounded. Events as the loop tells them; ends with `turn-end`. What happens to a single call is in `runTool` below, from
 * top to bottom.
 */
export function runAgent(turn: Turn, view: TurnView, around: AgentSurroundings): AsyncGenerator<AgentEvent, void, undefined> {
  // Names of its own come last: no alias takes another tool's name.
  const byName = new Map([...around.tools.flatMap((tool) => (tool.aliases ?? []).map((alias) => [alias, tool] as const)), ...around.tools.map((tool) => [tool.name, tool] as const)])
  /** Whose words this turn has read besides its person's: it only ever grows. */
  let origin = leastTrusted(view.messages.map(originOf))
  /** The turn is no longer the person's own word alone. What a member wrote is that member's own word in their own turn. */
  const tainted = (): boolean => origin === 'external' || origin === 'guest' || (origin === 'member' && turn.principal.role !== 'member')
  const take = (more: Origin | undefined): void => { origin = leastTrusted([origin, more]) }
  const known = around.guard.knownAddresses()
  hear(view.messages, known, turn.principal, effectsOf)
  /** What somebody said no to in this turn is not asked again. */
  const refused = new Set<string>()
  let asked = 0
  const host: AgentHost = {
    callModel(call) {
      const going = turn.signal.aborted ? Promise.resolve() : around.whenGoing(turn.signal)
      return going === undefined ? around.callModel(call) : callWhenGoing(call, going)
    },
    tools: toolSpecs(around.tools, turn.principal),
    runTool: (call, signal, quietly) => runTool(asOwn(call), signal, quietly === true),
    parallel(given) {
      const call = asOwn(given)
      const tool = byName.get(call.name)
      if (tool === undefined || call.malformed !== undefined || around.checkInput(tool, call.input) !== undefined) return false
      try {
        return tool.effects(call.input as never).every((effect) => effect.kind === 'reads-private' || effect.kind === 'reads-untrusted')
      } catch {
        // A tool that cannot say what it would do is judged, and refused, alone.
        return false
      }
    },
    takeSteering() {
      const taken = turn.takeSteering()
      for (const { message } of taken) take(message.origin)
      hear(taken.map(({ message }) => message), known, turn.principal, effectsOf)
      return taken
    },
    estimateTokens: around.estimateTokens,
    signal: turn.signal,
  }

  /** A call by another name says what the tool itself is asked by it. */
  function asOwn(call: ToolCallPart): ToolCallPart {
    const tool = byName.get(call.name)
    return tool?.fromAlias === undefined || call.name === tool.name || call.malformed !== undefined ? call : { ...call, input: tool.fromAlias(call.name, call.input) }
  }

  /** What a call of earlier did; undefined: nobody can tell any more. */
  function effectsOf(call: ToolCallPart): Effect[] | undefined {
    try {
      const { name, input } = asOwn(call)
      return byName.get(name)?.effects(input as never)
    } catch {
      // Whatever it was, it was not run.
      return undefined
    }
  }

  /** A call that was kept waiting until the turn was stopped is never made. */
  async function* callWhenGoing(call: ModelCall, going: Promise<void>): AsyncGenerator<ModelCallEvent, void, undefined> {
    await going
    if (turn.signal.aborted) yield { type: 'end', stop: 'aborted', message: { role: 'assistant', model: call.candidates[0] ?? '', content: [] }, usage: noUsage }
    else yield* around.callModel(call)
  }

  async function runTool(call: ToolCallPart, signal: AbortSignal, quietly: boolean): Promise<ToolResultMessage> {
    const going = around.whenGoing(signal)
    if (going !== undefined) await going
    const tool = byName.get(call.name)
    if (tool === undefined || turn.principal.role === 'guest') return notTaken(call, tool, 'there is no such tool', `There is no tool "${call.name}".`, quietly)
    if (call.malformed !== undefined) return notTaken(call, tool, 'it could not be understood', `The arguments were not a JSON object: ${call.malformed.slice(0, 500)}`, quietly)
    const wrong = around.checkInput(tool, call.input)
    if (wrong !== undefined) return notTaken(call, tool, 'it could not be understood', `The input does not fit: ${wrong}`, quietly)
    if (signal.aborted) return result(call, stopped, true)
    const agent = around.agentOf(turn.key)
    let refusal = 'this is not allowed'
    let question: Approval | undefined
    let effects: Effect[] = []
    try {
      effects = tool.effects(call.input as never)
      if (around.promptIsStrange !== undefined && (await around.promptIsStrange())) take('external')
      // Not even written down: nobody asked for it.
      if (quietly && !effects.every(isQuiet)) return result(call, 'Refused: now only notes are written.', true)
      const exact = { tool: tool.name, input: call.input, effects, agent, session: turn.key, conversation: view.sessionId, principal: turn.principal }
      let verdict = await around.sessions.startCall(turn, call, async (tx) => {
        const ruling = await around.guard.judgeIn(tx, turn.principal, { kind: 'use-tool', tool: tool.name, effects: exact.effects, session: turn.key, agent, conversation: view.sessionId, tainted: tainted(), knows: known.knows })
        if (ruling.kind === 'allow') return 'allow'
        refusal = ruling.reason
        if (ruling.kind === 'deny' || quietly) return 'deny'
        if (refused.has(JSON.stringify([call.name, call.input]))) return 'deny'
        if (asked >= questionsMax || refused.size >= refusalsMax) {
          refusal = refused.size >= refusalsMax ? `nothing more is asked in this turn, after ${refused.size} times no` : `nothing more is asked in this turn, after ${asked} questions`
          return 'deny'
        }
        const reason = asked === 0 ? ruling.reason : `${ruling.reason}; this is question ${asked + 1} of one piece of work`
        question = await around.guard.ask(tx, { ...exact, turn: turn.id, summary: tool.summarize(call.input as never), reason, until: turn.deadline - answerMarginMs })
        asked += 1
        if (question.state === 'pending') await around.putQuestion(tx, turn, question)
        return 'ask'
      }, { effects, why: () => refusal, quietly })
      if (verdict === 'ask' && question !== undefined) {
        const { id } = question
        const decided = await around.guard.waitFor(id, signal)
        // Left open by who drives the turn, and asked again at the next start.
        if (signal.aborted && signal.reason === 'shutdown') return new Promise<never>(() => undefined)
        if (signal.aborted) return result(call, stopped, true)
        if (decided.state !== 'allowed') {
          refused.add(JSON.stringify([call.name, call.input]))
          const why = decided.state === 'denied' ? 'a person said no' : 'nobody said yes in time'
          await around.sessions.startCall(turn, call, async () => 'deny', { effects, why: () => why })
          return result(call, decided.state === 'denied' ? 'Refused: the person said no. Do not try it another way; ask them what they want instead.' : 'Refused: nobody answered in time, and no answer means no.', true)
        }
        verdict = await around.sessions.startCall(turn, call, async (tx) => ((await around.guard.take(tx, id, exact)) ? 'allow' : 'deny'), { effects, why: () => usedUp })
        if (verdict === 'deny') refusal = usedUp
      }
      if (verdict === 'deny') return result(call, `Refused: ${refusal}.`, true)
    } catch (error) {
      return result(call, `It was not run, because it could not be judged and written down first: ${describeError(error)}`, true)
    }
    // Someone may have said stop or pause while it was judged: the abort was told before anyone listened for it here.
    const goingOn = around.whenGoing(signal)
    if (goingOn !== undefined) await goingOn
    const { message: done, end } = signal.aborted ? { message: result(call, stopped, true), end: { outcome: 'failed', why: 'stopped' } as const } : await perform(tool, call, effects, question !== undefined, signal)
    try {
      await around.sessions.finishCall(turn, done, end)
    } catch {
      // The journal keeps it as begun: should the gateway die now, the model is told that its outcome is unknown. The result itself is here.
    }
    return done
  }

  /** A call that nothing could be made of. The model reads why; where it may have been meant to change something and somebody asked for it, it is written down as not done. */
  async function notTaken(call: ToolCallPart, tool: Tool | undefined, why: string, words: string, quietly: boolean): Promise<ToolResultMessage> {
    if (!quietly && (tool === undefined || tool.needs.some((need) => actingGrants.has(need)))) {
      await around.sessions.startCall(turn, call, async () => 'deny', { why: () => why }).catch(() => {
        // Nothing was done either way, and the model is told so.
      })
    }
    return result(call, words, true)
  }

  /** `approved`: a person said yes to exactly this call. */
  async function perform(tool: Tool, call: ToolCallPart, effects: readonly Effect[], approved: boolean, signal: AbortSignal): Promise<{ message: ToolResultMessage; end: CallEnd }> {
    const controller = new AbortController()
    const stop = (): void => controller.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    let cancel = (): void => undefined
    let from: Origin | undefined
    let isLate = false
    const judged = effects.flatMap((effect) => (effect.kind === 'reaches-host' && effect.url !== undefined ? [effect.url] : []))
    // Of a command a person sees what it is, not what it leaves in files.
    const theirWord = approved && effects.every(({ kind }) => kind !== 'runs-code')
    const label: CallLabel = {
      tainted: () => tainted() && !theirWord,
      origin: () => (tainted() ? origin : undefined),
      mayReach: (url) => !tainted() || judged.includes(url) || known.knows(url),
      tookStrange() {
        from = 'external'
        take(from)
      },
    }
    const labelled = (done: ToolResultMessage): ToolResultMessage => {
      take(from)
      const message = { ...done, ...(from === undefined ? {} : { origin: from }) }
      hearResult(message, effects, known)
      return message
    }
    try {
      const grants = around.grants(tool.needs, { agent: around.agentOf(turn.key), principal: turn.principal, session: turn.key, label })
      const deadlineMs = Math.min(tool.deadlineMs?.(call.input as never) ?? toolDeadlineMs, toolDeadlineMaxMs)
      const deadline = new Promise<never>((_, reject) => {
        cancel = around.clock.after(deadlineMs, () => {
          isLate = true
          reject(new Error(`it did not end within ${deadlineMs / 1000} s; its outcome is unknown`))
          controller.abort('timeout')
        })
      })
      judged.forEach(known.reached)
      const done = await Promise.race([tool.run(call.input as never, grants as never, controller.signal), deadline])
      from = leastTrusted([from, done.origin === 'owner' ? undefined : done.origin])
      const message = labelled({ role: 'tool', callId: call.id, name: call.name, isError: done.isError === true, content: done.content.map((part) => (part.type === 'text' ? { ...part, text: cut(part.text) } : part)) })
      return { message, end: endOf(done) }
    } catch (error) {
      // Why it failed may be told in the words of whoever was read.
      if (effects.some(({ kind }) => kind === 'reads-untrusted')) from = 'external'
      const isUnknown = isLate || (error instanceof Problem && error.code.endsWith('-uncertain'))
      return { message: labelled(result(call, describeError(error), true)), end: { outcome: isUnknown ? 'unknown' : 'failed', ...whyOf(error, signal) } }
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
    }
  }

  async function* runOffered(offered: Promise<readonly Tool[]>): AsyncGenerator<AgentEvent, void, undefined> {
    yield* around.runTurn(view, { ...host, tools: toolSpecs(await offered, turn.principal) })
  }

  return around.offered === undefined ? around.runTurn(view, host) : runOffered(around.offered())
}

/** Takes in what people and strangers said in a conversation: whose hosts and which addresses may be reached from now on. */
function hear(messages: readonly ModelMessage[], known: KnownAddresses, principal: Principal, effectsOf: (call: ToolCallPart) => Effect[] | undefined): void {
  const calls = new Map<string, ToolCallPart>()
  for (const message of messages) {
    if (message.role === 'assistant') {
      for (const part of message.content) if (part.type === 'tool-call') calls.set(part.id, part)
    } else if (message.role === 'tool') {
      const call = calls.get(message.callId)
      hearResult(message, (call === undefined ? undefined : effectsOf(call)) ?? [], known)
    } else if (!isSummary(message) && !isHandedOver(message) && !isWord(message)) {
      const isOwn = message.origin === undefined || (message.origin === 'member' && principal.role === 'member')
      for (const part of message.content) if (part.type === 'text') known[isOwn ? 'said' : 'read'](part.text)
    }
  }
}

/** Only what came straight from outside: in a file or in what a command says the model itself may have put an address together. */
function hearResult(message: ToolResultMessage, effects: readonly Effect[], known: KnownAddresses): void {
  const straight = effects.some(({ kind }) => kind === 'reads-untrusted') && effects.every(({ kind }) => kind === 'reads-untrusted' || kind === 'reaches-host')
  if (message.origin === 'external' && straight) for (const part of message.content) if (part.type === 'text') known.read(part.text)
}

/** A model wrote it, from everything. */
function isSummary({ content: [part] }: { content: readonly { type: string; text?: string }[] }): boolean {
  const [start] = summaryMessage('').content
  return part?.type === 'text' && start?.type === 'text' && part.text?.startsWith(start.text) === true
}

/** Another conversation's model put it together. */
function isHandedOver({ content: [part] }: { content: readonly { type: string; text?: string }[] }): boolean {
  return part?.type === 'text' && part.text?.startsWith(handedOver) === true
}

/** What is kept of a call that was answered. The words of the answer are anybody's: only what the tool itself says of it counts. */
function endOf({ stands, isError }: ToolResult): CallEnd {
  const outcome = isError === true || stands?.kind === 'undone' ? 'failed' : (stands?.kind ?? 'done')
  return { outcome, ...(stands === undefined ? {} : { why: stands.why, ...(stands.effect === undefined ? {} : { effect: stands.effect }) }) }
}

/** Sentences of our own say why; those of programs and networks stay with the model. */
function whyOf(error: unknown, signal: AbortSignal): { why?: string } {
  if (signal.aborted) return { why: 'stopped' }
  return error instanceof Problem ? { why: error.message } : {}
}

/** The gateway's own word that a command has ended; what the command said stands in it. */
function isWord({ content: [part] }: { content: readonly { type: string; text?: string }[] }): boolean {
  return part?.type === 'text' && part.text?.startsWith(commandEnded) === true
}

function originOf(message: ModelMessage): Origin | undefined {
  return message.role === 'assistant' ? undefined : message.origin
}

/** What may be done while nobody is told and nobody can be asked. */
function isQuiet(effect: Effect): boolean {
  return effect.kind === 'reads-private' || effect.kind === 'writes-workspace' || (effect.kind === 'changes-gateway' && effect.what === ownMemory)
}

const stopped = 'It was not run: someone said stop.'
const usedUp = 'the yes was used or ran out'
/** With one of these a tool can change something. */
const actingGrants: ReadonlySet<GrantName> = new Set(['files.write', 'commands', 'memory', 'messages', 'sessions', 'jobs'])

function result(call: ToolCallPart, text: string, isError: boolean): ToolResultMessage {
  return { role: 'tool', callId: call.id, name: call.name, isError, content: [{ type: 'text', text }] }
}

function cut(text: string): string {
  if (text.length <= resultTextMax) return text
  const half = Math.floor(resultTextMax / 2)
  return `${text.slice(0, half)}\n[… ${text.length - resultTextMax} characters left out …]\n${text.slice(-half)}`
}
