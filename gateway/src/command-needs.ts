/** What commands in chats need of the other rooms. */
import { Problem, type Clock, type Tool } from '@moltbot/contract'
import type { Models } from './foundation/models/index.ts'
import type { CommandNeeds } from './journey/commands/index.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import type { InboxRoom } from './journey/inbox/index.ts'
import { agentOfKey, type SessionsRoom } from './journey/sessions/index.ts'
import type { Toolbox } from './toolbox.ts'
import type { VoiceDesk } from './voice-answers.ts'

export function commandNeeds({ shelf, inbox, sessions, stopSession, models, guard, toolbox, toolsHeld, voice, clock, ...given }: Pick<CommandNeeds, 'status' | 'halt' | 'why' | 'money'> & {
  clock: Clock
  shelf: readonly Tool[]
  inbox: Pick<InboxRoom, 'before'>
  sessions: Pick<SessionsRoom, 'get' | 'patch' | 'reset' | 'waitingCount' | 'callsAtStop' | 'compact' | 'queueMode'>
  stopSession: SessionsRoom['abort']
  models: Pick<Models, 'door'>
  guard: Pick<GuardRoom, 'pending' | 'approve' | 'reject' | 'approvals' | 'approval' | 'decide'>
  toolbox: Pick<Toolbox, 'list'>
  /** Why no tool runs at the moment; undefined: they run. */
  toolsHeld(): string | undefined
  voice: VoiceDesk
}): CommandNeeds {
  return {
    ...given,
    session: sessions.get, patch: sessions.patch, compact: sessions.compact, queueMode: sessions.queueMode, models: models.door,
    reset: (key, principal) => sessions.reset(key, principal.id),
    async stop(key) {
      const waiting = sessions.waitingCount(key)
      const at = clock.now()
      const turns = await stopSession(key, { reason: 'stop' })
      const calls = (await Promise.all(turns.map((turn) => sessions.callsAtStop(turn, key, at)))).flat()
      return { turns: turns.length, waiting, calls: calls.map(({ name, input, state }) => ({ state, what: wordsOfCall(shelf, name, input) })) }
    },
    pairing: { pending: () => guard.pending(), approve: guard.approve, reject: guard.reject },
    approvals: { open: () => guard.approvals({ open: true }), find: guard.approval, decide: guard.decide },
    tools: async (key, { chat, sender }, { id }) => ({ held: toolsHeld() ?? null, ...(await toolbox.list({ agent: agentOfKey(key), as: id, where: { session: key, chat, senders: [sender.id] } })) }),
    voice: {
      facts: voice.facts,
      async say(text, { message, inbox: id, principal, key }) {
        const { state, error } = await voice.say(text, { chat: message.chat, principal, agent: agentOfKey(key), session: key, key: `tts/${id}` }, new AbortController().signal)
        if (state !== 'sent') throw new Problem('send-failed', error ?? 'It could not be sent.')
      },
    },
    lastMessage: (message) => inbox.before(message),
  }
}

/** A call in a line, as its tool says it. */
function wordsOfCall(shelf: readonly Tool[], name: string, input: Record<string, unknown>): string {
  const tool = shelf.find((each) => each.name === name || each.aliases?.includes(name) === true)
  try {
    return tool === undefined ? name : `${name}: ${tool.summarize(input as never)}`
  } catch {
    // The model's input fits no schema, so that its tool has no words for it.
    return name
  }
}
