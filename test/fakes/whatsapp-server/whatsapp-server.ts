import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeBigEndian, getMediaKeys, proto, type BinaryNode } from 'baileys'
import { WebSocketServer, type WebSocket } from 'ws'
import { createNoiseResponder, trustOurRoot, type NoiseResponder } from './noise-responder.ts'
import { Telephone, type Bundle } from './person.ts'

export interface WhatsAppPerson { readonly telephone: Telephone; name: string; /** Whether WhatsApp hides the number: messages come from the hidden id, and name the number or not. */ hides: 'no' | 'with-number' | 'wholly' }
export interface WhatsAppGroup { readonly id: string; title: string; members: WhatsAppPerson[] }
export interface WhatsAppWords {
  in?: WhatsAppGroup
  /** Address the linked number the way the app does it. */
  mention?: boolean
  /** The id of a message seen in this chat. */
  replyTo?: string
  /** In place of the text. */
  content?: proto.IMessage
  /** The id to use; else one is made. */
  id?: string
  /** Epoch seconds; else now. */
  at?: number
  /** The device cannot open what it gets first. */
  spoilt?: true
}
/** A file as a recipient has it who fetched it, checked it and opened it with the key of the message. */
export interface WhatsAppFile { bytes: Buffer; as: 'image' | 'video' | 'audio' | 'voice' | 'document' | 'sticker'; mimeType: string; name?: string; seconds?: number }
/** A message of the linked device as its recipients see it. */
export interface WhatsAppSent { id: string; file?: WhatsAppFile; to: string; text: string; removed: boolean; edits: number; replyTo?: string; poll?: string[]; content: proto.IMessage }
/** What the server knows of a linked device; hand it to the next server to play the same account. */
export interface LinkedDevice { number: string; lid: string; device: number; bundle: Bundle; telephone: Telephone }
export interface WhatsAppServerOptions {
  device?: LinkedDevice
  /** How many one-time keys it says to have; below six the device has to bring new ones. */
  preKeys?: number
}

interface Waiting { chat: string; id: string; from: WhatsAppPerson | 'telephone'; node?: BinaryNode; make(device: LinkedDevice): Promise<BinaryNode>; acknowledged: boolean; deliveries: number }
/** `active`: it said that it is ready for messages. */
interface ClientLine { socket: WebSocket; noise: NoiseResponder; open: boolean; active: boolean; deaf: boolean }

const serverAddress = 's.whatsapp.net'
const ok = (node: BinaryNode, content?: BinaryNode[]): BinaryNode => ({ tag: 'iq', attrs: { from: serverAddress, type: 'result', id: node.attrs.id ?? '' }, ...(content === undefined ? {} : { content }) })
const childOf = (node: BinaryNode, tag: string): BinaryNode | undefined => (Array.isArray(node.content) ? node.content.find((child) => child.tag === tag) : undefined)
const childrenOf = (node: BinaryNode | undefined): BinaryNode[] => (Array.isArray(node?.content) ? node.content : [])
const bytesOf = (node: BinaryNode | undefined): Uint8Array => (node?.content instanceof Uint8Array ? node.content : new Uint8Array())
const userOf = (jid: string): string => jid.slice(0, jid.indexOf('@')).split(':')[0] ?? ''

export type WhatsAppServer = Awaited<ReturnType<typeof startWhatsAppServer>>

export async function startWhatsAppServer(options: WhatsAppServerOptions = {}) {
  const release = trustOurRoot()
  const lines = new Set<ClientLine>()
  const watchers = new Set<() => void>()
  const people: WhatsAppPerson[] = []
  const groups: WhatsAppGroup[] = []
  const queue: Waiting[] = []
  const sent: WhatsAppSent[] = []
  /** Where a message stands in its chat: a telephone that cannot open it shows at once that it waits for it, and later its words in that place. */
  const places = new Map<string, number>()
  /** What telephones ask for again, until the device says that it heard it or the message is there. */
  const askedAgain = new Map<string, BinaryNode>()
  const said = new Map<string, { author: string; message: proto.IMessage }>()
  const files = new Map<string, Buffer>()
  const seen = { receipts: [] as BinaryNode[], acks: [] as BinaryNode[], chatStates: [] as BinaryNode[], reactions: [] as { to: string; id: string; emoji: string }[], logins: 0, preKeyUploads: 0, unlinked: false, fileRequests: 0, uploads: 0, mediaConns: 0, presence: [] as BinaryNode[] }
  let device = options.device
  const telephone = device?.telephone ?? new Telephone('4915100000001', '90000000000001')
  let preKeys = options.preKeys ?? 100
  let lastTag = 0
  let down = false
  let deaf = false
  let refusal: number | undefined
  let nextSend: { error: number } | { cut: true } | undefined
  let blocked = false
  let asksHeldBack = false
  /** What media hosts say to the next files, one after the other. */
  const uploadAnswers: (number | 'silence')[] = []
  /** What the next who want a line get in its place. */
  const upgradeAnswers: { status: number; body: string }[] = []
  let mediaHosts: string[] = ['mmg.whatsapp.net']
  const uploadPassword = randomBytes(16).toString('base64')
  let linking: { line: ClientLine; payload: proto.ClientPayload } | undefined
  let delivering: Promise<void> = Promise.resolve()

  const changed = (): void => {
    for (const watcher of watchers) watcher()
  }
  const deviceAddress = (linked: LinkedDevice): string => `${linked.number}:${linked.device}@${serverAddress}`
  const tag = (): string => `s${++lastTag}`
  const write = (line: ClientLine, node: BinaryNode): void => {
    if (!line.deaf) line.noise.send(node)
  }

  /** A media host: takes what is sealed as it was announced, by whoever has the password of the day. */
  async function takeFile(request: IncomingMessage): Promise<{ status: number; body?: string }> {
    const url = new URL(request.url ?? '', 'http://media')
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const sealed = Buffer.concat(chunks)
    const status = uploadAnswers.shift()
    if (status === 'silence') return new Promise(() => {})
    if (status !== undefined) return { status }
    const token = createHash('sha256').update(sealed).digest('base64url')
    if (!/^\/mms\/(image|video|audio|document)\/[\w-]+$/.test(url.pathname) || !url.pathname.endsWith(`/${token}`) || url.searchParams.get('token') !== token || url.searchParams.get('auth') !== uploadPassword) return { status: 403 }
    const directPath = `/v/${randomBytes(8).toString('hex')}`
    files.set(directPath, sealed)
    seen.uploads += 1
    return { status: 200, body: JSON.stringify({ url: `https://mmg.whatsapp.net${directPath}`, direct_path: directPath }) }
  }

  const http = createServer((request, response) => {
    if (request.method === 'POST') {
      takeFile(request).then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body), () => response.destroy())
      return
    }
    const file = files.get(request.url ?? '')
    seen.fileRequests += 1
    if (file === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-length': file.length }).end(file)
    changed()
  })
  const sockets = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    if (down) return void socket.destroy()
    const answer = upgradeAnswers.shift()
    if (answer !== undefined) return void socket.end(`HTTP/1.1 ${answer.status} Fault\r\ncontent-type: text/html\r\ncontent-length: ${Buffer.byteLength(answer.body)}\r\nconnection: close\r\n\r\n${answer.body}`)
    sockets.handleUpgrade(request, socket, head, accept)
  })

  function accept(socket: WebSocket): void {
    let work: Promise<void> = Promise.resolve()
    const line: ClientLine = {
      socket, open: false, active: false, deaf,
      noise: createNoiseResponder({
        write: (bytes) => socket.send(bytes),
        onClient: (payload) => hello(line, payload),
        onNode: (node) => (line.deaf ? undefined : hear(line, node)),
      }),
    }
    lines.add(line)
    socket.on('error', () => {})
    socket.on('close', () => {
      lines.delete(line)
      changed()
    })
    socket.on('message', (data: Buffer) => {
      if (line.deaf) return
      work = work.then(() => line.noise.feed(data)).catch((error: unknown) => {
        failures.push(error)
        socket.terminate()
        changed()
      })
    })
  }
  const failures: unknown[] = []
  /** Why a telephone could not open a message of the device. */
  const unreadable: unknown[] = []

  function hello(line: ClientLine, payload: proto.ClientPayload): void {
    if (refusal !== undefined) return fail(line, refusal)
    if (payload.devicePairingData) {
      linking = { line, payload }
      const refs = Array.from({ length: 3 }, () => ({ tag: 'ref', attrs: {}, content: Buffer.from(randomBytes(16).toString('base64')) }))
      write(line, { tag: 'iq', attrs: { from: serverAddress, type: 'set', id: tag(), xmlns: 'md' }, content: [{ tag: 'pair-device', attrs: {}, content: refs }] })
      return changed()
    }
    if (device === undefined || String(payload.username) !== device.number || payload.device !== device.device) return fail(line, 401)
    // One line to one device: the newest counts.
    for (const other of lines) if (other !== line && other.open) streamError(other, 'conflict', { type: 'replaced' })
    line.open = true
    seen.logins += 1
    write(line, { tag: 'success', attrs: { t: String(Math.floor(Date.now() / 1_000)), lid: `${device.lid}:${device.device}@lid` } })
    changed()
  }

  function fail(line: ClientLine, reason: number): void {
    write(line, { tag: 'failure', attrs: { reason: String(reason), location: 'here' } })
    line.socket.close()
  }

  function streamError(line: ClientLine, name: string, attrs: Record<string, string> = {}, code?: number): void {
    line.open = false
    write(line, { tag: 'stream:error', attrs: code === undefined ? {} : { code: String(code) }, content: [{ tag: name, attrs }] })
    line.socket.close()
  }

  async function hear(line: ClientLine, node: BinaryNode): Promise<void> {
    if (node.tag === 'iq') await answer(line, node)
    else if (node.tag === 'message') await take(line, node)
    else if (node.tag === 'receipt') receipt(node)
    else if (node.tag === 'ack') {
      seen.acks.push(node)
      // One with an error is about a message that could not be opened: its telephone was asked to send it again.
      if (node.attrs.class === 'message' && node.attrs.error === undefined) acknowledge(node.attrs.to ?? '', node.attrs.id ?? '')
      else if (node.attrs.class === 'receipt') askedAgain.delete(node.attrs.id ?? '')
    } else if (node.tag === 'chatstate') seen.chatStates.push(node)
    else if (node.tag === 'presence') seen.presence.push(node)
    changed()
  }

  function receipt(node: BinaryNode): void {
    seen.receipts.push(node)
    if (node.attrs.type === 'retry') return sealAnew(node.attrs.id ?? '')
    if (node.attrs.type === 'read' || node.attrs.type === 'read-self') return
    acknowledge(node.attrs.recipient ?? node.attrs.to ?? '', node.attrs.id ?? '')
  }

  function acknowledge(_to: string, id: string): void {
    for (const waiting of queue) if (waiting.id === id) waiting.acknowledged = true
  }

  /** The device could not open a message: whoever wrote it seals it once more, and it comes as a new one with the same id. */
  function sealAnew(id: string): void {
    const waiting = queue.findLast((one) => one.id === id && !one.acknowledged)
    if (waiting === undefined || device === undefined) return
    const writer = waiting.from === 'telephone' ? telephone : waiting.from.telephone
    writer.beginAnew(deviceAddress(device))
    waiting.acknowledged = true
    queue.push({ chat: waiting.chat, id, from: waiting.from, acknowledged: false, deliveries: 0, make: waiting.make })
    void deliverAll()
  }

  async function answer(line: ClientLine, node: BinaryNode): Promise<void> {
    if (node.attrs.type === 'result') {
      const signed = childOf(node, 'pair-device-sign')
      if (signed !== undefined) {
        // Linked: WhatsApp asks for a new connection, now as the device.
        write(line, { tag: 'stream:error', attrs: { code: '515' }, content: [] })
        line.socket.close()
      }
      return
    }
    const { xmlns } = node.attrs
    const [what] = childrenOf(node)
    if (xmlns === 'encrypt' && what?.tag === 'count') return write(line, ok(node, [{ tag: 'count', attrs: { value: String(preKeys) } }]))
    if (xmlns === 'encrypt' && what?.tag === 'digest') return write(line, ok(node, [{ tag: 'digest', attrs: {} }]))
    if (xmlns === 'encrypt' && what?.tag === 'key') return write(line, ok(node, [{ tag: 'list', attrs: {}, content: childrenOf(what).flatMap(({ attrs }) => telephoneAt(attrs.jid ?? '')?.bundleNode(attrs.jid ?? '') ?? []) }]))
    if (xmlns === 'encrypt' && node.attrs.type === 'set') {
      preKeys += childrenOf(childOf(node, 'list')).length
      seen.preKeyUploads += 1
      return write(line, ok(node))
    }
    if (xmlns === 'usync') return write(line, ok(node, [{ tag: 'usync', attrs: {}, content: [{ tag: 'list', attrs: {}, content: usync(what) }] }]))
    if (xmlns === 'w:m') {
      seen.mediaConns += 1
      return write(line, ok(node, [{ tag: 'media_conn', attrs: { auth: uploadPassword, ttl: '3600' }, content: mediaHosts.map((hostname) => ({ tag: 'host', attrs: { hostname } })) }]))
    }
    if (xmlns === 'w:g2') return write(line, groupAnswer(node))
    if (xmlns === 'md' && what?.tag === 'remove-companion-device') {
      seen.unlinked = true
      device = undefined
    }
    if (xmlns === 'passive') {
      write(line, ok(node))
      line.active = true
      for (const waiting of queue) if (!waiting.acknowledged) waiting.deliveries = 0
      return deliverAll(true)
    }
    write(line, ok(node))
  }

  function telephoneAt(jid: string): Telephone | undefined {
    const user = userOf(jid)
    return [telephone, ...people.map((person) => person.telephone)].find((each) => each.number === user || each.lid === user)
  }

  function usync(node: BinaryNode | undefined): BinaryNode[] {
    const list = childOf(node ?? { tag: '', attrs: {} }, 'list')
    return childrenOf(list).flatMap(({ attrs }) => {
      const found = telephoneAt(attrs.jid ?? '')
      if (found === undefined || found === telephone) return []
      const devices: BinaryNode = { tag: 'devices', attrs: {}, content: [{ tag: 'device-list', attrs: {}, content: [{ tag: 'device', attrs: { id: '0' } }] }] }
      const lid: BinaryNode = { tag: 'lid', attrs: { val: found.hidden } }
      return [{ tag: 'user', attrs: { jid: attrs.jid ?? '' }, content: [devices, lid] }]
    })
  }

  function groupNode(group: WhatsAppGroup): BinaryNode {
    return { tag: 'group', attrs: { id: userOf(group.id), subject: group.title, creation: '1700000000', s_t: '1700000000', size: String(group.members.length + 1) },
      content: [...group.members.map((member) => ({ tag: 'participant', attrs: { jid: member.telephone.address, lid: member.telephone.hidden } })), { tag: 'participant', attrs: { jid: telephone.address, lid: telephone.hidden } }] }
  }

  function groupAnswer(node: BinaryNode): BinaryNode {
    if (node.attrs.to === '@g.us') return ok(node, [{ tag: 'groups', attrs: {}, content: groups.map(groupNode) }])
    const group = groups.find((each) => each.id === node.attrs.to)
    if (group === undefined) return { tag: 'iq', attrs: { from: serverAddress, type: 'error', id: node.attrs.id ?? '' }, content: [{ tag: 'error', attrs: { code: '403', text: 'forbidden' } }] }
    return ok(node, [groupNode(group)])
  }

  /** A message of the device: every recipient opens it with their own keys, and shows one for two of the same id. */
  async function take(line: ClientLine, node: BinaryNode): Promise<void> {
    if (device === undefined) return
    const fault = nextSend
    nextSend = undefined
    const { id = '', to = '' } = node.attrs
    if (blocked || (fault !== undefined && 'error' in fault)) {
      return write(line, { tag: 'ack', attrs: { class: 'message', id, from: to, error: String(blocked ? 403 : (fault as { error: number }).error) } })
    }
    const from = deviceAddress(device)
    if (!places.has(id)) places.set(id, places.size)
    const opened: proto.IMessage[] = []
    for (const recipient of childrenOf(childOf(node, 'participants'))) {
      const enc = childOf(recipient, 'enc')
      const phone = telephoneAt(recipient.attrs.jid ?? '')
      if (enc === undefined || phone === undefined) continue
      try {
        const message = await phone.open(from, enc.attrs.type ?? '', bytesOf(enc))
        if (!message.senderKeyDistributionMessage) opened.push(message)
      } catch (error) {
        unreadable.push(error)
        // Whoever has a message of this id already does not ask for it again.
        if (!sent.some((one) => one.id === id)) {
          const t = String(Math.floor(Date.now() / 1_000))
          const count = Number(childOf(askedAgain.get(id) ?? node, 'retry')?.attrs.count ?? 0) + 1
          askedAgain.set(id, { tag: 'receipt', attrs: { id, from: recipient.attrs.jid ?? '', type: 'retry', t }, content: [
            { tag: 'retry', attrs: { id, count: String(count), v: '1', t } }, { tag: 'registration', attrs: {}, content: encodeBigEndian(phone.registrationId) },
          ] })
          askAgain(line, id)
        }
      }
    }
    const direct = childOf(node, 'enc')
    if (direct !== undefined) {
      const members = groups.find((group) => group.id === to)?.members ?? []
      for (const member of members) opened.push(await member.telephone.openFromGroup(to, from, bytesOf(direct)))
    }
    const [message] = opened
    if (message !== undefined) show(id, to, message, await openFile(message))
    if (fault !== undefined) return line.socket.terminate()
    write(line, { tag: 'ack', attrs: { class: 'message', id, from: to, t: String(Math.floor(Date.now() / 1_000)) } })
  }

  function askAgain(line: ClientLine, id: string): void {
    const receipt = askedAgain.get(id)
    if (!asksHeldBack && receipt !== undefined && line.open && line.socket.readyState === line.socket.OPEN) write(line, receipt)
  }

  /** What a recipient gets who fetches the file a message names. Throws where it is not what the message says. */
  async function openFile(message: proto.IMessage): Promise<WhatsAppFile | undefined> {
    const found = message.imageMessage ? { part: message.imageMessage, kind: 'image' as const } : message.videoMessage ? { part: message.videoMessage, kind: 'video' as const }
      : message.audioMessage ? { part: message.audioMessage, kind: 'audio' as const } : message.documentMessage ? { part: message.documentMessage, kind: 'document' as const }
      : message.stickerMessage ? { part: message.stickerMessage, kind: 'sticker' as const } : undefined
    if (found === undefined) return undefined
    const { part, kind } = found
    const sealed = files.get(part.directPath ?? '')
    if (sealed === undefined) throw new Error('a message names a file that nobody handed in')
    const { iv, cipherKey, macKey } = await getMediaKeys(Buffer.from(part.mediaKey ?? []), kind)
    const body = sealed.subarray(0, -10)
    const mac = createHmac('sha256', macKey ?? Buffer.alloc(0)).update(iv).update(body).digest().subarray(0, 10)
    const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
    const bytes = Buffer.concat([decipher.update(body), decipher.final()])
    const sum = (data: Buffer): Buffer => createHash('sha256').update(data).digest()
    if (!timingSafeEqual(mac, sealed.subarray(-10)) || !sum(sealed).equals(Buffer.from(part.fileEncSha256 ?? [])) || !sum(bytes).equals(Buffer.from(part.fileSha256 ?? [])) || Number(part.fileLength) !== bytes.length) {
      throw new Error('a file is not what its message says')
    }
    const name = message.documentMessage?.fileName
    return { bytes, as: message.audioMessage?.ptt === true ? 'voice' : kind, mimeType: part.mimetype ?? '', ...(name ? { name } : {}), ...(message.audioMessage?.seconds ? { seconds: message.audioMessage.seconds } : {}) }
  }

  function show(id: string, to: string, message: proto.IMessage, file?: WhatsAppFile): void {
    askedAgain.delete(id)
    const change = message.protocolMessage
    if (change?.key) {
      const target = sent.find((one) => one.id === change.key?.id)
      if (target === undefined) return
      if (change.type === proto.Message.ProtocolMessage.Type.REVOKE) target.removed = true
      else if (change.editedMessage) {
        target.text = wordsOf(change.editedMessage)
        target.edits += 1
      }
      return
    }
    if (message.reactionMessage) return void seen.reactions.push({ to, id: message.reactionMessage.key?.id ?? '', emoji: message.reactionMessage.text ?? '' })
    if (sent.some((one) => one.id === id)) return
    const context = (message.extendedTextMessage ?? message.imageMessage ?? message.videoMessage ?? message.audioMessage ?? message.documentMessage)?.contextInfo
    const place = places.get(id) ?? Infinity
    const at = sent.findLastIndex((one) => (places.get(one.id) ?? 0) < place) + 1
    sent.splice(at, 0, { id, to, text: wordsOf(message), removed: false, edits: 0, content: message, ...(file === undefined ? {} : { file }), ...(context?.stanzaId ? { replyTo: context.stanzaId } : {}), ...(message.pollCreationMessageV3 ? { poll: (message.pollCreationMessageV3.options ?? []).map((option) => option.optionName ?? '') } : {}) })
    said.set(id, { author: telephone.address, message })
  }

  const wordsOf = (message: proto.IMessage): string => message.extendedTextMessage?.text ?? message.conversation ?? message.imageMessage?.caption ?? message.videoMessage?.caption ?? message.documentMessage?.caption ?? message.pollCreationMessageV3?.name ?? ''

  function contentOf(text: string, words: WhatsAppWords): proto.IMessage {
    if (words.content !== undefined) return words.content
    const quoted = words.replyTo === undefined ? undefined : said.get(words.replyTo)
    const mention = words.mention === true
    if (!mention && words.replyTo === undefined) return { conversation: text }
    return { extendedTextMessage: { text: mention ? `@${telephone.number} ${text}` : text, contextInfo: {
      ...(mention ? { mentionedJid: [telephone.address] } : {}),
      ...(words.replyTo === undefined ? {} : { stanzaId: words.replyTo, participant: quoted?.author ?? telephone.address, quotedMessage: quoted?.message ?? { conversation: '' } }),
    } } }
  }

  /** Everything that waits, in order; each is encrypted once, and brought again as it is. */
  function deliverAll(offline = false): Promise<void> {
    delivering = delivering.then(async () => {
      for (const waiting of queue) {
        if (waiting.acknowledged || waiting.deliveries > 0) continue
        const line = [...lines].find((each) => each.open && each.active && !each.deaf)
        if (line === undefined || device === undefined) return
        waiting.node ??= await waiting.make(device)
        if (!line.open || line.socket.readyState !== line.socket.OPEN) return
        waiting.deliveries += 1
        write(line, offline ? { ...waiting.node, attrs: { ...waiting.node.attrs, offline: '1' } } : waiting.node)
      }
      if (offline) for (const line of lines) for (const id of askedAgain.keys()) askAgain(line, id)
      if (offline) for (const line of lines) if (line.open) write(line, { tag: 'ib', attrs: { from: serverAddress }, content: [{ tag: 'offline', attrs: { count: '0' } }] })
    })
    return delivering
  }

  const newId = (): string => `3A${randomBytes(9).toString('hex').toUpperCase()}`

  const until = (condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> => {
    if (condition()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return
        watchers.delete(look)
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        setImmediate(() => {
          look()
          if (watchers.delete(look)) reject(new Error(`waited in vain for ${what}; failures: ${failures.map(String).join('; ')}`))
        })
      }, timeoutMs)
      watchers.add(look)
    })
  }

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  let lastNumber = 4_915_200_000_000
  let lastGroup = 0

  const server = {
    apiRoot: `ws://127.0.0.1:${port}/ws/chat`,
    telephone, sent, seen, queue, failures, unreadable, until,
    device: () => device,
    lines: () => lines.size,
    person(name: string, hides: WhatsAppPerson['hides'] = 'no'): WhatsAppPerson {
      lastNumber += 1
      const person: WhatsAppPerson = { telephone: new Telephone(String(lastNumber), String(80_000_000_000_000 + lastNumber)), name, hides }
      people.push(person)
      return person
    },
    group(title: string, members: WhatsAppPerson[]): WhatsAppGroup {
      lastGroup += 1
      const group = { id: `12036300000000${1_000 + lastGroup}@g.us`, title, members }
      groups.push(group)
      return group
    },
    /** Somebody writes. It is on the network at once; it is delivered whenever the device is there. */
    say(person: WhatsAppPerson, text: string, words: WhatsAppWords = {}): { id: string } {
      const id = words.id ?? newId()
      const at = words.at ?? Math.floor(Date.now() / 1_000)
      const message = contentOf(text, words)
      const { telephone: phone, name } = person
      const hidden = person.hides !== 'no'
      const from = hidden ? phone.hidden : phone.address
      said.set(id, { author: from, message })
      const pair: Record<string, string> = hidden ? (person.hides === 'wholly' ? {} : { number: phone.address }) : { lid: phone.hidden }
      const kind = Object.keys(message).some((key) => /image|video|audio|document|sticker/i.test(key)) ? 'media' : 'text'
      let isSpoilt = words.spoilt === true
      const seal = async (linked: LinkedDevice): Promise<BinaryNode> => {
        const enc = await phone.seal(deviceAddress(linked), linked.bundle, message)
        if (!isSpoilt) return enc
        isSpoilt = false
        return { ...enc, content: Buffer.from('nonsense') }
      }
      queue.push({ chat: words.in?.id ?? from, id, from: person, acknowledged: false, deliveries: 0, async make(linked) {
        const base = { id, type: kind, t: String(at), notify: name }
        const to = deviceAddress(linked)
        if (words.in === undefined) {
          return { tag: 'message', attrs: { ...base, from, ...(pair.number === undefined ? {} : { sender_pn: pair.number }), ...(pair.lid === undefined ? {} : { sender_lid: pair.lid }) }, content: [await seal(linked)] }
        }
        return { tag: 'message', attrs: { ...base, from: words.in.id, participant: from, ...(pair.number === undefined ? {} : { participant_pn: pair.number }), ...(pair.lid === undefined ? {} : { participant_lid: pair.lid }) },
          content: await phone.sealForGroup(words.in.id, to, linked.bundle, message, from) }
      } })
      void deliverAll()
      return { id }
    },
    /** Written on the telephone the device belongs to: to somebody, or to oneself. */
    sayFromTelephone(text: string, to: WhatsAppPerson | 'self'): { id: string } {
      const id = newId()
      const destination = to === 'self' ? telephone.address : to.telephone.address
      queue.push({ chat: destination, id, from: 'telephone', acknowledged: false, deliveries: 0, async make(linked) {
        const enc = await telephone.seal(deviceAddress(linked), linked.bundle, { deviceSentMessage: { destinationJid: destination, message: { conversation: text } } })
        return { tag: 'message', attrs: { id, type: 'text', t: String(Math.floor(Date.now() / 1_000)), from: telephone.address, recipient: destination }, content: [enc] }
      } })
      void deliverAll()
      return { id }
    },
    /** Anything the network itself sends. */
    push(node: BinaryNode): void {
      for (const line of lines) if (line.open) write(line, node)
    },
    acknowledged: (id: string): boolean => queue.some((waiting) => waiting.id === id && waiting.acknowledged),
    /** The last message that was brought once more, byte for byte; it overtakes none that is still to be brought. */
    redeliver(): void {
      const last = queue.findLast((waiting) => waiting.node !== undefined && waiting.deliveries > 0)
      if (last?.node !== undefined) for (const line of lines) if (line.open && line.active) write(line, last.node)
    },
    /** The telephone scans what the device shows. */
    async scan(payload: string): Promise<void> {
      await until(() => linking !== undefined, 'a device that wants to be linked')
      const { line, payload: registration } = linking as NonNullable<typeof linking>
      const [, , , secret = ''] = payload.split(',')
      const data = registration.devicePairingData as NonNullable<proto.ClientPayload['devicePairingData']>
      const identity = Buffer.from(data.eIdent ?? [])
      device = {
        number: telephone.number, lid: telephone.lid, device: 7, telephone,
        bundle: { registrationId: Buffer.from(data.eRegid ?? []).readUInt32BE(0), identity, signedPreKey: { id: Buffer.from(data.eSkeyId ?? []).readUIntBE(0, 3), key: Buffer.from(data.eSkeyVal ?? []), signature: Buffer.from(data.eSkeySig ?? []) } },
      }
      const { details } = telephone.admit(identity)
      const hmac = createHmac('sha256', Buffer.from(secret, 'base64')).update(details).digest()
      linking = undefined
      write(line, { tag: 'iq', attrs: { from: serverAddress, type: 'set', id: tag() }, content: [{ tag: 'pair-success', attrs: {}, content: [
        { tag: 'device-identity', attrs: {}, content: proto.ADVSignedDeviceIdentityHMAC.encode({ details, hmac }).finish() },
        { tag: 'device', attrs: { jid: deviceAddress(device), lid: `${telephone.lid}:7@lid` } }, { tag: 'platform', attrs: { name: 'android' } },
      ] }] })
    },
    /** A sealed file as WhatsApp keeps it, and what a message says about it. */
    async putFile(bytes: Buffer, kind: 'image' | 'audio' | 'document' | 'sticker' | 'video', spoil?: 'mac'): Promise<{ directPath: string; mediaKey: Buffer; fileLength: number; fileEncSha256: Buffer; fileSha256: Buffer }> {
      const mediaKey = randomBytes(32)
      const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, kind)
      const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
      const body = Buffer.concat([cipher.update(bytes), cipher.final()])
      const mac = createHmac('sha256', macKey ?? Buffer.alloc(0)).update(iv).update(body).digest().subarray(0, 10)
      if (spoil === 'mac') mac[0] = (mac[0] ?? 0) ^ 1
      const sealed = Buffer.concat([body, mac])
      const directPath = `/v/${randomBytes(8).toString('hex')}`
      files.set(directPath, sealed)
      return { directPath, mediaKey, fileLength: bytes.length, fileEncSha256: createHash('sha256').update(sealed).digest(), fileSha256: createHash('sha256').update(bytes).digest() }
    },
    cut: (): void => {
      for (const line of lines) line.socket.terminate()
    },
    async goOffline(): Promise<void> {
      down = true
      for (const line of lines) line.socket.terminate()
      await until(() => lines.size === 0, 'every line to be gone')
    },
    goOnline: (): void => void (down = false),
    deafen(on: boolean): void {
      deaf = on
      if (on) for (const line of lines) line.deaf = true
    },
    /** The next message of the device is answered with this number in place of a confirmation. */
    refuseNext: (error: number): void => void (nextSend = { error }),
    /** Media hosts answer the next files with these numbers in place of taking them. */
    refuseUploads: (...statuses: number[]): void => void uploadAnswers.push(...statuses),
    /** The next file is taken for ever, and never answered for. */
    stallUpload: (): void => void uploadAnswers.push('silence'),
    /** Whoever wants the next line gets this answer of HTTP in its place. */
    answerNextLine: (status: number, body: string): void => void upgradeAnswers.push({ status, body }),
    /** Which hosts it names for files. */
    nameMediaHosts: (...names: string[]): void => void (mediaHosts = names),
    cutAfterAccept: (): void => void (nextSend = { cut: true }),
    block: (): void => void (blocked = true),
    /** Telephones that cannot open a message ask for it on the next line, as if the network were slow. */
    holdAsksBack: (on: boolean): void => void (asksHeldBack = on),
    /** How many messages telephones wait for. */
    waitedFor: (): number => askedAgain.size,
    /** Ends every line the way WhatsApp does, with this number. */
    endWith(code: number, name = 'error', attrs: Record<string, string> = {}): void {
      for (const line of lines) streamError(line, name, attrs, code)
    },
    /** Every login from now on is refused with this number; undefined: none. */
    refuseLogins: (reason: number | undefined): void => void (refusal = reason),
    revoke(): void {
      refusal = 401
      for (const line of lines) streamError(line, 'conflict', { type: 'device_removed' }, 401)
    },
    async close(): Promise<void> {
      for (const line of lines) line.socket.terminate()
      sockets.close()
      await new Promise<void>((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      })
      release()
    },
  }
  return server
}
