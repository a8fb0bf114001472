import type { ChatRef, Door, InboxId, OutgoingMessage, PlatformMessageId, SessionId, SessionKey, TurnId, TurnOutcome } from '@moltbot/contract'
import { describeError, silentToken, unreachable } from '@moltbot/contract'
import type { EntryRow, FeedItem, RunningTurn } from '../journey/sessions/types.ts'
import type { Broadcast, WireEvents } from './broadcast.ts'
import type { Caller } from './caller.ts'
import type { Rooms } from './rooms.ts'
import { approvalRow } from './wire/approval-rows.ts'
import { block, assistantText, injectedText, isSilent, showDelivery, showEntry, showUsage, splitModel, textOf } from './wire/message.ts'
import type { WireMessage } from './wire/message.ts'
import { healthSummary } from './wire/health.ts'
import { messageName, messageOf } from './wire/history.ts'
import { houseId, houseRunRow } from './wire/house-jobs.ts'
import { jobEvent, ownerOfChange } from './wire/job-rows.ts'
import { failureOf } from './wire/run-end.ts'
import { mayRead } from './wire/scopes.ts'
import { agentOf } from './wire/session-key.ts'
import { sessionRows } from './wire/session-row.ts'
import { progressOf, type Progress } from './wire/progress.ts'
import type { SessionProgressEvent, SessionsChangedEvent } from './wire/events.ts'

/** Protocol 3 shows growing text at most this often per run. */
const deltaEveryMs = 150
/** Connections come and go in bursts; health is told once per burst. */
const healthAfterMs = 250
/** Long texts are told in larger steps, because each step carries the whole text: nothing below this many characters waits. */
const unhurriedFrom = 4_096
const stepMsMax = 100

/** What is known of a turn while it runs, for telling about it. */
interface Telling {
  run: string
  key: SessionKey
  agent: string
  sessionId: SessionId
  startedAt: number
  seq: number
  /** The current assistant message so far, and how much of it each protocol was told. */
  text: string
  thinking: string
  told: number
  /** The next step does not continue what was told before. */
  replace: boolean
  lastDeltaAt: number
  lastStepAt: number
  cancelStep: (() => void) | undefined
  v3Behind: boolean
  lastMessage: { text: string; usage: WireMessage['usage']; stop: string; model: string } | undefined
  compacting: string
  lifecycleEnded: boolean
}

type Step = { kind: 'final'; message: WireMessage | undefined; usage?: WireMessage['usage']; stopReason?: string; model?: string }
  | { kind: 'aborted'; stopReason: string; message: WireMessage | undefined }
  | { kind: 'error'; errorMessage: string; errorKind?: string }

const eventNames = ['agent', 'chat', 'cron', 'health', 'exec.approval.requested', 'exec.approval.resolved']
const eventNames4 = [...eventNames, 'session.message', 'session.progress', 'sessions.changed', 'config.changed', 'pairing.changed', 'security.changed']

/**
 * Turns what happens in the rooms into events of the wire: `chat`, `agent`, `session.message`, `session.progress`, `sessions.changed`,
 * `health`, `config.changed`, `cron` (a job began, ended or was changed), `pairing.changed` (a stranger asked, or was decided on), `security.changed` (a review found something else than the one before). Ticks, presence, device pairing and shutdown are the server's own. Order: everything about one
 * session is told in the order it happened, after the answer to the request that caused it, and each run ends once.
 */
export function createWireEvents(rooms: Rooms): WireEvents {
  return {
    names: (protocol) => (protocol === 3 ? eventNames : eventNames4),
    start(broadcast) {
      const teller = createTeller(rooms, broadcast)
      const stops = [
        rooms.sessions.feed.subscribe((item) => teller.hear(item)),
        rooms.config.onReload((snapshot) => {
          const payload = {
            path: snapshot.path, ...(snapshot.hash === undefined ? {} : { hash: snapshot.hash }), ts: Math.round(rooms.clock.now()),
            valid: snapshot.issues.every((issue) => issue.severity !== 'error'),
          }
          broadcast.toAll('config.changed', (caller) => (caller.protocol === 4 && mayRead(caller) ? payload : undefined))
        }),
        rooms.connections.onChange(() => teller.connectionsChanged()),
        rooms.guard.onApproval((approval) => {
          const event = approval.state === 'pending' ? 'exec.approval.requested' : 'exec.approval.resolved'
          const payload = approval.state === 'pending' ? approvalRow(approval) : { id: approval.id, decision: approval.decision, resolvedBy: approval.decidedBy, ts: Math.round(rooms.clock.now()) }
          broadcast.toAll(event, (caller) => (caller.scopes.includes('operator.approvals') || caller.scopes.includes('operator.admin') ? payload : undefined))
        }),
        rooms.reviews?.onChange(() => {
          const summary = rooms.reviews?.summary()
          broadcast.toAll('security.changed', (caller) => (caller.protocol === 4 && mayRead(caller) ? summary : undefined))
        }) ?? (() => undefined),
        rooms.schedule?.onChange((change) => {
          const payload = change.kind === 'started' ? { jobId: houseId(change.job), action: 'started', runAtMs: change.at } : houseRunRow(change.run)
          broadcast.toAll('cron', (caller) => (mayRead(caller) ? payload : undefined), { droppable: true })
        }) ?? (() => undefined),
        rooms.jobs?.onChange((change) => {
          const payload = jobEvent(change)
          broadcast.toAll('cron', (caller) => (mayRead(caller) || caller.principal.id === ownerOfChange(change) ? payload : undefined), { droppable: true })
        }) ?? (() => undefined),
        rooms.guard.onPairing(() => broadcast.toAll('pairing.changed', (caller) => (caller.protocol === 4 && mayRead(caller) ? {} : undefined))),
      ]
      teller.listenAtDoors()
      return () => {
        for (const stop of stops) stop()
        teller.stop()
      }
    },
  }
}

interface Teller {
  hear(item: FeedItem): void
  connectionsChanged(): void
  listenAtDoors(): void
  stop(): void
}

function createTeller(rooms: Rooms, broadcast: Broadcast): Teller {
  const { runs, clock } = rooms
  const tellings = new Map<TurnId, Telling>()
  const doors = new Map<Door['serves'], { door: Door; stop: () => void }>()
  /** Deliveries that were told in the last event of their run, by their key; kept for a while because their sending is heard later. */
  const shownKeys = new Set<string>()
  const settledTurns = new Map<SessionKey, TurnId[]>()
  const endedRuns = new Set<string>()
  let cancelHealth: (() => void) | undefined
  let stopped = false

  const now = (): number => Math.round(clock.now())

  /** Hands `shape` to every connection that may read the session; each spelling and protocol is shaped once. */
  const tell = (event: string, key: SessionKey, shape: (protocol: 3 | 4, sessionKey: string) => object | undefined, options: { droppable?: boolean; wants?: (caller: Caller) => boolean } = {}): void => {
    const shapes = new Map<string, object | undefined>()
    broadcast.toAll(event, (caller) => {
      if (!mayRead(caller) || options.wants?.(caller) === false) return undefined
      if (caller.caps.includes('session-scoped-events') && !caller.subscriptions.messages.has(key)) return undefined
      const spelling = runs.spellingFor(caller, key)
      const name = `${caller.protocol} ${spelling}`
      if (!shapes.has(name)) shapes.set(name, shape(caller.protocol, spelling))
      return shapes.get(name)
    }, options.droppable === true ? { droppable: true } : {})
  }

  const tellAgent = (telling: Telling, stream: string, data: Record<string, unknown>, wants?: (caller: Caller) => boolean): void => {
    telling.seq += 1
    const seq = telling.seq
    const ts = now()
    tell('agent', telling.key, (protocol, sessionKey) => ({
      runId: telling.run, seq, stream, ts, data, sessionKey,
      ...(protocol === 4 ? { agentId: telling.agent, sessionId: telling.sessionId } : {}),
    }), wants === undefined ? {} : { wants })
  }
  const only4 = (caller: Caller): boolean => caller.protocol === 4

  const tellEnd = (run: string, key: SessionKey, seq: number, step: Step): void => {
    tell('chat', key, (protocol, sessionKey) => {
      const base = { runId: run, sessionKey, seq, ...(protocol === 4 ? { agentId: agentOf(key) } : {}) }
      switch (step.kind) {
        case 'final':
          return {
            ...base, state: 'final', ...(step.message === undefined ? {} : { message: step.message }), ...(step.usage === undefined ? {} : { usage: step.usage }),
            ...(step.stopReason === undefined ? {} : { stopReason: step.stopReason }), ...(step.model === undefined ? {} : { model: step.model }),
          }
        case 'aborted':
          return { ...base, state: 'aborted', stopReason: step.stopReason, ...(protocol === 4 && step.message !== undefined ? { message: step.message } : {}) }
        case 'error':
          return { ...base, state: 'error', errorMessage: step.errorMessage, ...(protocol === 4 && step.errorKind !== undefined ? { errorKind: step.errorKind } : {}) }
        default:
          return unreachable(step)
      }
    })
  }

  const flush = (telling: Telling, all: boolean): void => {
    telling.cancelStep?.()
    telling.cancelStep = undefined
    if (telling.text.length === telling.told && !(all && telling.v3Behind)) return
    // Words that may yet become the silent token are not shown before it is clear that they don't.
    const said = telling.text.trim()
    if (telling.told === 0 && (all ? said === silentToken : silentToken.startsWith(said))) return
    const { text } = telling
    const at = now()
    const delta = text.slice(telling.told)
    if (delta !== '') {
      tellAgent(telling, 'assistant', { text, delta })
      telling.lastStepAt = at
      telling.told = text.length
    }
    const v3Due = all || at - telling.lastDeltaAt >= deltaEveryMs
    const replace = telling.replace
    const seq = telling.seq
    const message = assistantText(text, at)
    tell('chat', telling.key, (protocol, sessionKey) => {
      const base = { runId: telling.run, sessionKey, seq, state: 'delta', message }
      if (protocol === 3) return v3Due ? base : undefined
      return delta === '' ? undefined : { ...base, agentId: telling.agent, deltaText: delta, ...(replace ? { replace: true } : {}) }
    }, { droppable: true })
    telling.v3Behind = !v3Due
    if (v3Due) telling.lastDeltaAt = at
    if (delta !== '') telling.replace = false
  }

  const grow = (telling: Telling): void => {
    const stepMs = telling.text.length < unhurriedFrom ? 0 : Math.min(stepMsMax, telling.text.length >> 8)
    const waited = now() - telling.lastStepAt
    if (waited >= stepMs) return flush(telling, false)
    telling.cancelStep ??= clock.after(stepMs - waited, () => runs.inOrder(telling.key, () => flush(telling, false)))
  }

  const newMessage = (telling: Telling, replaces: boolean): void => {
    telling.text = ''
    telling.thinking = ''
    telling.told = 0
    telling.replace ||= replaces
  }

  const open = (turn: RunningTurn, sessionId: SessionId, run: string): Telling => {
    const telling: Telling = {
      run, key: turn.key, agent: agentOf(turn.key), sessionId, startedAt: Math.round(turn.startedAt), seq: 0, text: '', thinking: '', told: 0, replace: false,
      lastDeltaAt: 0, lastStepAt: 0, cancelStep: undefined, v3Behind: false, lastMessage: undefined, compacting: '', lifecycleEnded: false,
    }
    tellings.set(turn.id, telling)
    runs.turnOpened(turn.id, run)
    return telling
  }

  /** A turn goes by the name its first message was sent under, when a client of ours sent it; else by its own id. */
  const nameOf = async (turn: RunningTurn): Promise<string> => {
    const first = turn.messages[0]
    return first === undefined ? turn.id : (await messageName(rooms, first.inbox)) ?? turn.id
  }
  const nameAtOnce = (turn: RunningTurn): string | undefined => {
    const first = turn.messages[0]
    return first === undefined ? turn.id : runs.ofInbox(first.inbox)?.id
  }

  const toolWatchers = async (telling: Telling): Promise<(caller: Caller) => boolean> => {
    const level = broadcast.callers().some((caller) => caller.protocol === 3) ? (await rooms.sessions.get(telling.key))?.settings.verboseLevel : undefined
    return (caller) => (caller.protocol === 4 ? caller.caps.includes('tool-events') : level === 'on')
  }

  const tellTurn = (telling: Telling, item: FeedItem & { kind: 'turn' }): void | Promise<void> => {
    const { event } = item
    switch (event.type) {
      case 'turn-start':
        // Told when the turn was opened.
        return
      case 'model-start': {
        const { provider, model } = splitModel(event.model)
        newMessage(telling, telling.lastMessage !== undefined || telling.told > 0)
        return tellAgent(telling, 'lifecycle', { phase: 'model', provider, model }, only4)
      }
      case 'text-delta':
        if (event.text === '') return
        telling.text += event.text
        return grow(telling)
      case 'thinking-delta':
        telling.thinking += event.text
        return tellAgent(telling, 'thinking', { text: telling.thinking, delta: event.text }, only4)
      case 'assistant-end': {
        const text = textOf(event.message)
        const silent = isSilent(event.message)
        if (!silent && text.length > telling.text.length && text.startsWith(telling.text)) telling.text = text
        flush(telling, true)
        const usage = showUsage(event.usage)
        if (!silent && text !== '') telling.lastMessage = { text, usage, stop: event.stop, model: event.model }
        return tellAgent(telling, 'usage', { inputTokens: usage.input, outputTokens: usage.output, totalTokens: usage.totalTokens }, only4)
      }
      case 'tool-start': {
        const { name, callId, input } = event
        return toolWatchers(telling).then((wants) => tellAgent(telling, 'tool', { phase: 'start', name, toolCallId: callId, args: input }, wants))
      }
      case 'tool-end': {
        const { name, callId, isError, content } = event.result
        return toolWatchers(telling).then((wants) => tellAgent(telling, 'tool', { phase: 'result', name, toolCallId: callId, isError, result: { content: content.map(block) } }, wants))
      }
      case 'notes-end':
        return
      case 'steered':
        // The words show as an entry, and their own run ends as merged.
        return
      case 'compaction-start':
        telling.compacting = event.reason
        return tellAgent(telling, 'compaction', { phase: 'start' })
      case 'compaction-end':
        return tellAgent(telling, 'compaction', { phase: 'end', willRetry: telling.compacting === 'overflow' && event.error === undefined })
      case 'failover':
        newMessage(telling, telling.told > 0)
        return tellAgent(telling, 'lifecycle', { phase: 'fallback', from: event.from, to: event.to, reason: event.fault.class }, only4)
      case 'turn-end':
        flush(telling, true)
        return tellLifecycleEnd(telling, event.outcome, Math.round(item.at))
      default:
        return unreachable(event)
    }
  }

  const tellLifecycleEnd = (telling: Telling, outcome: TurnOutcome, endedAt: number): void => {
    if (telling.lifecycleEnded) return
    telling.lifecycleEnded = true
    const { startedAt } = telling
    if (outcome.kind === 'failed') return tellAgent(telling, 'lifecycle', { phase: 'error', error: outcome.fault.message, startedAt, endedAt })
    const aborted = outcome.kind === 'aborted'
    tellAgent(telling, 'lifecycle', { phase: 'finishing', stopReason: aborted ? outcome.reason : 'stop', aborted, endedAt }, only4)
    tellAgent(telling, 'lifecycle', { phase: 'end', startedAt, endedAt, ...(aborted ? { aborted: true } : {}) })
  }

  const settle = (turn: RunningTurn, telling: Telling, outcome: TurnOutcome, at: number): void => {
    flush(telling, true)
    tellLifecycleEnd(telling, outcome, Math.round(at))
    tellings.delete(turn.id)
    settledTurns.set(telling.key, [...(settledTurns.get(telling.key) ?? []), turn.id].slice(-4))
    endRun(telling.run, telling.key, telling.seq, endOf(telling, outcome, now()))
    tellSession(telling.key, 'agent.run.ended', { phase: 'end', runId: telling.run })
    runs.turnClosed(turn.id)
  }

  const endRun = (run: string, key: SessionKey, seq: number, step: Step): void => {
    const name = `${key} ${run}`
    if (endedRuns.has(name)) return
    remember(endedRuns, name)
    const known = runs.ofMessage(run, key)
    if (known !== undefined) known.ended = true
    tellEnd(run, key, seq, step)
  }

  /** A message that got no turn of its own still ends its run: with the command's answer, with an error, or with nothing to add. */
  const endMessage = async (item: FeedItem & { kind: 'message-ended' }): Promise<void> => {
    const key = item.key ?? runs.ofInbox(item.inbox)?.key
    if (key === undefined) return
    const known = runs.ofInbox(item.inbox) ?? runs.ofMessage(item.platformId, key)
    if (known?.ended === true) return
    if (item.turnId !== null && item.end !== 'merged') {
      const telling = tellings.get(item.turnId)
      const name = telling?.run ?? runs.nameOf(item.turnId)
      // Its own turn tells the end, before or after this.
      if (name !== undefined && name === known?.id) return
      if (known === undefined && name !== undefined) return
    }
    const run = known?.id ?? (await messageName(rooms, item.inbox))
    if (run === undefined) return
    if (item.turnId !== null && tellings.get(item.turnId)?.run === run) return
    endRun(run, key, 0, await messageEnd(item))
  }

  const messageEnd = async (item: FeedItem & { kind: 'message-ended' }): Promise<Step> => {
    // Silent without a turn: it was stopped while it waited.
    if (item.end === 'silent' && item.turnId === null) return { kind: 'aborted', stopReason: 'rpc', message: undefined }
    if (item.end === 'merged' || item.end === 'silent' || item.end === 'answered') return { kind: 'final', message: undefined }
    const said = (await rooms.outbox.ofInbox(item.inbox)).toSorted((a, b) => a.part - b.part)
    for (const delivery of said) remember(shownKeys, delivery.key)
    const text = said.map((delivery) => delivery.markdown).join('\n\n')
    if (item.end === 'command') return { kind: 'final', message: text === '' ? undefined : assistantText(text, now()) }
    return { kind: 'error', errorMessage: text !== '' ? text : failureOf(item) ?? 'The message could not be answered.' }
  }

  /** Something went out through one of our doors. Answers of turns and commands were told already; what is left is a notice. */
  const heardAtDoor = async (chat: ChatRef, message: OutgoingMessage, id: PlatformMessageId): Promise<void> => {
    const key = chat.chat as string as SessionKey
    if (shownKeys.has(message.key)) return
    const delivery = await rooms.outbox.ofKey(message.key)
    if (delivery?.turnId != null) return
    // The end of that message is still to come and brings the words along.
    if (runs.inSession(key).some((run) => run.inbox !== null && !run.ended && run.inbox === delivery?.inboxId)) return
    remember(shownKeys, message.key)
    const isBare = delivery === undefined || (delivery.file === undefined && delivery.buttons === undefined)
    tellEnd(`notice-${id}`, key, 0, { kind: 'final', message: isBare ? assistantText(message.markdown, now()) : showDelivery(delivery) })
  }

  const tellEntry = async (key: SessionKey, entry: EntryRow): Promise<void> => {
    if (entry.body.kind === 'injected') {
      const { text, label } = entry.body
      tell('chat', key, (protocol, sessionKey) => ({
        runId: `inject-${entry.id}`, sessionKey, seq: 0, state: 'final', ...(protocol === 4 ? { agentId: agentOf(key) } : {}),
        message: assistantText(injectedText(text, label), entry.at),
      }))
    }
    const wants = (caller: Caller): boolean => caller.subscriptions.messages.has(key)
    if (!broadcast.callers().some(wants)) return
    const inbox = messageOf(entry)
    const idempotencyKey = inbox === undefined ? undefined : await messageName(rooms, inbox)
    const runId = entry.turnId === null ? undefined : runs.nameOf(entry.turnId) ?? entry.turnId
    // What is kept as no more than words has its end already.
    const row = inbox === undefined || entry.body.kind !== 'command' ? undefined : await rooms.inbox.get(inbox)
    const progress = row === undefined ? undefined : await progressOf(rooms, row)
    const names = { ...(idempotencyKey === undefined ? {} : { idempotencyKey }), ...(runId === undefined ? {} : { runId }), ...(progress === undefined ? {} : { progress }) }
    tell('session.message', key, (protocol, sessionKey) => {
      const message = showEntry(entry, protocol, names)
      return message === undefined ? undefined : { sessionKey, agentId: agentOf(key), message, messageId: entry.id, messageSeq: entry.seq }
    }, { wants })
  }

  /** What the ledger has about a message now. Of one that was merged into another there is news only with that other. */
  const tellProgress = async (key: SessionKey, inbox: InboxId, isNews: (progress: Progress, name: string | undefined) => boolean = () => true): Promise<void> => {
    const wants = (caller: Caller): boolean => caller.protocol === 4 && caller.subscriptions.messages.has(key)
    if (!broadcast.callers().some(wants)) return
    const row = await rooms.inbox.get(inbox)
    if (row === undefined || row.end === 'merged') return
    const [name, progress] = await Promise.all([messageName(rooms, inbox), progressOf(rooms, row)])
    if (!isNews(progress, name)) return
    tell('session.progress', key, (_, sessionKey): SessionProgressEvent => ({ sessionKey, agentId: agentOf(key), inboxId: inbox, ...(name === undefined ? {} : { idempotencyKey: name }), progress }), { wants })
  }

  /** Tells subscribers that a session changed. Looks the row up on its own time: it must not hold back what is being said. */
  const tellSession = (key: SessionKey, reason: string, more: { phase?: string; runId?: string } = {}): void => {
    const wants = (caller: Caller): boolean => caller.subscriptions.sessions && mayRead(caller)
    if (!broadcast.callers().some(wants)) return
    const ts = now()
    runs.inOrder('sessions.changed', async () => {
      const row = await rooms.sessions.get(key)
      const session = row === undefined ? undefined : (await sessionRows(rooms))(row)
      const payload: SessionsChangedEvent = { sessionKey: key, agentId: agentOf(key), reason, ...more, ts, ...(session === undefined ? {} : { session }) }
      if (!stopped) broadcast.toAll('sessions.changed', (caller) => (wants(caller) ? payload : undefined))
    })
  }

  const tellHealth = (): void => {
    cancelHealth ??= clock.after(healthAfterMs, () => {
      cancelHealth = undefined
      void healthSummary(rooms).then((summary) => {
        if (!stopped) broadcast.toAll('health', (caller) => (mayRead(caller) ? summary : undefined), { stateVersion: rooms.presence.healthChanged() })
      }).catch((error: unknown) => rooms.log.warn('health could not be told', { error: describeError(error) }))
    })
  }

  const listenAtDoors = (): void => {
    for (const serves of ['browser', 'terminal', 'http'] as const) {
      const door = rooms.doors(serves)
      const known = doors.get(serves)
      if (known?.door === door) continue
      known?.stop()
      doors.delete(serves)
      if (door === undefined) continue
      const stop = door.onSend((chat, message, id) => runs.inOrder(chat.chat, () => heardAtDoor(chat, message, id)))
      doors.set(serves, { door, stop })
    }
  }

  const hear = (item: FeedItem): void => {
    switch (item.kind) {
      case 'turn':
        return runs.inOrder(item.turn.key, () => {
          const known = tellings.get(item.turn.id)
          if (known !== undefined && item.event.type !== 'turn-start') return tellTurn(known, item)
          if (known !== undefined) return
          const begin = (name: string): void | Promise<void> => {
            const telling = open(item.turn, item.sessionId, name)
            tellAgent(telling, 'lifecycle', { phase: 'start', startedAt: telling.startedAt })
            tellSession(telling.key, 'agent.run.started', { phase: 'start', runId: name })
            return item.event.type === 'turn-start' ? undefined : tellTurn(telling, item)
          }
          const name = nameAtOnce(item.turn)
          return name === undefined ? nameOf(item.turn).then(begin) : begin(name)
        })
      case 'turn-settled':
        return runs.inOrder(item.turn.key, async () => {
          const { turn, outcome } = item
          // Stopped for a restart: the turn goes on afterwards, so its run has not ended.
          if (outcome.kind === 'aborted' && outcome.reason === 'shutdown') return runs.turnClosed(turn.id)
          const known = tellings.get(turn.id)
          if (known === undefined && settledTurns.get(turn.key)?.includes(turn.id) === true) return
          const sessionId = known?.sessionId ?? (await rooms.sessions.get(turn.key))?.id ?? ('' as SessionId)
          settle(turn, known ?? open(turn, sessionId, nameAtOnce(turn) ?? (await nameOf(turn))), outcome, item.at)
          // To a network its answer may be on its way for a while yet.
          for (const { inbox } of turn.messages) await tellProgress(turn.key, inbox, ({ state }, name) => state === 'delivering' && name === undefined)
        })
      case 'entry':
        return runs.inOrder(item.key, () => tellEntry(item.key, item.entry))
      case 'message-ended':
        return runs.inOrder(item.key ?? runs.ofInbox(item.inbox)?.key ?? 'nowhere', async () => {
          await endMessage(item)
          if (item.key !== null) await tellProgress(item.key, item.inbox)
        })
      case 'session-changed':
        return tellSession(item.key, { created: 'create', updated: 'patch', reset: 'reset', deleted: 'delete' }[item.change])
      default:
        return unreachable(item)
    }
  }

  return {
    hear(item) {
      if (!stopped) hear(item)
    },
    connectionsChanged() {
      listenAtDoors()
      tellHealth()
    },
    listenAtDoors,
    stop() {
      stopped = true
      cancelHealth?.()
      for (const { stop } of doors.values()) stop()
      for (const telling of tellings.values()) telling.cancelStep?.()
    },
  }
}

/** Adds to a set that keeps only the newest 2,000. */
function remember(set: Set<string>, value: string): void {
  set.add(value)
  for (const old of set) {
    if (set.size <= 2_000) break
    set.delete(old)
  }
}

const errorKinds: Record<string, string> = { refusal: 'refusal', timeout: 'timeout', rate_limit: 'rate_limit', context_overflow: 'context_length' }

/** The one last event of a turn's run. */
function endOf(telling: Telling, outcome: TurnOutcome, at: number): Step {
  const last = telling.lastMessage
  const { undone = '' } = outcome
  const words = (said: string): WireMessage | undefined => {
    const text = [said, undone].filter((part) => part !== '').join('\n\n')
    return text === '' ? undefined : assistantText(text, at)
  }
  const facts = last === undefined ? {} : { usage: last.usage, stopReason: last.stop === 'length' ? 'length' : 'stop', model: last.model }
  switch (outcome.kind) {
    case 'answered':
      return { kind: 'final', message: words(last?.text ?? outcome.text), ...facts }
    case 'silent':
      return { kind: 'final', message: words('') }
    case 'limit':
      return { kind: 'final', message: words(outcome.text === '' ? last?.text ?? '' : outcome.text), ...facts, stopReason: 'length' }
    case 'aborted':
      return { kind: 'aborted', stopReason: outcome.reason === 'timeout' ? 'timeout' : outcome.reason === 'stop' ? 'rpc' : 'stop', message: words(telling.text === '' ? outcome.text : telling.text) }
    case 'failed':
      return { kind: 'error', errorMessage: [undone, outcome.fault.message].filter((part) => part !== '').join(' '), errorKind: errorKinds[outcome.fault.class] ?? 'unknown' }
    default:
      return unreachable(outcome)
  }
}
