import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import { createLoopback, createWatch } from '../loopback.ts'

type Json = Record<string, unknown>

export interface BlueBubblesServerOptions {
  password?: string
  /** Whether its helper runs inside Messages: replies, edits, tapbacks, typing. Default true. */
  privateApi?: boolean
  own?: string
}

export interface BlueBubblesWords {
  /** A chat's guid. Default: the direct chat with the sender. */
  in?: string
  /** Mentions this account as Messages does it. */
  mention?: boolean
  replyTo?: string
  /** Further fields of the message, as on the wire. */
  extra?: Json
}

export interface BlueBubblesSent { guid: string; chat: string; text: string; file?: { bytes: Buffer; name: string; mimeType: string; as: 'image' | 'audio' | 'voice' | 'video' | 'document' }; replyTo: string | undefined; deleted: boolean; earlier: string[]; payload: Json }
export interface BlueBubblesFault { status?: number; body?: unknown; acceptThenReset?: boolean }

export interface BlueBubblesServer {
  url: string
  port: number
  password: string
  own: string
  group(name: string): string
  /** Somebody writes; returns the message's guid. */
  say(address: string, text: string, words?: BlueBubblesWords): string
  /** The same message shows up once more, as after a sync. */
  repeatLast(): void
  file(type: string, bytes: Buffer, name: string): Json
  sent: BlueBubblesSent[]
  /** Chats that were marked as read, with the messages in them by then. */
  read: Set<string>
  reactions: { guid: string; reaction: string }[]
  typing: string[]
  calls: Map<string, number>
  /** Queries as they were sent. */
  queries: Json[]
  /** Calls this address with every new message. */
  callAt(url: string | undefined): void
  nextSent(matches: (message: BlueBubblesSent) => boolean, timeoutMs?: number): Promise<BlueBubblesSent>
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
  /** The next call of the route (`POST /message/text`) goes wrong. */
  fault(route: string, fault: BlueBubblesFault): void
  /** The chat is gone. */
  removeChat(guid: string): void
  changePassword(): void
  deafen(on: boolean): void
  dropSockets(): void
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  close(): Promise<void>
}

/** A form with fields and files, as any HTTP server reads it. */
async function readForm(bytes: Buffer, type: string): Promise<Json> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  const read: Json = {}
  for (const [name, value] of form) read[name] = typeof value === 'string' ? value : { bytes: Buffer.from(await value.arrayBuffer()), type: value.type }
  return read
}

export async function startBlueBubblesServer(options: BlueBubblesServerOptions = {}): Promise<BlueBubblesServer> {
  const password = options.password ?? 'bluebubbles-password-0123456789'
  const own = options.own ?? '+4915550001'
  const messages: (Json & { guid: string; chat: string; dateCreated: number })[] = []
  const names = new Map<string, string>()
  const gone = new Set<string>()
  const files = new Map<string, { type: string; bytes: Buffer }>()
  const faults = new Map<string, BlueBubblesFault[]>()
  const calls = new Map<string, number>()
  const queries: Json[] = []
  const sent: BlueBubblesSent[] = []
  const read = new Set<string>()
  const reactions: BlueBubblesServer['reactions'] = []
  const typing: string[] = []
  let callUrl: string | undefined
  let valid = true
  let deaf = false
  let lastTime = 0
  const { changed, until } = createWatch()
  const now = (): number => (lastTime = Math.max(lastTime + 1, Date.now()))

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => request.socket.destroy()).finally(changed)
  })
  const loopback = createLoopback(server)

  function answer(response: ServerResponse, status: number, data: unknown): void {
    const body = status < 400 ? { status, message: 'Success', data } : { status, message: 'Failure', error: { type: 'Error', message: String(data) } }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  async function serve(request: HttpRequest, response: ServerResponse): Promise<void> {
    if (deaf) return
    const url = new URL(request.url ?? '/', 'http://fake')
    const parts = url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent)
    const known = ['message/text', 'message/attachment', 'message/react', 'message/query', 'chat/query', 'server/info', 'ping']
    const route = `${request.method ?? 'GET'} /${known.includes(parts.join('/')) ? parts.join('/') : [parts[0], ':guid', ...parts.slice(2)].join('/')}`
    calls.set(route, (calls.get(route) ?? 0) + 1)
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const type = request.headers['content-type'] ?? ''
    const body = type.startsWith('multipart/form-data') ? await readForm(bytes, type) : ((bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'))) as Json)
    const fault = faults.get(route)?.shift()
    if (fault?.status !== undefined) return void response.writeHead(fault.status).end(typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? { status: fault.status, message: 'fault', error: { message: 'fault' } }))
    if (!valid || url.searchParams.get('password') !== password) return answer(response, 401, 'Unauthorized')
    if (parts[0] === 'attachment') {
      const file = files.get(parts[1] ?? '')
      if (file === undefined) return answer(response, 404, 'Attachment does not exist!')
      return void response.writeHead(200, { 'content-type': file.type }).end(file.bytes)
    }
    const [status, data] = handle(route, parts, body)
    if (fault?.acceptThenReset === true) return void request.socket.destroy()
    answer(response, status, data)
  }

  const shown = (message: Json & { chat: string }): Json => {
    const { chat, ...rest } = message
    return { ...rest, chats: [{ guid: chat, displayName: names.get(chat) ?? '', style: chat.includes(';+;') ? 43 : 45 }] }
  }

  function handle(route: string, parts: string[], body: Json): [status: number, data: unknown] {
    const privately = options.privateApi !== false
    const ours = sent.find((one) => one.guid === parts[1] && !one.deleted)
    switch (route) {
      case 'GET /ping':
        return [200, 'pong']
      case 'GET /server/info':
        return [200, { os_version: '14.0', server_version: '1.9.9', private_api: privately, helper_connected: privately, detected_imessage: own }]
      case 'POST /message/query': {
        queries.push(body)
        const found = messages.filter((message) => message.dateCreated > Number(body['after'] ?? 0)).toSorted((a, b) => a.dateCreated - b.dateCreated)
        return [200, found.slice(Number(body['offset'] ?? 0), Number(body['offset'] ?? 0) + Number(body['limit'] ?? 100)).map(shown)]
      }
      case 'POST /chat/query':
        return [200, [...names].map(([guid, displayName]) => ({ guid, displayName, participants: [{}, {}] }))]
      case 'GET /message/:guid': {
        const message = messages.find((one) => one.guid === parts[1])
        return message === undefined ? [404, 'Message does not exist!'] : [200, shown(message)]
      }
      case 'POST /message/text': {
        const chat = String(body['chatGuid'])
        const target = body['selectedMessageGuid']
        if (gone.has(chat)) return [404, 'Chat does not exist!']
        if (String(body['message'] ?? '') === '') return [400, 'A message is required']
        if (!['apple-script', 'private-api'].includes(String(body['method'])) || (body['method'] === 'private-api' && !privately)) return [400, 'The Private API is not enabled']
        if (target !== undefined && !messages.some((message) => message.guid === target)) return [404, 'Message does not exist!']
        const message = { guid: randomUUID().toUpperCase(), chat, text: body['message'], isFromMe: true, dateCreated: now(), handle: null, attachments: [] }
        messages.push(message)
        sent.push({ guid: message.guid, chat, text: String(body['message']), replyTo: target as string | undefined, deleted: false, earlier: [], payload: body })
        return [200, shown(message)]
      }
      case 'POST /message/attachment': {
        const chat = String(body['chatGuid'])
        const file = body['attachment'] as { bytes: Buffer; type: string } | undefined
        const target = body['selectedMessageGuid']
        if (gone.has(chat)) return [404, 'Chat does not exist!']
        if (file === undefined || file.bytes.length === 0) return [400, 'Attachment not provided or was empty!']
        if (typeof body['name'] !== 'string' || typeof body['tempGuid'] !== 'string') return [400, 'Attachment name not provided!']
        if (!['apple-script', 'private-api'].includes(String(body['method'])) || (body['method'] === 'private-api' && !privately)) return [400, 'The Private API is not enabled']
        if (target !== undefined && !messages.some((message) => message.guid === target)) return [404, 'Message does not exist!']
        const message = { guid: randomUUID().toUpperCase(), chat, text: '\ufffc', isFromMe: true, dateCreated: now(), handle: null, attachments: [{ guid: randomUUID().toUpperCase(), mimeType: file.type, transferName: body['name'], totalBytes: file.bytes.length }] }
        messages.push(message)
        const [family = ''] = file.type.split('/')
        const as = body['isAudioMessage'] === 'true' ? 'voice' : family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
        sent.push({ guid: message.guid, chat, text: '', file: { bytes: file.bytes, name: body['name'], mimeType: file.type, as }, replyTo: target as string | undefined, deleted: false, earlier: [], payload: { ...body, attachment: undefined } })
        return [200, shown(message)]
      }
      case 'POST /message/:guid/edit':
        if (ours === undefined) return [404, 'Message does not exist!']
        if (ours.text !== body['editedMessage']) ours.earlier.push(ours.text)
        ours.text = String(body['editedMessage'])
        return [200, {}]
      case 'POST /message/:guid/unsend':
        if (ours === undefined) return [404, 'Message does not exist!']
        ours.deleted = true
        return [200, {}]
      case 'POST /message/react':
        if (!messages.some((message) => message.guid === body['selectedMessageGuid'])) return [404, 'Message does not exist!']
        reactions.push({ guid: String(body['selectedMessageGuid']), reaction: String(body['reaction']) })
        return [200, {}]
      case 'POST /chat/:guid/typing':
        typing.push(parts[1] ?? '')
        return [200, {}]
      case 'POST /chat/:guid/read':
        for (const message of messages) if (message.chat === parts[1]) read.add(message.guid)
        return [200, {}]
      default:
        return [404, 'Not found']
    }
  }

  await loopback.listen()
  const port = loopback.port()

  const fake: BlueBubblesServer = {
    url: `http://127.0.0.1:${port}`, port, password, own, sent, read, reactions, typing, calls, queries,
    group(name) {
      const guid = `iMessage;+;chat${String(100_000 + names.size)}`
      names.set(guid, name)
      return guid
    },
    say(address, text, words = {}) {
      const message = {
        guid: randomUUID().toUpperCase(), chat: words.in ?? `iMessage;-;${address}`, text, isFromMe: false, dateCreated: now(), handle: { address }, attachments: [], itemType: 0, groupActionType: 0, associatedMessageType: null,
        attributedBody: [{ string: text, runs: words.mention === true ? [{ range: [0, 1], attributes: { __kIMMentionConfirmedMention: own } }] : [{ range: [0, text.length], attributes: {} }] }],
        ...(words.replyTo === undefined ? {} : { threadOriginatorGuid: words.replyTo }), ...words.extra,
      }
      messages.push(message)
      if (callUrl !== undefined) fetch(callUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ type: 'new-message', data: shown(message) }) }).catch(() => undefined)
      changed()
      return message.guid
    },
    repeatLast() {
      const last = messages.findLast((message) => message['isFromMe'] === false)
      if (last !== undefined) messages.push({ ...last, dateCreated: now() })
    },
    file(type, bytes, name) {
      const guid = randomUUID().toUpperCase()
      files.set(guid, { type, bytes })
      return { guid, mimeType: type, transferName: name, totalBytes: bytes.length }
    },
    callAt: (url) => void (callUrl = url),
    nextSent: async (matches, timeoutMs) => {
      await until(() => sent.some(matches), 'a message of the account', timeoutMs)
      return sent.find(matches) as BlueBubblesSent
    },
    until,
    fault(route, fault) {
      faults.set(route, [...(faults.get(route) ?? []), fault])
    },
    removeChat: (guid) => void gone.add(guid),
    changePassword: () => void (valid = false),
    deafen: (on) => void (deaf = on),
    dropSockets: loopback.dropSockets,
    goOffline: loopback.goOffline,
    goOnline: loopback.goOnline,
    close: loopback.close,
  }
  return fake
}
