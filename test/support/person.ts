import type { Clock } from '@moltbot/contract'
import type { InboxRow } from '../../gateway/src/journey/inbox/index.ts'
import type { SeenRequest } from '../fakes/model-servers/index.ts'
import type { FakeUser, Injected, SayOptions, SentMessage } from '../fakes/telegram-server/index.ts'
import type { TestGateway } from './test-gateway.ts'

/** Someone with Telegram on their phone. */
export interface Person {
  user: FakeUser
  /** Writes and does not wait. */
  write(text: string, options?: SayOptions): Injected
  /** Writes and resolves once the gateway has told Telegram that it has the message. */
  hand(text: string, options?: SayOptions): Promise<Injected>
  /** Writes, waits until every message and delivery has its end, and resolves with what the bot said in that chat meanwhile. */
  ask(text: string, options?: SayOptions): Promise<SentMessage[]>
  /** `ask`, as plain text: several messages are joined by an empty line. */
  chat(text: string, options?: SayOptions): Promise<string>
}

/** A configuration in which Telegram's 1001 is the owner from the start. */
export const ownedBy1001 = { commands: { ownerAllowFrom: ['telegram:1001'] } }

export function personAt(at: TestGateway, id: number, facts: { name?: string; username?: string; isBot?: boolean } = {}): Person {
  const user = at.telegram.user(id, facts)
  const person: Person = {
    user,
    write: (text, options) => at.telegram.say(user, text, options),
    async hand(text, options) {
      const injected = person.write(text, options)
      await at.telegram.until(() => at.telegram.isConfirmed(injected.updateId), `"${text.slice(0, 60)}" to be accepted`, 60_000)
      return injected
    },
    async ask(text, options) {
      const before = at.telegram.sent.length
      const injected = await person.hand(text, options)
      await at.quiet()
      return at.telegram.sent.slice(before).filter((message) => message.chatId === injected.chatId)
    },
    chat: async (text, options) => (await person.ask(text, options)).map((message) => message.text).join('\n\n'),
  }
  return person
}

/** What the inbox holds of a message, by Telegram's number. Numbers repeat between chats: the newest counts. */
export async function rowOf(at: TestGateway, message: { messageId: number }): Promise<InboxRow | undefined> {
  return at.gateway.journey.inbox.byPlatformId(String(message.messageId))
}

/** Resolves when the gateway has hung up on a model call. */
export function hungUp(request: SeenRequest | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (request === undefined) return reject(new Error('there was no such request'))
    if (request.hungUp.aborted) return resolve()
    request.hungUp.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Something a script waits for until the test says so. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => { open = resolve })
  return { opened, open: () => open() }
}

/** The real clock, which a test may set forward. Timers run in real time. */
export function adjustableClock(): Clock & { advance(ms: number): void } {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    after(delayMs, task) {
      const timer = setTimeout(task, Math.min(Math.max(0, delayMs), 2_147_483_647))
      timer.unref()
      return () => clearTimeout(timer)
    },
    advance: (ms) => { offset += ms },
  }
}
