import { createHash } from 'node:crypto'
import {
  Problem, SendProblem, type AgentId, type ChatRef, type Clock, type Connection, type DeliveryKey, type Messages, type OutgoingFile, type PlatformMessageId, type PrincipalId, type Recipient, type SentMessage, type SessionKey, type TurnId,
} from '@moltbot/contract'

/** Where a turn belongs. Its destination was fixed when its first message was accepted. */
export interface Conversation {
  chat: ChatRef
  turn: TurnId
  /** The message it began with. Null: nobody wrote. */
  replyTo: PlatformMessageId | null
}

export interface MessagingSubject { agent: AgentId; principal: PrincipalId; session: SessionKey; conversation?: Conversation }

/** A place words may go to, with the names people gave it themselves. */
export interface Place { chat: ChatRef; names: readonly string[] }

/** One written message, as the outbox keeps it. */
export interface Written { id: string; principal: PrincipalId; chat: ChatRef; key: DeliveryKey; platformId: PlatformMessageId | null; state: string; error: string | null; file?: object }

export interface MessagingSource {
  /** Chats this person may write to, each once. */
  places(principal: PrincipalId): Promise<Place[]>
  /** Writes first, then sends; resolves when it is certain what became of it. The same key is one message. */
  send(request: { chat: ChatRef; markdown: string; principal: PrincipalId; key: string; replyTo?: PlatformMessageId; file?: { fileName: string; bytes: Uint8Array } }): Promise<Written>
  /** What was written under this key. */
  sent(principal: PrincipalId, key: string): Promise<Written | undefined>
  /** Messages with this id. */
  find(id: string): Promise<Written[]>
  connection(chat: ChatRef): Connection | undefined
  /** Says words in a chat as a voice note. The same key is one note. */
  speak(text: string, to: { chat: ChatRef; principal: PrincipalId; agent: AgentId; session: SessionKey; turn: TurnId; key: string }, signal: AbortSignal): Promise<Written>
  /** A file without what it says about where it was made. Undefined: it is no well-formed one. */
  bare(mimeType: string, bytes: Uint8Array): Uint8Array | undefined
  clock: Clock
}

/** How long a tool waits for the network to confirm; then the message is told as waiting. */
const sendPatienceMs = 20_000
/** The same with the time in which it is spoken. */
const speakPatienceMs = 50_000
const actDeadlineMs = 30_000
/** A file that is sent is held in memory; none of the networks takes more from an assistant. */
const fileBytesMax = 100 * 1024 * 1024

/** No network takes larger ones. */
const stickerBytesMax = 1024 * 1024

/** `telegram:2002`, `telegram/work:-100#7`. */
export function idOfPlace(chat: ChatRef): string {
  return `${chat.channel}${chat.account === 'default' ? '' : `/${chat.account}`}:${chat.chat}${chat.thread === undefined ? '' : `#${chat.thread}`}`
}

/** The grant `messages` of one subject: everything goes to a place that is known already, and what is sent is written down first. */
export function messagingGrants<Subject extends MessagingSubject>(source: MessagingSource, readFile: (subject: Subject, pathOrUrl: string, bytesMax: number, signal: AbortSignal) => Promise<{ fileName: string; bytes: Uint8Array }>): (subject: Subject) => Messages {
  async function recipients(subject: MessagingSubject): Promise<(Recipient & { chat: ChatRef })[]> {
    return (await source.places(subject.principal)).map(({ chat, names }) => ({ id: idOfPlace(chat), names: [...names], chat }))
  }

  /** An id counts before a name; a name must mean exactly one place. */
  async function placeOf(subject: MessagingSubject, to: string | undefined): Promise<{ chat: ChatRef; id: string; own: boolean }> {
    const own = subject.conversation?.chat
    if (to === undefined || to.trim() === '') {
      if (own === undefined) throw new Problem('recipient-unknown', 'This turn belongs to no chat.', { next: 'Say to whom.' })
      return { chat: own, id: idOfPlace(own), own: true }
    }
    const wanted = to.trim()
    const all = await recipients(subject)
    const byId = all.find(({ id }) => id === wanted)
    const named = byId === undefined ? all.filter(({ names }) => names.some((name) => name.toLowerCase() === wanted.toLowerCase())) : [byId]
    const [only, other] = named
    if (only === undefined) throw new Problem('recipient-unknown', `Nobody here is known as "${wanted.slice(0, 100)}".`, { next: 'Only chats that wrote before can be written to: list them.' })
    if (other !== undefined) throw new Problem('recipient-unclear', `"${wanted.slice(0, 100)}" is the name of ${named.length}: ${named.map(({ id }) => id).slice(0, 10).join(', ')}.`, { next: 'Use one of the ids.' })
    return { chat: only.chat, id: only.id, own: own !== undefined && idOfPlace(own) === only.id }
  }

  /** A message of ours in this place that stands on the network. */
  async function standing(subject: MessagingSubject, id: string, to: string | undefined): Promise<{ written: Written; platformId: PlatformMessageId; connection: Connection }> {
    const place = await placeOf(subject, to)
    const written = (await source.find(id)).find((each) => each.id === id && each.principal === subject.principal && idOfPlace(each.chat) === place.id)
    if (written === undefined) throw new Problem('message-unknown', `There is no message ${id.slice(0, 60)} of ours in ${place.own ? 'this conversation' : place.id}.`, { next: 'Use an id that sending gave, and say where it was sent to.' })
    if (written.platformId === null) throw new Problem('message-unsent', 'That message is not on the network yet.', { next: 'Try again once it is sent.' })
    return { written, platformId: written.platformId, connection: connectionOf(written.chat) }
  }

  /** The message the turn began with, or one of ours by its id. */
  async function meant(subject: MessagingSubject, id: string | undefined, to: string | undefined): Promise<{ chat: ChatRef; platformId: PlatformMessageId; connection: Connection }> {
    if (id !== undefined) {
      const { written, platformId, connection } = await standing(subject, id, to)
      return { chat: written.chat, platformId, connection }
    }
    const place = await placeOf(subject, to)
    const platformId = place.own ? subject.conversation?.replyTo : undefined
    if (platformId === undefined || platformId === null) throw new Problem('message-unknown', 'Which message is meant was not said.', { next: 'Give its id.' })
    return { chat: place.chat, platformId, connection: connectionOf(place.chat) }
  }

  async function hold(how: 'pin' | 'unpin', subject: MessagingSubject, id: string | undefined, to: string | undefined, signal: AbortSignal): Promise<void> {
    const { chat, platformId, connection } = await meant(subject, id, to)
    const work = connection[how]
    if (work === undefined) throw cannot(chat, 'pins')
    await act(signal, (within) => work.call(connection, chat, platformId, within))
  }

  function connectionOf(chat: ChatRef): Connection {
    const connection = source.connection(chat)
    if (connection === undefined) throw new Problem('channel-down', `${chat.channel} cannot be reached just now.`, { next: 'Try again in a moment.' })
    return connection
  }

  /** One act on the network, with a deadline of its own. */
  async function act<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const stop = (): void => controller.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    const cancel = source.clock.after(actDeadlineMs, () => controller.abort('timeout'))
    try {
      return await run(controller.signal)
    } catch (error) {
      if (!(error instanceof SendProblem)) throw error
      throw error.outcome === 'unknown' ? new Problem('message-uncertain', `It is not known whether this was done: ${error.message}`, { cause: error }) : new Problem('message-refused', error.message, { cause: error })
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
    }
  }

  const cannot = (chat: ChatRef, what: string): Problem => new Problem('message-cannot', `${chat.channel} has no ${what}.`, { next: 'Write a message instead.' })

  async function send(subject: MessagingSubject, place: { chat: ChatRef; id: string }, words: { text: string; replyTo?: PlatformMessageId; file?: { fileName: string; bytes: Uint8Array } }): Promise<SentMessage> {
    const key = createHash('sha256').update(JSON.stringify([subject.conversation?.turn ?? '', place.id, words.text, words.replyTo ?? '', ...(words.file === undefined ? [] : [words.file.fileName, createHash('sha256').update(words.file.bytes).digest('hex')])])).digest('hex').slice(0, 40)
    return confirmed(subject, place.id, key, words.file !== undefined, sendPatienceMs, () => source.send({
      chat: place.chat, markdown: words.text, principal: subject.principal, key, ...(words.replyTo === undefined ? {} : { replyTo: words.replyTo }), ...(words.file === undefined ? {} : { file: words.file }),
    }))
  }

  /** A picture as a network takes it for a sticker. */
  async function stickerFile(subject: Subject, file: string, signal: AbortSignal): Promise<OutgoingFile> {
    const read = Buffer.from((await readFile(subject, file, stickerBytesMax, signal)).bytes)
    const isWebp = read.toString('latin1', 0, 4) === 'RIFF' && read.toString('latin1', 8, 12) === 'WEBP'
    const bytes = isWebp ? source.bare('image/webp', read) : undefined
    if (bytes === undefined) throw new Problem('message-cannot', 'A sticker is a WebP picture.', { next: 'Send the file as it is, without making a sticker of it.' })
    return { kind: 'image', fileName: 'sticker.webp', mimeType: 'image/webp', sizeBytes: bytes.length, bytes: async () => bytes }
  }

  /** Begins a send and waits until it is certain what became of it, or for as long as a tool may. */
  async function confirmed(subject: MessagingSubject, to: string, key: string, withFile: boolean, patienceMs: number, begin: () => Promise<Written>): Promise<SentMessage> {
    const again = (await source.sent(subject.principal, key)) !== undefined
    const work = begin()
    let cancel = (): void => undefined
    const waited = new Promise<'waiting'>((resolve) => { cancel = source.clock.after(patienceMs, () => resolve('waiting')) })
    try {
      const done = await Promise.race([work, waited])
      if (done === 'waiting') {
        work.catch(() => 'the outbox keeps it and tells its end itself')
        const written = await source.sent(subject.principal, key)
        return { id: written?.id ?? key, to, state: 'waiting', again }
      }
      if (done.state === 'ambiguous') throw new Problem('send-uncertain', done.error ?? 'It is not known whether the message arrived.', { next: 'It may have arrived: ask before you send it again.' })
      if (done.state !== 'sent') throw new Problem('send-failed', done.error ?? 'The message could not be sent.')
      return { id: done.id, to, state: 'sent', again, ...(withFile && done.file === undefined ? { fileLeftOut: true } : {}) }
    } finally {
      cancel()
    }
  }

  return (subject) => ({
    recipients: async () => (await recipients(subject)).map(({ id, names }) => ({ id, names })),
    async send({ to, text, reply, file }, signal) {
      const place = await placeOf(subject, to)
      if (text.trim() === '' && file === undefined) throw new Problem('message-empty', 'There is nothing to send.')
      if (reply && !place.own) throw new Problem('message-cannot', 'Only in its own conversation a turn answers to a message.', { next: 'Send it without reply.' })
      const given = file === undefined ? {} : { file: await readFile(subject, file, fileBytesMax, signal) }
      return send(subject, place, { text, ...given, ...(reply && subject.conversation !== undefined && subject.conversation.replyTo !== null ? { replyTo: subject.conversation.replyTo } : {}) })
    },
    async speak(text, signal) {
      const { conversation } = subject
      if (conversation === undefined) throw new Problem('recipient-unknown', 'This turn belongs to no chat.')
      const { chat, turn } = conversation
      const key = createHash('sha256').update(JSON.stringify([turn, 'spoken', text])).digest('hex').slice(0, 40)
      const place = idOfPlace(chat)
      return confirmed(subject, place, key, true, speakPatienceMs, () => source.speak(text, { chat, principal: subject.principal, agent: subject.agent, session: subject.session, turn, key }, signal))
    },
    async edit(id, to, text, signal) {
      const { written, platformId, connection } = await standing(subject, id, to)
      const { edit } = connection
      if (edit === undefined) throw cannot(written.chat, 'way to change a message')
      await act(signal, (within) => edit.call(connection, written.chat, platformId, { key: written.key, markdown: text }, within))
    },
    async remove(id, to, signal) {
      const { written, platformId, connection } = await standing(subject, id, to)
      const { remove } = connection
      if (remove === undefined) throw cannot(written.chat, 'way to take a message back')
      await act(signal, (within) => remove.call(connection, written.chat, platformId, within))
    },
    async react(id, to, emoji, signal) {
      const { chat, platformId, connection } = await meant(subject, id, to)
      const { react } = connection
      if (react === undefined) throw cannot(chat, 'reactions')
      await act(signal, (within) => react.call(connection, chat, platformId, emoji, within))
    },
    pin: (id, to, signal) => hold('pin', subject, id, to, signal),
    unpin: (id, to, signal) => hold('unpin', subject, id, to, signal),
    async poll({ to, question, options }, signal) {
      const place = await placeOf(subject, to)
      const connection = connectionOf(place.chat)
      const { poll } = connection
      if (poll === undefined) throw cannot(place.chat, 'polls')
      const key = createHash('sha256').update(JSON.stringify([subject.conversation?.turn ?? '', place.id, question, options])).digest('hex').slice(0, 32) as DeliveryKey
      const id = await act(signal, (within) => poll.call(connection, place.chat, { key, question, options: [...options] }, within))
      return { id, to: place.id, state: 'sent', again: false }
    },
    async sticker({ to, name, file }, signal) {
      const place = await placeOf(subject, to)
      const connection = connectionOf(place.chat)
      const { sticker } = connection
      if (sticker === undefined) throw cannot(place.chat, 'stickers')
      const given = file === undefined ? undefined : await stickerFile(subject, file, signal)
      const key = createHash('sha256').update(JSON.stringify([subject.conversation?.turn ?? '', place.id, 'sticker', name ?? '', file ?? ''])).digest('hex').slice(0, 32) as DeliveryKey
      const id = await act(signal, (within) => sticker.call(connection, place.chat, { key, ...(given === undefined ? { name: name ?? '' } : { file: given }) }, within))
      return { id, to: place.id, state: 'sent', again: false }
    },
  })
}
