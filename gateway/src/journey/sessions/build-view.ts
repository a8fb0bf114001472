import type { ConfigView, Store, ToolResultMessage, TurnView, TurnWishes } from '@moltbot/contract'
import { messagesSection } from './config.ts'
import type { FileReading } from './file-reading.ts'
import { agentOfKey } from './keys.ts'
import type { Waiting } from './lanes.ts'
import type { SessionsNeeds } from './sessions-needs.ts'
import type { Transcript } from './transcript.ts'
import type { Turn } from './turn.ts'
import type { SessionRow } from './types.ts'
import { closeOpenCalls, dayOf, messagesOf, unansweredCalls, userMessageOf } from './view.ts'

/** Builds what the agent sees of a turn: system prompt, transcript and the new words. `resumed`: a dead gateway had begun the turn. */
export type BuildView = (turn: Turn, session: SessionRow, overflow: readonly Waiting[], resumed: boolean) => Promise<TurnView>

export function createBuildView({ store, config, transcript, reading, needs }: { store: Store; config: ConfigView; transcript: Transcript; reading: FileReading; needs: SessionsNeeds }): BuildView {
  async function buildView(turn: Turn, session: SessionRow, overflow: readonly Waiting[], resumed: boolean): Promise<TurnView> {
    const head = turn.batch[0]
    const wishes: TurnWishes = head?.wishes ?? {}
    const agent = agentOfKey(turn.key)
    const [entries, system] = await Promise.all([transcript.live(store.read, session.id), systemFor(turn, session)])
    const hadWords = resumed && entries.some((entry) => entry.turnId === turn.id && entry.body.kind === 'user')
    let messages = messagesOf(entries)
    const journal = hadWords ? await transcript.calls(store.read, turn.id) : []
    if (!hadWords) {
      for (const waiting of turn.batch) if (waiting.continues !== undefined) reading.begin(waiting)
      await reading.done(turn.batch, turn.signal)
      const limit = config.get(messagesSection).groupChat.historyLimit
      const backlog = turn.chat.kind === 'direct' || limit === 0 || head === undefined ? [] : await needs.backlog(turn.chat, head.receivedAt, limit)
      const lastUser = entries.findLast((entry) => entry.body.kind === 'user')
      const today = dayOf(turn.startedAt)
      const day = lastUser !== undefined && dayOf(lastUser.at) !== today ? today : undefined
      const { message, envelopeParts, from } = userMessageOf(turn.batch, { ...(day === undefined ? {} : { day }), backlog: backlog.map((row) => row.message), overflow })
      turn.pending.push({ kind: 'user', message, ...(from === undefined ? {} : { from }), inbox: turn.batch.map((waiting) => waiting.inbox), ...(envelopeParts === 0 ? {} : { envelopeParts }) })
      messages = [...closeOpenCalls(messages, false), message]
    } else {
      turn.begun = true
      for (const { body, turnId } of entries) {
        if (turnId !== turn.id || body.kind !== 'assistant') continue
        const text = body.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
        if (text.trim() !== '') turn.said.push(text)
      }
      for (const call of unansweredCalls(messages)) {
        const journaled = journal.find((each) => each.callId === call.callId)
        if (journaled === undefined || journaled.state === 'started') continue
        const result: ToolResultMessage = {
          // The journal does not tell whose words a result held: then they count as a stranger's.
          role: 'tool', ...(journaled.state === 'refused' ? {} : { origin: 'external' as const }), callId: call.callId, name: call.name, isError: journaled.state === 'refused', content: [{ type: 'text', text: journaled.result ?? '' }],
        }
        turn.pending.push({ kind: 'tool-result', message: result })
        messages.push(result)
      }
      messages = closeOpenCalls(messages, true)
    }
    const chosen = wishes.model ?? session.settings.model
    const models = needs.models(agent, chosen)
    turn.wanted = models.candidates[0] ?? null
    return {
      id: turn.id, sessionKey: turn.key, sessionId: session.id,
      system: wishes.instructions === undefined ? system : `${system}\n\n${wishes.instructions}`,
      messages,
      unfinished: unansweredCalls(messages).filter((call) => journal.some((each) => each.callId === call.callId && each.state === 'started')),
      ...(entries.findLastIndex(({ body }) => body.kind === 'note' && body.about === 'notes-kept') > entries.findLastIndex(({ body }) => body.kind === 'summary') ? { notesKept: true } : {}),
      thinking: wishes.thinking ?? session.settings.thinking ?? needs.agent(agent).thinking,
      models: models.candidates, strict: models.strict, contextWindow: models.contextWindow, maxOutputTokens: models.maxOutputTokens,
      stepsMax: 50,
    }
  }

  /** The session's own system prompt: the stored bytes as long as nothing it is made of changed, so that the provider's cache holds. */
  async function systemFor(turn: Turn, session: SessionRow): Promise<string> {
    const [stored, fresh] = await Promise.all([
      transcript.system(store.read, turn.key),
      needs.prompt(agentOfKey(turn.key), turn.principal, session.kind, turn.chat),
    ])
    if (stored !== undefined && stored.hash === fresh.hash) return stored.text
    if (stored !== undefined) turn.pending.push({ kind: 'note', text: 'The instructions changed: a workspace file, the tools or the settings are not what they were.' })
    turn.onBegin.push((tx) => transcript.saveSystem(tx, turn.key, fresh.text, fresh.hash))
    return fresh.text
  }

  return buildView
}
