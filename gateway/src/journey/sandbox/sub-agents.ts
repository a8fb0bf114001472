import {
  Problem, describeError, handedOver, leastTrusted, type AgentId, type ChatRef, type ChildState, type Clock, type EntryBody, type InboxId, type Logger, type Migration, type NewId, type Origin, type OtherSessions,
  type PlatformMessageId, type PrincipalId, type Row, type SessionKey, type SessionLine, type Store, type TurnId, type TurnOutcome, type TurnWishes,
} from '@moltbot/contract'
import { originOf, type CallLabel } from './file-labels.ts'

/** Who was sent to work by whom: written before the work begins, so that its end is told whatever happens in between. */
export const subAgentsMigration: Migration = {
  name: '0002-sandbox-sub-agents',
  sql: `CREATE TABLE sub_agents (key TEXT PRIMARY KEY, parent TEXT NOT NULL, agent TEXT NOT NULL, principal TEXT NOT NULL, chat TEXT NOT NULL, label TEXT, task TEXT NOT NULL, origin TEXT,
          message_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, result TEXT, created_at INTEGER NOT NULL, ended_at INTEGER, told_at INTEGER);
        CREATE INDEX sub_agents_parent ON sub_agents (parent, created_at);
        CREATE INDEX sub_agents_open ON sub_agents (created_at) WHERE told_at IS NULL`,
}

export type Visibility = 'self' | 'tree' | 'agent' | 'all'

/** Whose turn looks at other conversations. */
export interface SessionsSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
  /** Nobody else reads along. Absent: somebody may. */
  privy?: boolean
  conversation?: { chat: ChatRef }
  label?: CallLabel
}

/** A conversation, as far as others need to know it. */
export interface KnownSession { key: SessionKey; agent: AgentId; principal: PrincipalId; kind: string; title: string | null; updatedAt: number }

/** What this needs of other rooms, as functions handed in by `main.ts`. */
export interface SubAgentsNeeds {
  sessions(): Promise<KnownSession[]>
  history(key: SessionKey, limit: number): Promise<{ body: EntryBody; turnId: TurnId | null }[]>
  isRunning(key: SessionKey): boolean
  abort(key: SessionKey): Promise<unknown>
  /** Puts words into a session in somebody's name. Resolves once they are durable. */
  submit(message: { id: PlatformMessageId; session: SessionKey; principal: PrincipalId; text: string; origin?: Origin; wishes: TurnWishes }): Promise<unknown>
  /** How a message submitted here ended; undefined: it was never accepted. `end` null: it is still on its way. */
  outcomeOf(id: PlatformMessageId): Promise<{ inbox: InboxId; end: string | null; detail: string | null; outcome: TurnOutcome['kind'] | null; text: string; elapsedMs: number; tokens: number } | undefined>
  /** Calls back with the ids of messages that got their end. */
  onEnded(listener: (id: string) => void): void
  /** Tells words in a chat; the same key is told once. Written down before any transaction that is asked for afterwards. */
  tell(chat: ChatRef, markdown: string, principal: PrincipalId, key: string): void
  /** Keeps words in a transcript for the next turn. */
  inject(key: SessionKey, text: string, origin: Origin | undefined): Promise<unknown>
  /** Throws `Problem('agent-unknown')`. */
  agent(id: string): AgentId
  /** A model by name; undefined: unknown. */
  model(name: string): string | undefined
  visibility(): Visibility
  concurrentMax(): number
  /** Takes credentials out of what is shown. */
  mask(text: string): string
}

export interface SubAgents {
  grant(subject: SessionsSubject): OtherSessions
  /** Stops what was begun for this conversation. Resolves with how many there were. */
  stop(parent: SessionKey): Promise<number>
  /** Takes up what a dead gateway left: what goes on is waited for, what is lost is told as failed. Called once at start, after the journey's own. */
  resume(): Promise<number>
  /** The place the result of this conversation is told in; undefined: it is no sub-agent's. */
  chatOf(key: SessionKey): Promise<ChatRef | undefined>
}

/** A conversation that works for another one. */
export function isSubAgent(key: string): boolean {
  return /^agent:[^:]+:sub:/.test(key)
}

const taskLengthMax = 20_000
const textMax = 20_000
const resultShownMax = 3_000

interface Child { key: SessionKey; parent: SessionKey; agent: AgentId; principal: PrincipalId; chat: ChatRef; label: string | null; messageId: PlatformMessageId; state: ChildState; origin: Origin | undefined; result: string | null; createdAt: number; endedAt: number | null }

function toChild(row: Row): Child {
  return {
    key: row['key'] as SessionKey, parent: row['parent'] as SessionKey, agent: row['agent'] as AgentId, principal: row['principal'] as PrincipalId, chat: JSON.parse(String(row['chat'])) as ChatRef,
    label: row['label'] as string | null, messageId: row['message_id'] as PlatformMessageId, state: row['state'] as ChildState, origin: (row['origin'] ?? undefined) as Origin | undefined, result: row['result'] as string | null,
    createdAt: Number(row['created_at']), endedAt: row['ended_at'] as number | null,
  }
}

/** Whose words stand in entries of a transcript. */
export function originOfEntries(entries: readonly { body: EntryBody }[]): Origin | undefined {
  return leastTrusted(entries.map(({ body }) => (body.kind === 'summary' || body.kind === 'injected' ? body.origin : body.kind === 'user' || body.kind === 'tool-result' ? body.message.origin : undefined)))
}

/** Work that a conversation hands to others of the same person, and what it may see of them. The end is told by what the gateway saw, not by what a model says. */
export function createSubAgents(options: { store: Store; clock: Clock; newId: NewId; log: Logger; needs: SubAgentsNeeds }): SubAgents {
  const { store, clock, newId, log, needs } = options
  const waiting = new Map<string, Set<() => void>>()
  const telling = new Map<string, Promise<void>>()

  const childrenOf = async (parent: SessionKey): Promise<Child[]> => (await store.read.all('SELECT * FROM sub_agents WHERE parent = ? ORDER BY created_at', parent)).map(toChild)

  async function labelOf(key: SessionKey): Promise<Origin | undefined> {
    return originOfEntries(await needs.history(key, 1_000))
  }

  needs.onEnded((id) => {
    waiting.get(id)?.forEach((wake) => wake())
    void conclude(id).catch((error: unknown) => log.error('The end of a sub-agent could not be told; the next start tells it.', { message: id, error: describeError(error) }))
  })

  /** Writes down how the work of this message ended, if it was a sub-agent's, and tells it. */
  async function conclude(id: string): Promise<void> {
    const row = await store.read.get('SELECT * FROM sub_agents WHERE message_id = ? AND told_at IS NULL', id)
    if (row === undefined) return
    const before = telling.get(id)
    if (before !== undefined) return before
    const work = finish(toChild(row)).finally(() => telling.delete(id))
    telling.set(id, work)
    return work
  }

  async function finish(child: Child): Promise<void> {
    const ended = await needs.outcomeOf(child.messageId)
    if (ended !== undefined && ended.end === null) return
    const state = child.state === 'running' ? stateOf(ended) : child.state
    const origin = leastTrusted([child.origin, await labelOf(child.key)])
    const result = ended?.text ?? ''
    await store.transaction((tx) => tx.run('UPDATE sub_agents SET state = ?, result = ?, ended_at = COALESCE(ended_at, ?), origin = ? WHERE key = ?', state, result, clock.now(), origin ?? null, child.key))
    const words = wordsOf({ ...child, state }, ended, result)
    needs.tell(child.chat, words, child.principal, `sub-agent/${child.key}`)
    try {
      await needs.inject(child.parent, `${handedOver}${child.key}]\n${words}`, origin)
    } catch (error) {
      // The conversation was deleted meanwhile: the chat was told.
      log.info('The end of a sub-agent is not kept in its conversation.', { parent: child.parent, error: describeError(error) })
    }
    await store.transaction((tx) => tx.run('UPDATE sub_agents SET told_at = ? WHERE key = ?', clock.now(), child.key))
  }

  async function visible(subject: SessionsSubject): Promise<(KnownSession & { child: boolean })[]> {
    const children = new Set((await childrenOf(subject.session)).map(({ key }) => key))
    // In a group others read along: what was said elsewhere stays there.
    const reach = subject.privy === true ? needs.visibility() : needs.visibility() === 'self' ? 'self' : 'tree'
    return (await needs.sessions()).filter((session) => {
      if (session.principal !== subject.principal) return false
      if (session.key === subject.session) return true
      if (reach === 'self') return false
      if (children.has(session.key)) return true
      return reach === 'all' || (reach === 'agent' && session.agent === subject.agent)
    }).map((session) => ({ ...session, child: children.has(session.key) }))
  }

  async function seen(subject: SessionsSubject, key: string): Promise<KnownSession> {
    const found = (await visible(subject)).find((session) => session.key === key)
    if (found === undefined) throw new Problem('session-unseen', `There is no session ${key.slice(0, 120)} that this conversation may see.`, { next: 'List them. The owner widens it with tools.sessions.visibility.' })
    return found
  }

  async function ended(id: PlatformMessageId, waitMs: number, signal: AbortSignal): Promise<Awaited<ReturnType<SubAgentsNeeds['outcomeOf']>>> {
    const now = await needs.outcomeOf(id)
    if (waitMs === 0 || (now !== undefined && now.end !== null)) return now
    await new Promise<void>((resolve) => {
      const wakers = waiting.get(id) ?? new Set()
      waiting.set(id, wakers)
      const done = (): void => {
        wakers.delete(done)
        if (wakers.size === 0) waiting.delete(id)
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(waitMs, done)
      wakers.add(done)
      signal.addEventListener('abort', done, { once: true })
      // It may have ended between the look and the listening.
      void needs.outcomeOf(id).then((again) => { if (again !== undefined && again.end !== null) done() }, done)
    })
    return needs.outcomeOf(id)
  }

  function grant(subject: SessionsSubject): OtherSessions {
    return {
      async list(limit) {
        const all = (await visible(subject)).sort((a, b) => b.updatedAt - a.updatedAt).slice(0, limit)
        return all.map(({ key, title, kind, updatedAt, child }): SessionLine => ({ key, title: title === null ? null : needs.mask(title), kind, updatedAt, running: needs.isRunning(key), child }))
      },
      async history(key, limit) {
        const session = await seen(subject, key)
        const entries = await needs.history(session.key, Math.min(limit, 200) * 4)
        const lines = entries.flatMap(({ body }) => spoken(body)).slice(-limit)
        const origin = leastTrusted([await labelOf(session.key)])
        if (origin !== undefined) subject.label?.tookStrange()
        const text = needs.mask(lines.join('\n'))
        return { text: text.length <= textMax ? text : `[…]\n${text.slice(-textMax)}`, boundary: newId('hb'), ...(origin === undefined ? {} : { origin }) }
      },
      async send(key, text, waitMs, signal) {
        if (key === subject.session) throw new Problem('session-self', 'A conversation does not write to itself.', { next: 'Use message for words to the person.' })
        const session = await seen(subject, key)
        if (text.trim() === '') throw new Problem('message-empty', 'There is nothing to send.')
        const id = newId('sm') as string as PlatformMessageId
        const from = originOf(subject.label)
        await needs.submit({ id, session: session.key, principal: subject.principal, text: `${handedOver}${subject.session}]\n${text.slice(0, taskLengthMax)}`, ...(from === undefined ? {} : { origin: from }), wishes: { commands: false } })
        const end = await ended(id, waitMs, signal)
        const origin = leastTrusted([await labelOf(session.key)])
        const over = end !== undefined && end.end !== null
        if (over && origin !== undefined) subject.label?.tookStrange()
        return { state: over ? stateOf(end) : 'running', reply: over ? needs.mask(end.text).slice(0, textMax) : '', boundary: newId('hb'), ...(origin === undefined ? {} : { origin }) }
      },
      async spawn({ task, label, agent: named, model: wanted, timeoutMs }) {
        if (isSubAgent(subject.session)) throw new Problem('children-depth', 'A sub-agent begins no others.', { next: 'Do it here.' })
        const { conversation } = subject
        if (conversation === undefined) throw new Problem('recipient-unknown', 'This turn belongs to no chat where the end could be told.')
        if (task.trim() === '' || task.length > taskLengthMax) throw new Problem('task-length', `A task has 1 to ${taskLengthMax} characters.`)
        const agent = named === undefined ? subject.agent : needs.agent(named)
        const model = wanted === undefined ? undefined : needs.model(wanted)
        if (wanted !== undefined && model === undefined) throw new Problem('model-unknown', `There is no model "${wanted.slice(0, 80)}".`)
        const key = `agent:${agent}:sub:${newId('sub').toLowerCase()}` as SessionKey
        const id = newId('sm') as string as PlatformMessageId
        const origin = originOf(subject.label)
        await store.transaction(async (tx) => {
          const open = Number((await tx.get("SELECT COUNT(*) AS open FROM sub_agents WHERE state = 'running'"))?.['open'] ?? 0)
          if (open >= needs.concurrentMax()) throw new Problem('children-full', `${open} sub-agents work already.`, { next: 'Wait for one of them.' })
          await tx.run(
            "INSERT INTO sub_agents (key, parent, agent, principal, chat, label, task, origin, message_id, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?)",
            key, subject.session, agent, subject.principal, JSON.stringify(conversation.chat), label?.slice(0, 80) ?? null, task, origin ?? null, id, clock.now(),
          )
        })
        try {
          await needs.submit({
            id, session: key, principal: subject.principal, text: origin === undefined ? task : `${handedOver}${subject.session}]\n${task}`, ...(origin === undefined ? {} : { origin }),
            wishes: { commands: false, ...(model === undefined ? {} : { model }), ...(timeoutMs === undefined ? {} : { timeoutMs }) },
          })
        } catch (error) {
          // Nothing was begun, and whoever asked is told right here.
          await store.transaction((tx) => tx.run("UPDATE sub_agents SET state = 'failed', ended_at = ?, told_at = ? WHERE key = ?", clock.now(), clock.now(), key))
          throw error
        }
        return { key }
      },
    }
  }

  return {
    grant,
    async stop(parent) {
      const running = (await childrenOf(parent)).filter(({ state }) => state === 'running')
      await Promise.all(running.map(({ key }) => needs.abort(key)))
      return running.length
    },
    async resume() {
      const open = (await store.read.all('SELECT * FROM sub_agents WHERE told_at IS NULL ORDER BY created_at')).map(toChild)
      for (const { messageId } of open) await conclude(messageId)
      return open.length
    },
    async chatOf(key) {
      const row = isSubAgent(key) ? await store.read.get('SELECT chat FROM sub_agents WHERE key = ?', key) : undefined
      return row === undefined ? undefined : (JSON.parse(String(row['chat'])) as ChatRef)
    },
  }
}

function stateOf(ended: { end: string | null; detail: string | null; outcome: TurnOutcome['kind'] | null } | undefined): ChildState {
  if (ended === undefined) return 'lost'
  if (ended.end === 'denied' || ended.outcome === 'failed') return 'failed'
  if (ended.outcome === 'aborted' || /stop/.test(ended.detail ?? '')) return 'stopped'
  if (ended.end === 'failed') return 'failed'
  return ended.outcome === 'silent' || ended.end === 'silent' ? 'silent' : 'done'
}

const stateWords: Record<ChildState, string> = {
  running: 'is at work', done: 'is done', silent: 'is done and had nothing to say', failed: 'failed', stopped: 'was stopped', lost: 'was lost when the gateway stopped',
}

/** What the chat reads: how it ended as the gateway saw it, then the result. */
function wordsOf(child: Child, ended: { elapsedMs: number; tokens: number; detail: string | null } | undefined, result: string): string {
  const facts = ended === undefined ? '' : ` (${Math.max(1, Math.round(ended.elapsedMs / 1_000))} s, ${ended.tokens.toLocaleString('en-US')} tokens)`
  const why = child.state === 'failed' && ended?.detail ? `: ${ended.detail}` : ''
  const shown = result.trim().length <= resultShownMax ? result.trim() : `${result.trim().slice(0, resultShownMax)}\n\n*(more in ${child.key})*`
  return `*${child.label === null ? 'A sub-agent' : `Sub-agent “${child.label.replaceAll(/[*_`\n]/g, ' ')}”`} ${stateWords[child.state]}${facts}${why}.*${shown === '' ? '' : `\n\n${shown}`}`
}

/** What was said, in lines; what tools gave is left out. */
function spoken(body: EntryBody): string[] {
  switch (body.kind) {
    case 'user': {
      const words = body.message.content.slice(body.envelopeParts ?? 0).flatMap((part) => (part.type === 'text' ? [part.text] : [`[${part.mimeType}]`])).join(' ')
      return [`${body.from ?? 'person'}: ${words}`]
    }
    case 'assistant': {
      const words = body.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
      return words.trim() === '' ? [] : [`assistant: ${words}`]
    }
    case 'injected': return [`assistant: ${body.text}`]
    case 'summary': return [`summary: ${body.text}`]
    case 'tool-result': case 'note': case 'command': return []
  }
}
