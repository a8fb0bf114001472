import { AsyncLocalStorage } from 'node:async_hooks'
import type { BinaryNode, WAMessage, WASocket, proto } from 'baileys'
import { Problem, describeError, createInsistence, type ChannelHost, type ChatId, type ChatRef, type IncomingMessage } from '@moltbot/contract'
import { isGroup, isHidden, personAddress, whatsappId } from './addresses.ts'
import { understand, type SealedFile, type Understood, type Whence } from './incoming.ts'
import type { Library } from './library.ts'
import type { FileFetcher } from './media.ts'

/** More than this is not kept waiting in memory: WhatsApp has it, and brings it again. */
const waitingMax = 1_000
/** Messages remembered, to know a repetition without its keys, to quote, and to say what was read. */
const rememberedMax = 200
const unreadMax = 50
/**
 * So long in all the later messages of a chat wait, within `patienceAnewMs`, for those that could not be opened and that their telephones were asked for
 * again: one that can be reached answers in a fraction of it, and nobody holds a group up by sending what nobody can open.
 */
const askedPatienceMs = 5_000
const patienceAnewMs = 10 * 60_000

export interface HandOver {
  /** One message as it came; `pass` acknowledges it and does what else is due. */
  take(node: BinaryNode, socket: WASocket, pass: (node: BinaryNode) => Promise<void>): void
  /** One message the library read by other ways: after a request to send it again, or by the telephone's help. */
  takeLate(message: WAMessage, socket: WASocket): void
  /** A message somebody wrote in this chat, to quote it. Undefined: too long ago. */
  recall(chat: string, id: string): WAMessage | undefined
  /** Everything in this chat that nobody was told we read, once. */
  unread(chat: string): WAMessage['key'][]
  /** Waits for what is being handed over; what was not begun stays with WhatsApp. */
  close(): Promise<void>
}

export interface HandOverOptions {
  host: ChannelHost
  library: Library
  selfChat: boolean
  fetchFile: FileFetcher
  /** Whether a message is one of ours, sent from here. */
  isOurs(id: string): boolean
  /** Whether this line is still the one that counts. */
  isCurrent(socket: WASocket): boolean
  /** The line has to be opened anew, so that WhatsApp brings again what was let go. */
  renew(reason: string): void
}

/** Ends a look at a message without a trace: nothing of it is committed, and it can be opened again. */
class NotYet extends Error {
  readonly files: SealedFile[] | undefined
  /** `files`: they have to be fetched first. Absent: it cannot be opened. */
  constructor(files?: SealedFile[]) {
    super('not yet')
    this.files = files
  }
}

/** What could not be opened yet in one lane, by its ids, and what waits behind it. */
interface Asked { ids: Set<string>; over: Promise<void>; end(): void }

interface Remembered { understood: Understood; plain: BinaryNode }

/**
 * Hands messages to the gateway, in order within a chat. A message is opened, handed over and only then, in one commit with the step of
 * its keys, taken as read by us; the acknowledgement comes last. Whatever happens between, WhatsApp brings it again and it opens again.
 * What cannot be opened is asked for again, and comes late under its own id: what was written after it waits a moment for that.
 */
export function createHandOver({ host, library, selfChat, fetchFile, isOurs, isCurrent, renew }: HandOverOptions): HandOver {
  // The library finds its open transaction by the thread of calls: what the gateway begins because of a message must not be on that thread.
  const aside = AsyncLocalStorage.snapshot()
  const lanes = new Map<string, Promise<void>>()
  const asked = new Map<string, Asked>()
  const patience = new Map<string, { leftMs: number; until: number }>()
  const begun = new Set<Promise<unknown>>()
  const { insist, end } = createInsistence(host, 'whatsapp', () => new Problem('whatsapp-closing', 'The connection is being closed.'))
  const remembered = new Map<string, Remembered>()
  const written = new Map<string, WAMessage>()
  const unread = new Map<string, WAMessage['key'][]>()
  let sorting: Promise<void> = Promise.resolve()
  let waiting = 0
  let letGo = false
  let closed = false

  function keep<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key)
    map.set(key, value)
    const oldest = map.size > rememberedMax ? map.keys().next().value : undefined
    if (oldest !== undefined) map.delete(oldest)
  }

  /**
   * Runs a task after all earlier ones of its lane, or, where the lane waits for just this message, after those it waits for as well. Lanes are found one
   * after the other, so that order is kept. `task` resolves with whether the message was opened.
   */
  function enqueue(id: string, laneOf: () => Promise<string>, task: (lane: string) => Promise<boolean>): void {
    if (closed) return
    if (waiting >= waitingMax) {
      letGo = true
      return
    }
    waiting += 1
    async function run(lane: string, isAwaited: boolean): Promise<void> {
      for (let before = asked.get(lane); before !== undefined && !isAwaited; before = asked.get(lane)) await before.over
      if (closed) return
      const work = task(lane)
      begun.add(work)
      try {
        if (await work) arrived(lane, id)
      } catch (error) {
        if (!closed) host.log.warn('whatsapp: a message was left with WhatsApp', { error: describeError(error) })
      } finally {
        begun.delete(work)
      }
    }
    sorting = sorting.then(async () => {
      const lane = await laneOf().catch(() => '')
      const isAwaited = asked.get(lane)?.ids.has(id) === true
      const name = isAwaited ? `${lane} again` : lane
      const mine = (lanes.get(name) ?? Promise.resolve()).then(() => run(lane, isAwaited)).finally(() => {
        waiting -= 1
        if (lanes.get(name) === mine) lanes.delete(name)
        if (closed || !letGo || waiting > 0) return
        letGo = false
        renew('Too much came at once; WhatsApp is asked for the rest.')
      })
      lanes.set(name, mine)
    })
  }

  /** The lane waits from now on for this message, which could not be opened, as long as it has patience. */
  function awaitAgain(lane: string, id: string): void {
    if (closed) return
    const before = asked.get(lane)
    if (before !== undefined) return void before.ids.add(id)
    const since = host.clock.now()
    const known = patience.get(lane)
    const { leftMs, until } = known === undefined || known.until <= since ? { leftMs: askedPatienceMs, until: since + patienceAnewMs } : known
    if (leftMs <= 0) return
    let resolve = (): void => undefined
    const over = new Promise<void>((done) => (resolve = done))
    const cancel = host.clock.after(leftMs, () => asked.get(lane)?.end())
    asked.set(lane, { ids: new Set([id]), over, end() {
      cancel()
      asked.delete(lane)
      keep(patience, lane, { leftMs: leftMs - (host.clock.now() - since), until })
      resolve()
    } })
  }
  function arrived(lane: string, id: string): void {
    const waits = asked.get(lane)
    if (waits?.ids.delete(id) === true && waits.ids.size === 0) waits.end()
  }

  /** One person is one address: the number where it is known, else the hidden id. WhatsApp itself vouches for the pair. */
  async function personOf(address: string | null | undefined, other: string | null | undefined, socket: WASocket): Promise<string | undefined> {
    const person = personAddress(address)
    if (person === undefined || !isHidden(person)) return person
    const named = personAddress(other)
    if (named !== undefined && !isHidden(named)) return named
    return personAddress(await socket.signalRepository.lidMapping.getPNForLID(person)) ?? person
  }

  function selfOf(socket: WASocket): string[] {
    const { me } = socket.authState.creds
    return [personAddress(me?.id), personAddress(me?.lid)].filter((address) => address !== undefined)
  }

  /** Undefined: neither a direct chat nor a group, or nobody's. */
  async function whenceOf(key: WAMessage['key'], socket: WASocket): Promise<Whence | undefined> {
    const self = selfOf(socket)
    const group = isGroup(key.remoteJid)
    const broadcast = key.remoteJid?.endsWith('@broadcast') === true
    if (key.remoteJid === 'status@broadcast') return undefined
    const author = group || broadcast ? await personOf(key.participant, key.participantAlt, socket) : await personOf(key.remoteJid, key.remoteJidAlt, socket)
    if (author === undefined) return undefined
    const place = group ? key.remoteJid : author
    const chat: ChatRef = { channel: whatsappId, account: host.account, chat: place as ChatId, kind: group ? 'group' : 'direct' }
    // In a direct chat the address is the other’s, whoever of the two wrote.
    return { chat, person: key.fromMe === true ? (self[0] ?? author) : author, self }
  }

  async function read(message: WAMessage, socket: WASocket): Promise<Understood> {
    const { key } = message
    if (isOurs(key.id ?? '')) return { kind: 'nothing', reason: 'our own message' }
    const whence = await whenceOf(key, socket)
    if (whence === undefined) return { kind: 'nothing', reason: 'a message of no person' }
    if (key.fromMe === true && !(selfChat && whence.self.includes(whence.chat.chat))) return { kind: 'nothing', reason: 'written on another device of this number' }
    try {
      return understand(library, message, whence)
    } catch (error) {
      // A shape nobody knew must not stall everything behind it.
      return { kind: 'nothing', reason: `a message that could not be understood (${describeError(error)})` }
    }
  }

  async function deliver(understood: Understood): Promise<void> {
    if (understood.kind === 'nothing') host.log.debug(`whatsapp: ${understood.reason}`)
    else if (understood.kind === 'notice') aside(() => host.notice(understood.notice))
    else await insist('a message could not be written down', () => aside(() => host.receive(understood.message)))
  }

  function remember(message: WAMessage, understood: Understood): void {
    if (understood.kind !== 'message') return
    const { chat } = understood.message.chat
    keep(written, `${chat}/${message.key.id}`, { key: message.key, message: message.message ?? null } as WAMessage)
    if (message.key.fromMe !== true) keep(unread, chat, [...(unread.get(chat) ?? []), message.key].slice(-unreadMax))
  }

  /** Opens a message, hands it over, and commits the step of its keys only after that. Undefined: it cannot be opened. */
  async function openAndDeliver(node: BinaryNode, socket: WASocket, files: Map<number, string> | undefined): Promise<Remembered | { files: SealedFile[] } | undefined> {
    const { creds, keys } = socket.authState
    const me = creds.me?.id ?? ''
    try {
      // The library takes the same lock for everything it sends: two steps of one conversation’s keys never cross.
      return await keys.transaction(async () => {
        const { fullMessage, decrypt } = library.decryptMessageNode(node, me, creds.me?.lid ?? '', socket.signalRepository, socket.logger as never)
        await learnPair(fullMessage.key, socket)
        await decrypt()
        if (fullMessage.messageStubType !== undefined && fullMessage.messageStubType !== null) {
          // Its keys moved on when it was written down; only the acknowledgement did not arrive.
          if (wasOpened(fullMessage)) return { understood: { kind: 'nothing', reason: 'a message that was handed over before' }, plain: opened(library, node, {}) }
          host.log.info('whatsapp: a message could not be opened; its sender is asked for it again', { id: fullMessage.key.id, reason: fullMessage.messageStubParameters?.[0] })
          throw new NotYet()
        }
        const understood = await read(fullMessage, socket)
        const wanted = understood.kind === 'message' ? understood.files.filter(({ kind }) => host.films === true || kind !== 'video') : []
        if (wanted.length > 0 && files === undefined) throw new NotYet(wanted)
        if (understood.kind === 'message') addFiles(understood.message, files)
        remember(fullMessage, understood)
        await deliver(understood)
        return { understood, plain: opened(library, node, fullMessage.message) }
      }, me)
    } catch (error) {
      if (!(error instanceof NotYet)) throw error
      return error.files === undefined ? undefined : { files: error.files }
    }
  }

  /** A hidden id and its number share the keys of one conversation. */
  async function learnPair(key: WAMessage['key'], socket: WASocket): Promise<void> {
    const [one, other] = [key.participant ?? key.remoteJid, key.participantAlt ?? key.remoteJidAlt]
    if (typeof one !== 'string' || typeof other !== 'string') return
    const [lid, pn] = isHidden(personAddress(other) ?? '') ? [other, one] : [one, other]
    if (!isHidden(personAddress(lid) ?? '') || isHidden(personAddress(pn) ?? '@lid')) return
    await socket.signalRepository.lidMapping.storeLIDPNMappings([{ lid, pn }])
    await socket.signalRepository.migrateSession(pn, lid)
  }

  /** Resolves with whether the message was opened. */
  async function work(node: BinaryNode, lane: string, socket: WASocket, pass: (node: BinaryNode) => Promise<void>): Promise<boolean> {
    const id = `${node.attrs.from}/${node.attrs.participant ?? ''}/${node.attrs.id}`
    const before = remembered.get(id)
    if (before !== undefined) {
      // Its key is spent; what it said is known.
      await deliver(before.understood)
      await pass(before.plain)
      return true
    }
    if (!isForPeople(node)) {
      await pass(node)
      return true
    }
    // The step of its keys could not be written down any more; the next line brings it again.
    if (!isCurrent(socket)) return false
    let result = await openAndDeliver(node, socket, undefined)
    if (result !== undefined && 'files' in result) {
      const files = new Map<number, string>()
      for (const file of result.files) {
        const data = await fetchFile(file)
        if (data !== undefined) files.set(file.attachment, data)
      }
      result = await openAndDeliver(node, socket, files)
    }
    // The library asks the sender to send it again, and tells us by `takeLate` should it succeed where we did not.
    if (result === undefined || 'files' in result) {
      awaitAgain(lane, node.attrs.id ?? '')
      await pass(node)
      return false
    }
    keep(remembered, id, result)
    await pass(result.plain)
    return true
  }

  return {
    take(node, socket, pass) {
      const { id = '', from, recipient, recipient_pn: recipientNumber, sender_pn: senderNumber } = node.attrs
      enqueue(id, async () => (isGroup(from) ? (from ?? '') : ((await personOf(recipient ?? from, recipientNumber ?? senderNumber, socket)) ?? '')), (lane) => work(node, lane, socket, pass))
    },
    takeLate(message, socket) {
      const { key } = message
      if (message.message === undefined || message.message === null) return
      const seen = `/${key.id}`
      if ([...remembered.keys()].some((id) => id.endsWith(seen))) return
      enqueue(key.id ?? '', async () => (isGroup(key.remoteJid) ? key.remoteJid : ((await personOf(key.remoteJid, key.remoteJidAlt, socket)) ?? '')), async () => {
        const understood = await read(message, socket)
        remember(message, understood)
        await deliver(understood)
        return true
      })
    },
    recall: (chat, id) => written.get(`${chat}/${id}`),
    unread(chat) {
      const keys = unread.get(chat) ?? []
      unread.delete(chat)
      return keys
    },
    async close() {
      closed = true
      end()
      for (const waits of [...asked.values()]) waits.end()
      await sorting
      while (begun.size > 0) await Promise.allSettled(begun)
    },
  }
}

/** Whether the keys say that this very message was opened before: in a direct chat, and in a group. */
function wasOpened({ message, messageStubParameters }: WAMessage): boolean {
  return !message && /^(Key used already|Received message with old counter)/.test(messageStubParameters?.[0] ?? '')
}

/** Stories, broadcasts of companies and what our own devices tell each other are the library's affair. */
function isForPeople({ attrs, content }: BinaryNode): boolean {
  if (attrs.category === 'peer' || attrs.from === 'status@broadcast' || attrs.from?.endsWith('@newsletter') === true || attrs.from?.endsWith('@bot') === true) return false
  return Array.isArray(content) && content.some((child) => child.tag === 'enc' && child.attrs.type !== 'msmsg')
}

function addFiles(message: IncomingMessage, files: Map<number, string> | undefined): void {
  for (const [at, data] of files ?? []) {
    const attachment = message.attachments[at]
    if (attachment !== undefined) attachment.data = data
  }
}

/** The same node with its words in the open, for the library's own handling: the keys have moved on, it could not open them again. */
function opened(library: Library, node: BinaryNode, message: proto.IMessage | null | undefined): BinaryNode {
  // The keys of a group that came along were taken; taking them twice would set them back.
  const { senderKeyDistributionMessage: _taken, ...words } = message ?? {}
  const rest = Array.isArray(node.content) ? node.content.filter((child) => child.tag !== 'enc') : []
  return { ...node, content: [...rest, { tag: 'plaintext', attrs: {}, content: library.proto.Message.encode(words).finish() }] }
}
