import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import { createLoopback, createWatch } from '../loopback.ts'

type Json = Record<string, unknown>

export interface SignalServerOptions {
  /** Accounts the daemon has. Default: one. */
  accounts?: string[]
  /** Started for one account only: it has no list of them. */
  single?: boolean
  /** How often the stream gives a sign of life. The real one: 15 s; tests are in a hurry. Default 100. */
  signMs?: number
}

export interface SignalPerson { uuid: string; number: string | null; name: string }
export interface SignalGroup { id: string; name: string }

export interface SignalWords {
  in?: SignalGroup
  mention?: boolean
  /** Answers this message: its author and time. */
  quote?: { author: string; timestamp: number; text?: string }
  /** Further fields of the data message, as on the wire. */
  extra?: Json
}

/** A file of ours as people have it. */
export interface SignalFile { bytes: Buffer; as: 'image' | 'audio' | 'voice' | 'video' | 'document'; mimeType: string; name?: string }

/** One message of ours as people see it. */
export interface SignalSent {
  timestamp: number
  recipient: string | undefined
  group: string | undefined
  text: string
  file?: SignalFile
  styles: string[]
  quote: { timestamp: number; author: string } | undefined
  deleted: boolean
  earlier: string[]
}

export interface SignalFault { status?: number; body?: unknown; error?: { code: number; message: string; data?: unknown }; result?: unknown; acceptThenReset?: boolean }

export interface SignalServer {
  url: string
  port: number
  account: string
  uuid: string
  person(name: string, facts?: { number?: string | null }): SignalPerson
  group(name: string): SignalGroup
  /** Somebody writes; returns the time that names the message. */
  say(person: SignalPerson, text: string, words?: SignalWords): number
  /** Any envelope, as it stands in the stream. */
  envelope(envelope: Json, more?: Json): void
  /** Anything at all into the stream. */
  raw(text: string): void
  redeliverLast(): void
  /** A file that came with a message. */
  file(type: string, bytes: Buffer, name?: string): Json
  sent: SignalSent[]
  receipts: { recipient: string; timestamp: number; type: string }[]
  reactions: Json[]
  typing: Json[]
  calls: Map<string, number>
  nextSent(matches: (message: SignalSent) => boolean, timeoutMs?: number): Promise<SignalSent>
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
  /** The next call of the method goes wrong. */
  fault(method: string, fault: SignalFault): void
  /** They are not on Signal any more. */
  unregister(person: SignalPerson): void
  /** The telephone removed this device. */
  unlink(): void
  /** The telephone scans the code of `startLink`. */
  scan(): void
  listeners(): number
  dropStreams(): void
  deafen(on: boolean): void
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  close(): Promise<void>
}

export async function startSignalServer(options: SignalServerOptions = {}): Promise<SignalServer> {
  const account = options.accounts?.[0] ?? '+4915550001'
  const uuid = randomUUID()
  const accounts = [...(options.accounts ?? [account])]
  const streams = new Set<ServerResponse>()
  const waiting: string[] = []
  const faults = new Map<string, SignalFault[]>()
  const files = new Map<string, Buffer>()
  const groups: SignalGroup[] = []
  const gone = new Set<string>()
  const calls = new Map<string, number>()
  const sent: SignalSent[] = []
  const receipts: SignalServer['receipts'] = []
  const reactions: Json[] = []
  const typing: Json[] = []
  let lastEvent: string | undefined
  let lastTime = 0
  let lastNumber = 0
  let deaf = false
  let onScan = (): void => {}
  const scanned = new Promise<void>((resolve) => (onScan = resolve))
  const { changed, until } = createWatch()
  const now = (): number => (lastTime = Math.max(lastTime + 1, Date.now()))

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => request.socket.destroy()).finally(changed)
  })
  const loopback = createLoopback(server)
  const signs = setInterval(() => {
    if (!deaf) for (const stream of streams) stream.write(':\n')
  }, options.signMs ?? 100)

  async function serve(request: HttpRequest, response: ServerResponse): Promise<void> {
    if (deaf) return
    const url = new URL(request.url ?? '/', 'http://fake')
    if (url.pathname === '/api/v1/check') return void response.writeHead(200).end()
    if (url.pathname === '/api/v1/events') {
      const fault = faults.get('events')?.shift()
      if (fault !== undefined) return void response.writeHead(fault.status ?? 200, { 'content-type': 'text/html' }).end('<html>')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(':\n')
      streams.add(response)
      response.on('close', () => {
        streams.delete(response)
        changed()
      })
      for (const text of waiting.splice(0)) response.write(text)
      return
    }
    if (url.pathname !== '/api/v1/rpc' || request.method !== 'POST') return void response.writeHead(404).end()
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { id, method, params = {} } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id: string; method: string; params?: Json }
    calls.set(method, (calls.get(method) ?? 0) + 1)
    const fault = faults.get(method)?.shift()
    if (fault?.status !== undefined) return void response.writeHead(fault.status, { 'content-type': 'application/json' }).end(typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? {}))
    const outcome = fault?.error !== undefined ? { error: fault.error } : fault?.result !== undefined ? { result: fault.result } : await handle(method, params)
    if (fault?.acceptThenReset === true) return void request.socket.destroy()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
  }

  const no = (code: number, message: string, data?: unknown): { error: Json } => ({ error: { code, message, ...(data === undefined ? {} : { data }) } })

  async function handle(method: string, params: Json): Promise<{ result: unknown } | { error: Json }> {
    if (method === 'listAccounts') return options.single === true ? no(-32_601, 'Method not implemented') : { result: accounts.map((number) => ({ number })) }
    if (method === 'startLink') return { result: { deviceLinkUri: 'sgnl://linkdevice?uuid=abc&pub_key=def' } }
    if (method === 'finishLink') {
      await scanned
      if (!accounts.includes(account)) accounts.push(account)
      return { result: { number: account } }
    }
    if (options.single !== true && params['account'] === undefined && accounts.length > 1) return no(-32_602, 'Method requires valid account parameter')
    if (options.single !== true && params['account'] !== undefined && !accounts.includes(String(params['account']))) return no(-32_602, 'Specified account does not exist')
    if (!accounts.includes(account)) return no(-1, `User ${account} is not registered.`)
    switch (method) {
      case 'listDevices':
        return { result: [{ id: 1 }, { id: 2, name: 'Moltbot' }] }
      case 'getUserStatus':
        return { result: (params['recipient'] as string[]).map((recipient) => ({ recipient, number: recipient, uuid, isRegistered: true })) }
      case 'listGroups':
        return { result: groups.map(({ id, name }) => ({ id, name, isMember: true, members: [{}, {}] })) }
      case 'send':
        return send(params)
      case 'remoteDelete': {
        const target = sent.find((one) => one.timestamp === params['targetTimestamp'])
        if (target !== undefined) target.deleted = true
        return { result: { timestamp: now(), results: [{ type: 'SUCCESS' }] } }
      }
      case 'sendReaction':
        reactions.push(params)
        return { result: { timestamp: now(), results: [{ type: 'SUCCESS' }] } }
      case 'sendTyping':
        typing.push(params)
        return { result: { timestamp: now() } }
      case 'sendReceipt':
        for (const timestamp of params['targetTimestamp'] as number[]) receipts.push({ recipient: String(params['recipient']), timestamp, type: String(params['type']) })
        return { result: { timestamp: now() } }
      case 'getAttachment': {
        const bytes = files.get(String(params['id']))
        return bytes === undefined ? no(-1, 'Could not find attachment') : { result: { data: bytes.toString('base64') } }
      }
      case 'deleteLocalAccountData':
        accounts.splice(accounts.indexOf(account), 1)
        return { result: {} }
      default:
        return no(-32_601, 'Method not implemented')
    }
  }

  function send(params: Json): { result: unknown } | { error: Json } {
    const recipient = (params['recipient'] as string[] | undefined)?.[0]
    const group = params['groupId'] as string | undefined
    const text = String(params['message'] ?? '')
    const attachments = (params['attachments'] ?? []) as string[]
    if (text === '' && attachments.length === 0) return no(-1, 'Sending empty message is not allowed, either a message, attachment or sticker must be given.')
    const opened = attachments.map((address) => openDataAddress(address, params['voiceNote'] === true))
    if (opened.includes(undefined)) return no(-3, 'Failed to send message: The given string is not a valid data URI. (AttachmentInvalidException)')
    if (recipient !== undefined && gone.has(recipient)) return no(-1, 'Failed to send message', { response: { timestamp: now(), results: [{ recipientAddress: { uuid: recipient }, type: 'UNREGISTERED_FAILURE' }] } })
    if (group !== undefined && !groups.some(({ id }) => id === group)) return no(-1, 'Invalid group id: Not found')
    const styles = (params['textStyle'] ?? []) as string[]
    for (const style of styles) {
      const [start = Number.NaN, length = Number.NaN] = style.split(':').map(Number)
      if (!(start >= 0 && length > 0 && start + length <= text.length)) return no(-1, `Invalid style ${style}`)
    }
    const timestamp = now()
    const edited = sent.find((one) => one.timestamp === params['editTimestamp'])
    if (edited !== undefined) {
      if (edited.text !== text) edited.earlier.push(edited.text)
      Object.assign(edited, { text, styles })
    } else {
      sent.push({
        timestamp, recipient, group, text, ...(opened[0] === undefined ? {} : { file: opened[0] }), styles, deleted: false, earlier: [],
        quote: params['quoteTimestamp'] === undefined ? undefined : { timestamp: Number(params['quoteTimestamp']), author: String(params['quoteAuthor']) },
      })
    }
    return { result: { timestamp, results: [{ recipientAddress: { uuid: recipient ?? randomUUID() }, type: 'SUCCESS' }] } }
  }

  /** As signal-cli reads what follows RFC 2397. */
  function openDataAddress(address: string, voiceNote: boolean): SignalFile | undefined {
    const comma = address.indexOf(',')
    const head = /^data:([^;,]+\/[^;,]+)?((?:;[^;,]+=[^;,]+)*)(;base64)?$/i.exec(address.slice(0, comma))
    if (comma < 0 || head === null || head[3] === undefined) return undefined
    const type = head[1] ?? 'text/plain'
    const name = /;filename=([^;]+)/i.exec(head[2] ?? '')?.[1]
    const [family = ''] = type.split('/')
    return {
      bytes: Buffer.from(address.slice(comma + 1), 'base64'), mimeType: type, as: voiceNote ? 'voice' : family === 'image' || family === 'audio' || family === 'video' ? family : 'document',
      ...(name === undefined ? {} : { name: decodeURIComponent(name.replaceAll('+', ' ')) }),
    }
  }

  function tell(text: string): void {
    const [stream] = deaf ? [] : streams
    if (stream === undefined) waiting.push(text)
    else stream.write(text)
    changed()
  }

  await loopback.listen()
  const port = loopback.port()

  const fake: SignalServer = {
    url: `http://127.0.0.1:${port}`, port, account, uuid, sent, receipts, reactions, typing, calls,
    person: (name, facts = {}) => ({ uuid: randomUUID(), number: facts.number === undefined ? `+4915550${String(100 + ++lastNumber)}` : facts.number, name }),
    group(name) {
      const group = { id: Buffer.from(randomUUID().replaceAll('-', '')).toString('base64'), name }
      groups.push(group)
      return group
    },
    say(person, text, words = {}) {
      const timestamp = now()
      const mention = words.mention === true ? { message: `\ufffc ${text}`, mentions: [{ name: 'Moltbot', number: account, uuid, start: 0, length: 1 }] } : { message: text }
      fake.envelope({
        source: person.number ?? person.uuid, sourceNumber: person.number, sourceUuid: person.uuid, sourceName: person.name, sourceDevice: 1, timestamp, serverReceivedTimestamp: timestamp,
        dataMessage: {
          timestamp, ...mention, expiresInSeconds: 0, viewOnce: false, ...(words.in === undefined ? {} : { groupInfo: { groupId: words.in.id, groupName: words.in.name, revision: 3, type: 'DELIVER' } }),
          ...(words.quote === undefined ? {} : { quote: { id: words.quote.timestamp, author: words.quote.author, authorUuid: words.quote.author, text: words.quote.text ?? sent.find((one) => one.timestamp === words.quote?.timestamp)?.text ?? '', attachments: [] } }),
          ...words.extra,
        },
      })
      return timestamp
    },
    envelope(envelope, more = {}) {
      lastEvent = `event:receive\ndata:${JSON.stringify({ envelope, account, ...more })}\n\n`
      tell(lastEvent)
    },
    raw: tell,
    redeliverLast() {
      if (lastEvent !== undefined) tell(lastEvent)
    },
    file(type, bytes, name) {
      const id = `${randomUUID()}.bin`
      files.set(id, bytes)
      return { id, contentType: type, size: bytes.length, filename: name ?? null }
    },
    nextSent: async (matches, timeoutMs) => {
      await until(() => sent.some(matches), 'a message of the account', timeoutMs)
      return sent.find(matches) as SignalSent
    },
    until,
    fault(method, fault) {
      faults.set(method, [...(faults.get(method) ?? []), fault])
    },
    unregister: (person) => void gone.add(person.uuid),
    unlink() {
      accounts.splice(0)
      for (const stream of streams) stream.end()
    },
    scan: () => onScan(),
    listeners: () => streams.size,
    dropStreams() {
      for (const stream of [...streams]) {
        streams.delete(stream)
        stream.destroy()
      }
    },
    deafen: (on) => void (deaf = on),
    async goOffline() {
      streams.clear()
      await loopback.goOffline()
    },
    goOnline: loopback.goOnline,
    async close() {
      clearInterval(signs)
      await loopback.close()
    },
  }
  return fake
}
