import type { ChannelHost } from '@moltbot/contract'

/** Where the stickers stand among the account's values, and how many are kept: of one chat, and of all. A value takes 64 KiB. */
const stateKey = 'stickers'
const perChatMax = 20
const allMax = 200
const fileIdLengthMax = 200
/** Families and flags are long. */
const emojiLengthMax = 32

/** Stickers people sent, by the chat they sent them into. A bot may send again what it saw, and this one only where it saw it. */
export interface Stickers {
  /** Resolves once it is durable. Rejects when it cannot be kept. */
  remember(chat: string, emoji: string, fileId: string): Promise<void>
  /** The latest one that stands for this emoji there. Undefined: nobody sent one. */
  find(chat: string, emoji: string): Promise<string | undefined>
  /** What was sent there, the latest first, each emoji once. */
  known(chat: string): Promise<string[]>
}

type Kept = [chat: string, emoji: string, fileId: string]

/** Signs that only choose how it looks make no other sticker of it. */
const bare = (emoji: string): string => emoji.replaceAll('\ufe0f', '').trim()

export function createStickers(state: ChannelHost['state']): Stickers {
  let reading: Promise<Kept[]> | undefined
  let writing: Promise<void> = Promise.resolve()

  /** The latest first. What cannot be read is asked for again the next time. */
  function all(): Promise<Kept[]> {
    reading ??= state.get(stateKey).then((text) => (text === undefined ? [] : (JSON.parse(text) as Kept[])))
    reading.catch(() => (reading = undefined))
    return reading
  }

  async function keep(chat: string, emoji: string, fileId: string): Promise<void> {
    const before = await all()
    if (before[0]?.join('\n') === [chat, emoji, fileId].join('\n')) return
    const others = before.filter((one) => one[0] !== chat || one[2] !== fileId)
    const ofChat = new Set(others.filter((one) => one[0] === chat).slice(perChatMax - 1))
    const kept: Kept[] = [[chat, emoji, fileId] as Kept, ...others.filter((one) => !ofChat.has(one))].slice(0, allMax)
    await state.set(stateKey, JSON.stringify(kept))
    reading = Promise.resolve(kept)
  }

  return {
    remember(chat, emoji, fileId) {
      const sign = bare(emoji)
      if (sign === '' || sign.length > emojiLengthMax || fileId.length > fileIdLengthMax) return Promise.resolve()
      const mine = writing.then(() => keep(chat, sign, fileId))
      writing = mine.catch(() => undefined)
      return mine
    },
    async find(chat, emoji) {
      await writing
      return (await all()).find((one) => one[0] === chat && one[1] === bare(emoji))?.[2]
    },
    async known(chat) {
      await writing
      return [...new Set((await all()).flatMap((one) => (one[0] === chat ? [one[1]] : [])))]
    },
  }
}
