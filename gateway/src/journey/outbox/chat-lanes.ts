import { describeError, type ChatRef, type Logger } from '@moltbot/contract'

/** One place messages go to; parts for the same place never overlap and keep their order. */
export function placeKey(chat: ChatRef): string {
  return JSON.stringify([chat.channel, chat.account, chat.chat])
}

/** Tasks, one after the other per place. */
export interface ChatLanes {
  push(place: string, task: () => Promise<void>): void
  empty(place: string): boolean
  /** Resolves once no place has a task. */
  idle(): Promise<void>
}

/** A task that fails is logged and the next one runs. */
export function createChatLanes(log: Logger): ChatLanes {
  const lanes = new Map<string, (() => Promise<void>)[]>()
  const idlers: (() => void)[] = []

  async function run(place: string, queue: (() => Promise<void>)[]): Promise<void> {
    for (let task = queue[0]; task !== undefined; task = queue[0]) {
      try {
        await task()
      } catch (error) {
        log.error('A delivery task failed.', { error: describeError(error) })
      }
      queue.shift()
    }
    lanes.delete(place)
    if (lanes.size === 0) idlers.splice(0).forEach((resolve) => resolve())
  }

  return {
    push(place, task) {
      const queue = lanes.get(place)
      if (queue !== undefined) {
        queue.push(task)
        return
      }
      const fresh = [task]
      lanes.set(place, fresh)
      void run(place, fresh)
    },
    empty: (place) => !lanes.has(place),
    idle: () => (lanes.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  }
}
