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

interface Remembered { understood: Understood; plain: BinaryNode }

/**
 * Hands messages to the gateway, in order within a chat. A message is opened, handed over and only then, in one commit with the step of
 * its keys, taken as read by us; the acknowledgement comes last. Whatever happens between, WhatsApp brings it again and it opens again.
 */
export function createHandOver({ host, library, selfChat, fetchFile, isOurs, isCurrent, renew }: HandOverOptions): HandOver {
  // The library finds its open transaction by the thread of calls: what the gateway begins because of a message must not be on that thread.
  const aside = AsyncLocalStorage.snapshot()
  const lanes = new Map<string, Promise<void>>()
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

  /** Runs a task after all earlier ones of its lane. Lanes are found one after the other, so that order is kept. */
  function enqueue(laneOf: () => Promise<string>, task: () => Promise<void>): void {
    if (closed) return
    if (waiting >= waitingMax) {
      letGo = true
      return
    }
    waiting += 1
    async function run(): Promise<void> {
      if (closed) return
      const work = task()
      begun.add(work)
      try {
        await work
      } catch (error) {
        if (!closed) host.log.warn('whatsapp: a message was left with WhatsApp', { error: describeError(error) })
      } finally {
        begun.delete(work)
      }
    }
    sorting = sorting.then(async () => {
      const lane = await laneOf().catch(() => '')
      const mine = (lanes.get(lane) ?? Promise.resolve()).then(run).finally(() => {
        waiting -= 1
        if (lanes.get(lane) === mine) lanes.delete(lane)
        if (closed || !letGo || waiting > 0) return
        letGo = false
        renew('Too much came at once; WhatsApp is asked for the rest.')
      })
      lanes.set(lane, mine)
    })
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

  async function work(node: BinaryNode, socket: WASocket, pass: (node: BinaryNode) => Promise<void>): Promise<void> {
    const id = `${node.attrs.from}/${node.attrs.participant ?? ''}/${node.attrs.id}`
    const before = remembered.get(id)
    if (before !== undefined) {
      // Its key is spent; what it said is known.
      await deliver(before.understood)
      return pass(before.plain)
    }
    if (!isForPeople(node)) return pass(node)
    // The step of its keys could not be written down any more; the next line brings it again.
    if (!isCurrent(socket)) return
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
    if (result === undefined || 'files' in result) return pass(node)
    keep(remembered, id, result)
    await pass(result.plain)
  }

  return {
    take(node, socket, pass) {
      const group = isGroup(node.attrs.from)
      enqueue(async () => (group ? (node.attrs.from ?? '') : ((await personOf(node.attrs.recipient ?? node.attrs.from, node.attrs.recipient_pn ?? node.attrs.sender_pn, socket)) ?? '')), () => work(node, socket, pass))
    },
    takeLate(message, socket) {
      const { key } = message
      if (message.message === undefined || message.message === null) return
      const seen = `/${key.id}`
      if ([...remembered.keys()].some((id) => id.endsWith(seen))) return
      enqueue(async () => (isGroup(key.remoteJid) ? key.remoteJid : ((await personOf(key.remoteJid, key.remoteJidAlt, socket)) ?? '')), async () => {
        const understood = await read(message, socket)
        remember(message, understood)
        await deliver(understood)
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
