import type { Channel, Connection } from '../channel.ts'
import type { PlatformMessageId, SenderId } from '../ids.ts'
import type { SeenMessage, Words } from './channel-network.ts'
import { testChannel } from './test-channel.ts'

let lastRequest = 0

/** The suite for a way in of our own: its network is a client that submits again until its words were taken. */
export function testOwnDoor(channel: Channel): void {
  testChannel({
    channel,
    async start() {
      let door: Connection['door']
      const delivered = new Set<string>()
      const sent: SeenMessage[] = []
      const buttons = new Map<PlatformMessageId, readonly { label: string; says: string }[]>()
      const watchers = new Set<() => void>()
      let arrival = Promise.resolve()
      let openDoor = (): void => {}
      let waitForDoor = new Promise<void>((resolve) => (openDoor = resolve))
      let stopped = false
      const changed = (): void => {
        for (const watcher of watchers) watcher()
      }

      async function submit(said: Words, id: PlatformMessageId): Promise<void> {
        while (!stopped) {
          if (door === undefined) {
            await waitForDoor
            continue
          }
          const used = door
          try {
            await used.submit({ id, chat: `agent:main:${said.from}` as never, sender: { id: said.from as never as SenderId }, sentAt: Date.now(), text: said.text, attachments: [], mentioned: 'yes' })
            delivered.add(id)
            return changed()
          } catch (error) {
            if (door === used && (error as { code?: string }).code === 'way-in-closed') {
              door = undefined
              waitForDoor = new Promise((resolve) => (openDoor = resolve))
            }
          }
        }
      }

      return {
        config: {},
        connected(connection) {
          door = connection.door
          door?.onSend((_, message, id) => {
            const seen: SeenMessage = { id, text: message.markdown, removed: false, ...(message.buttons === undefined ? {} : { buttons: message.buttons.map(({ label }) => label) }) }
            sent.push(seen)
            buttons.set(id, message.buttons ?? [])
            const { file } = message
            // What was accepted can be fetched at once.
            void file?.bytes().then((bytes) => (seen.file = { bytes, name: file.fileName, mimeType: file.mimeType, as: file.kind }), () => undefined).finally(changed)
            changed()
          })
          openDoor()
        },
        async say(said) {
          const id = `said-${++lastRequest}` as PlatformMessageId
          const mine = arrival.then(() => submit(said, id))
          arrival = mine
          await mine
          return { id }
        },
        async tap(from, id, label) {
          const says = buttons.get(id)?.find((button) => button.label === label)?.says
          if (says !== undefined) await submit({ from, text: says }, `said-${++lastRequest}` as PlatformMessageId)
        },
        acknowledged: (id) => delivered.has(id),
        until: (condition, what) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 60_000)
            const look = (): void => {
              if (!condition()) return
              clearTimeout(timer)
              watchers.delete(look)
              resolve()
            }
            watchers.add(look)
            look()
          }),
        sent: () => sent,
        async stop() {
          stopped = true
          openDoor()
        },
        faults: {},
      }
    },
  })
}
