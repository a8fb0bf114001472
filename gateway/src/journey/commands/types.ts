import type { ChatRef, IncomingMessage, Principal, SessionKey, StatusFacts } from '@moltbot/contract'
import type { Approval, ApprovalsDoor, PairedSender, PairingRequest, Approver } from '../guard/types.ts'
import type { CallAtStop, QueueMode, SessionRow, SessionSettings } from '../sessions/types.ts'

/** What a command may ask of other rooms; handed in by `main.ts`. */
export interface CommandNeeds {
  status(key: SessionKey, principal: Principal): Promise<StatusFacts>
  session(key: SessionKey): Promise<SessionRow | undefined>
  patch(key: SessionKey, changes: { [K in keyof SessionSettings]?: SessionSettings[K] | null }): Promise<SessionRow>
  reset(key: SessionKey, principal: Principal): Promise<SessionRow>
  /** How many turns were stopped, how many waiting messages were let go, and what became of the calls of those turns; `what` is a line about each. */
  stop(key: SessionKey): Promise<{ turns: number; waiting: number; calls: readonly (Pick<CallAtStop, 'state'> & { what: string })[] }>
  /** Holding everything, and going on. Each throws a `Problem` for what the person can mend. */
  halt: {
    pause(by: { principal: Principal['id']; via: 'chat' }): Promise<unknown>
    panic(by: { principal: Principal['id']; via: 'chat' }): Promise<{ incident: string; turns: number; commands: number; waiting: number; browsers: number; devices: number; grants: number; approvals: number; faults: readonly string[] }>
    resume(by: { principal: Principal['id']; via: 'chat' }, how: { code?: string; forget: boolean }): Promise<{ was: 'running' | 'paused' | 'panic'; forgotten: number }>
  }
  compact(key: SessionKey, focus: string | undefined): Promise<{ compacted: boolean; reason?: string }>
  queueMode(chat: ChatRef, settings: SessionSettings): QueueMode
  models: { list(): Promise<{ provider: string; id: string; available: boolean }[]>; current(): { primary: string; why: string }; resolve(name: string): string | undefined }
  pairing: {
    pending(): Promise<PairingRequest[]>
    approve(channel: PairingRequest['channel'], code: string, by: Approver): Promise<PairedSender>
    reject(channel: PairingRequest['channel'], code: string, by: Approver): Promise<boolean>
  }
  approvals: { open(): Promise<Approval[]>; find: ApprovalsDoor['approval']; decide: ApprovalsDoor['decide'] }
  why(id: string): Promise<{ lines: string[] } | undefined>
  /** What this person may know of what was spent, in US dollars: the owner everything, others their own. */
  money(principal: Principal): Promise<{ todayUsd: number; monthUsd: number; caps: { name: string; spentUsd: number; capUsd: number; leftUsd: number }[] }>
  /** What the assistant has in this conversation in this person's hands, and of each other tool the layer that took it away. `held`: why none of them runs at the moment. */
  tools(key: SessionKey, message: IncomingMessage, principal: Principal): Promise<{ agentId: string; held: string | null; tools: { name: string; description: string; removedBy: string | null }[] }>
  /** Answers as voice notes. */
  voice: {
    facts(settings: SessionSettings, chat: ChatRef): Promise<{ auto: string; limit: number; summary: boolean; voices: { id: string; detail: string; why: string | null }[]; weaker: string | undefined; guests: boolean }>
    /** Says it in the chat. Rejects with a `Problem`. */
    say(text: string, to: { message: IncomingMessage; inbox: string; principal: Principal; key: SessionKey }): Promise<void>
  }
  /** The message before this one in the same chat. */
  lastMessage(message: IncomingMessage): Promise<string | undefined>
}

export interface CommandContext {
  args: string
  message: IncomingMessage
  inbox: string
  principal: Principal
  key: SessionKey
  needs: CommandNeeds
  all: readonly ChatCommand[]
}

/** One in-chat command. Runs before the queue and without the model. */
export interface ChatCommand {
  name: string
  aliases: readonly string[]
  description: string
  /** Shown in help: `<level>`, `[text]`. '' when it takes none. */
  args: string
  ownerOnly: boolean
  /** True: it is answered even when everything was stopped by a panic. */
  whenHeld?: true
  /** The reply in Markdown. A throw is told to the person in words. `pass`: these words go on to the assistant as a message. */
  run(context: CommandContext): Promise<string | { reply: string; pass: string }>
}
