import { SendProblem, describeError, type OutgoingButton } from '@moltbot/contract'
import { placeKey } from './chat-lanes.ts'
import type { OutboxDesk } from './desk.ts'

/** So long a place may be out of reach before the buttons of a question that is over are left there. */
const buttonsPatienceMs = 60_000

/** Takes away the buttons of questions that are over. What can't be reached for a minute keeps them until this is asked again: tapped, they say what they say. */
export async function endButtons(desk: OutboxDesk, isOver: (buttons: readonly OutgoingButton[]) => boolean): Promise<void> {
  const { store, log, connections, deliveries, lanes, patience } = desk
  const over = (await deliveries.withButtons()).filter(({ buttons }) => buttons !== undefined && isOver(buttons))
  for (const { id, chat } of over) {
    lanes.push(placeKey(chat), async () => {
      if (connections.of(chat) === undefined) await patience.whenUp(chat, buttonsPatienceMs)
      const row = await deliveries.get(store.read, id)
      const connection = connections.of(chat)
      const { edit } = connection ?? {}
      const stands = row?.platformId
      if (row?.buttons === undefined || connection === undefined || patience.over()) return
      try {
        if (edit !== undefined && connection.limits.buttons !== undefined && stands != null) await patience.withDeadline((signal) => edit.call(connection, chat, stands, { key: row.key, markdown: row.markdown }, signal))
      } catch (error) {
        log.debug('The buttons of a question stay.', { delivery: id, error: describeError(error) })
        if (!(error instanceof SendProblem && error.outcome === 'never')) return
      }
      await store.transaction((tx) => deliveries.endButtons(tx, id))
    })
  }
}
