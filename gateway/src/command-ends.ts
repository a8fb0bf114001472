/** What the ends of background commands need of the other rooms: the conversation they belong to, and a message to it that no network brought. */
import { onlyLooks, type AgentId, type Clock, type IncomingMessage, type NewId, type PlatformMessageId, type PrincipalId, type Receipt, type SessionKey, type Store } from '@moltbot/contract'
import type { Config } from './foundation/config/index.ts'
import type { InboxRoom } from './journey/inbox/index.ts'
import { endOf, endWords, execSection, type BackgroundNeeds, type EndedCommand, type FileLabels } from './journey/sandbox/index.ts'
import { agentOfKey, type SessionsRoom } from './journey/sessions/index.ts'

const wakeId = (command: string): PlatformMessageId => `wake-${command}` as PlatformMessageId

export function commandEnds({ store, clock, newId, config, inbox, sessions, labels, workspaceOf, receive, mask }: {
  store: Store
  clock: Clock
  newId: NewId
  config: Config
  inbox: Pick<InboxRoom, 'ofTurn'>
  sessions: Pick<SessionsRoom, 'running' | 'feed' | 'inject'>
  labels: Pick<FileLabels, 'any'>
  workspaceOf(agent: AgentId, principal: PrincipalId, session: SessionKey): string
  /** The route of a message. */
  receive(message: IncomingMessage): Promise<Receipt>
  mask(text: string): string
}): BackgroundNeeds {
  const note = async (ended: EndedCommand): Promise<void> => void (await sessions.inject(ended.session, endWords(ended, newId('cb')), undefined, ended.origin))
  return {
    note,
    mask,
    quiet: () => !config.get(execSection).notifyOnExit,
    isStrange: ({ session, principal }) => labels.any(workspaceOf(agentOfKey(session), principal, session)),
    async idle(session) {
      if (sessions.running(session).length === 0) return
      await new Promise<void>((resolve) => {
        const stop = sessions.feed.subscribe((item) => {
          if (item.kind !== 'turn-settled' || item.turn.key !== session) return
          stop()
          resolve()
        })
      })
    },
    async wokenBy(turn) {
      const [first] = await inbox.ofTurn(store.read, turn)
      return first?.message.follows === undefined ? undefined : first.message.id.slice(wakeId('').length)
    },
    async wake(ended) {
      const [first] = await inbox.ofTurn(store.read, ended.turn)
      if (first === undefined) return note(ended)
      const { message, chat } = first
      const outcome = ended.state === null ? 'unknown' : ended.state.kind === 'exited' && (ended.state.code === 0 || onlyLooks(ended.command)) ? 'done' : 'failed'
      const receipt = await receive({
        // To the place and for the person of the message that began it; judged anew, like every message.
        id: wakeId(ended.id), chat, sender: message.sender, session: ended.session, sentAt: clock.now(), text: endWords(ended, newId('cb')), attachments: [], mentioned: 'yes', wishes: { commands: false },
        follows: { id: message.follows?.id ?? message.id, effect: { kind: 'runs-code', what: ended.command }, outcome, why: endOf(ended) }, ...(ended.origin === undefined ? {} : { origin: ended.origin }), ...(message.job === undefined ? {} : { job: message.job }),
      })
      if (receipt.kind === 'refused') await note(ended)
    },
  }
}
