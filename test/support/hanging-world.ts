import { FakeClock } from '../../contract/src/testing/index.ts'
import { ownedBy1001, personAt, type Person } from './person.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts'

/** The most a conversation may stay blocked after the deadline of what hangs in it, on the gateway's own clock. */
export const freeAfterMs = 30_000

/** A gateway whose time moves only when told, so that what hangs is over in an instant and never too early. */
export interface HangingWorld {
  at: TestGateway
  olga: Person
  clock: FakeClock
  /** Lets the gateway's time run for so long, with a moment for the real sockets after each second. Ends early once `holds`. */
  pass(ms: number, holds?: () => boolean): Promise<void>
  /** Waits for what the gateway does without its clock; rejects after 15 s with what was waited for. */
  until(holds: () => boolean, what: string): Promise<void>
  /** What the bot wrote to Olga so far. */
  heard(): string[]
}

export async function startHangingWorld(options: TestGatewayOptions = {}): Promise<HangingWorld> {
  const clock = new FakeClock(Date.now())
  const at = await startTestGateway({ ...options, clock, config: { ...ownedBy1001, ...(typeof options.config === 'function' ? {} : options.config) } })
  return {
    at, clock, olga: personAt(at, 1001),
    async pass(ms, holds = () => false) {
      for (let left = ms; left > 0 && !holds(); left -= 1_000) {
        await clock.advance(Math.min(1_000, left))
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    },
    async until(holds, what) {
      for (const giveUpAt = Date.now() + 60_000; !holds(); ) {
        if (Date.now() > giveUpAt) throw new Error(`waited for ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    heard: () => at.telegram.sent.filter((message) => message.chatId === 1001 && !message.deleted).map((message) => message.text),
  }
}
