import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import { buttonsOf, createUploads, judgeBlocks, type SharedFile } from './post-rules.ts'
import { attachSocketMode, type FakeSocketMode } from './socket-mode.ts'
import { createLoopback, createWatch } from '../loopback.ts'

export interface SlackServerOptions {
  botToken?: string
  appToken?: string
  /** What the app may do; told to it with every answer. Absent: everything. */
  scopes?: string[]
}

export interface SlackPerson { id: string; name: string; bot: string | undefined; team: string }
export interface SlackPlace { id: string; name: string | undefined; kind: 'im' | 'mpim' | 'channel' }

type Json = Record<string, unknown>

export interface SlackWords {
  in?: SlackPlace
  /** The timestamp of the message whose thread it belongs to. */
  thread?: string
  /** Mentions the app as Slack's clients do it. */
  mention?: boolean
  /** Further fields of the message, as on the wire. */
  extra?: Json
}

/** One message of ours as it stands in the chat. */
export interface SlackSent {
  id: string
  channel: string
  /** As people read it: without Slack's escapes. */
  text: string
  thread: string | undefined
  deleted: boolean
  /** What people saw before each edit. */
  earlier: string[]
  payload: Json
  file: SharedFile | undefined
  /** What can be pressed now. */
  buttons: { label: string; value: string; action: string }[]
}

export interface SlackFault { status?: number; body?: unknown; headers?: Record<string, string>; acceptThenReset?: boolean }

export interface SlackServer {
  apiRoot: string
  port: number
  botToken: string
  appToken: string
  signingSecret: string
  team: string
  bot: { user: string; bot: string; name: string }
  socket: FakeSocketMode
  person(name: string, facts?: { bot?: boolean; team?: string }): SlackPerson
  rename(person: SlackPerson, name: string): void
  channel(name: string, kind?: 'channel' | 'mpim'): SlackPlace
  direct(person: SlackPerson): SlackPlace
  /** Somebody writes; returns the message as it went over the wire. */
  say(person: SlackPerson, text: string, words?: SlackWords): Json & { ts: string; channel: string }
  /** Somebody changes what they wrote, or takes it away. */
  change(message: Json & { ts: string; channel: string }, text: string | undefined): void
  command(person: SlackPerson, name: string, text: string, facts?: { in?: SlackPlace; extra?: Json }): string
  press(person: SlackPerson, value: string, message: { channel: string; id: string; thread?: string | undefined }): string
  /** Somebody presses the button with this label under a message of ours. */
  tap(person: SlackPerson, id: string, label: string): string
  react(person: SlackPerson, place: SlackPlace, ts: string, name: string, removed?: boolean): void
  /** Any event as Slack wraps it. */
  event(event: Json, extra?: Json): void
  /** A file on Slack's file host; returns it as on the wire. */
  file(name: string, type: string, bytes: Buffer): Json
  sent: SlackSent[]
  /** Names of reactions of ours by channel and timestamp. */
  reactions: Map<string, string[]>
  /** Timestamps of what is pinned, by channel. */
  pins: Map<string, string[]>
  statuses: { channel: string; thread: string; status: string }[]
  /** How often each method was called (`chat.postMessage`). */
  calls: Map<string, number>
  /** Delivers what a socket would bring to an address instead, signed. Resolves with the answer. */
  deliver(url: string, body: Json | string, facts?: { type?: string; timestamp?: number; signature?: string; headers?: Record<string, string> }): Promise<{ status: number; type: string | null; text: string }>
  /** Events go to this address from now on, in order, each until it is answered 200. Undefined: to the socket. */
  deliverTo(url: string | undefined): void
  nextSent(matches: (message: SlackSent) => boolean, timeoutMs?: number): Promise<SlackSent>
  /** Resolves once the condition holds, looked at after every event. */
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
  /** Whether the message was acknowledged, by socket or by HTTP. */
  acknowledged(ts: string): boolean
  /** The next call of the method, or of whichever of them comes first, goes wrong. */
  fault(method: string | readonly string[], fault: SlackFault): void
  /** From now on a file is shown in the chat only after it was asked about so often. Default 1: Slack is never done at once. */
  showFilesAfter(questions: number): void
  /** Everything the app says is refused for good in this place. */
  block(place: SlackPlace): void
  /** Socket names its own address; a test may name another. */
  socketUrl: string | undefined
  /** The bytes of files are taken at the server's own address; a test may name another way to it. */
  uploadsAt: string | undefined
  revokeTokens(): void
  /** Nothing that is written reaches the app any more, now or later; history has it. */
  loseEvents(on: boolean): void
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  close(): Promise<void>
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const unescape = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

export async function startSlackServer(options: SlackServerOptions = {}): Promise<SlackServer> {
  const botToken = options.botToken ?? 'xoxb-1234567890-fakefakefake'
  const appToken = options.appToken ?? 'xapp-1-A111-1234567890-fakefakefake'
  const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5'
  const team = 'T0HOME'
  const bot = { user: 'U0BOTUSER', bot: 'B0BOT', name: 'molt_test' }
  const people = new Map<string, SlackPerson>()
  const places = new Map<string, SlackPlace>()
  const directs = new Map<string, SlackPlace>()
  const history = new Map<string, (Json & { ts: string; channel: string; user?: string })[]>()
  const files = new Map<string, { type: string; bytes: Buffer }>()
  const faults = new Map<string, SlackFault[]>()
  const blocked = new Set<string>()
  const httpAcknowledged = new Set<string>()
  let httpQueue: Promise<unknown> = Promise.resolve()
  let httpUrl: string | undefined
  let revoked = false
  let losing = false
  let lastId = 0
  let lastTime = 0
  const { changed, until } = createWatch()
  const nextId = (prefix: string): string => `${prefix}0${String(++lastId).padStart(5, '0')}`
  const nextTime = (): string => {
    lastTime = Math.max(lastTime + 1, Date.now() * 1_000)
    return `${Math.floor(lastTime / 1_000_000)}.${String(lastTime % 1_000_000).padStart(6, '0')}`
  }

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => {
      if (!response.headersSent) answer(response, 500, { ok: false, error: String(error) })
    }).finally(changed)
  })
  const loopback = createLoopback(server)
  const socket = attachSocketMode(server, changed)

  function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text), ...headers }).end(text)
  }

  async function readForm(request: HttpRequest): Promise<Json> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')))
  }

  async function serve(request: HttpRequest, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (path.startsWith('/files-pri/')) {
      const file = files.get(path)
      // Without the token Slack shows its sign-in page.
      if (request.headers.authorization !== `Bearer ${botToken}`) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>')
      if (file === undefined) return answer(response, 404, {})
      return void response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length }).end(file.bytes)
    }
    if (path.startsWith('/upload/v1/')) {
      const taken = await uploads.take(path, request)
      calls.set('upload', (calls.get('upload') ?? 0) + 1)
      return answer(response, taken.status, taken.text, { 'content-type': 'text/plain' })
    }
    const method = path.replace('/api/', '')
    calls.set(method, (calls.get(method) ?? 0) + 1)
    const form = await readForm(request)
    const fault = faults.get(method)?.shift()
    for (const list of faults.values()) if (fault !== undefined && list.includes(fault)) list.splice(list.indexOf(fault), 1)
    if (fault?.status !== undefined) return answer(response, fault.status, fault.body ?? 'broken', fault.headers)
    const wanted = method === 'apps.connections.open' ? appToken : botToken
    if (revoked || request.headers.authorization !== `Bearer ${wanted}`) return answer(response, 200, { ok: false, error: 'invalid_auth' })
    const result = handle(method, form)
    if (fault?.acceptThenReset === true) return void request.socket.destroy()
    answer(response, 200, fault?.body ?? result, options.scopes === undefined ? {} : { 'x-oauth-scopes': options.scopes.join(',') })
  }

  const uploads = createUploads(() => fake.uploadsAt ?? `http://127.0.0.1:${loopback.port()}`, () => nextId('F'))
  const calls = new Map<string, number>()
  const no = (error: string): Json => ({ ok: false, error })
  const inPlace = (channel: string): (Json & { ts: string; channel: string; user?: string })[] => history.get(channel) ?? []

  function handle(method: string, form: Json): Json {
    const channel = String(form['channel'] ?? form['channel_id'] ?? '')
    const place = places.get(channel)
    const byTime = (ts: unknown): (Json & { ts: string; channel: string; user?: string }) | undefined => inPlace(channel).find((message) => message.ts === ts)
    switch (method) {
      case 'auth.test':
        return { ok: true, url: 'https://test.slack.com/', team: 'Household', user: bot.name, team_id: team, user_id: bot.user, bot_id: bot.bot }
      case 'apps.connections.open':
        return { ok: true, url: fake.socketUrl ?? socket.ticket(port) }
      case 'users.info': {
        const person = people.get(String(form['user']))
        return person === undefined ? no('user_not_found') : { ok: true, user: { id: person.id, team_id: person.team, name: person.name.toLowerCase(), profile: { display_name: person.name, real_name: person.name } } }
      }
      case 'conversations.info':
        return place === undefined ? no('channel_not_found') : { ok: true, channel: { id: place.id, ...(place.name === undefined ? {} : { name: place.name }), is_im: place.kind === 'im' } }
      case 'users.conversations':
        return page([...places.values()].filter((each) => each.kind !== 'im').map(({ id, name }) => ({ id, name, num_members: 2 })), form, 'channels')
      case 'conversations.open': {
        const person = people.get(String(form['users']))
        return person === undefined ? no('user_not_found') : { ok: true, channel: { id: direct(person).id } }
      }
      case 'conversations.history': {
        if (place === undefined) return no('channel_not_found')
        const oldest = String(form['oldest'] ?? '0')
        const found = inPlace(channel).filter((message) => message.ts > oldest && (message['thread_ts'] === undefined || message['thread_ts'] === message.ts)).toReversed()
        return page(found.map((message) => withReplies(message)), form)
      }
      case 'conversations.replies': {
        const root = byTime(form['ts'])
        if (place === undefined) return no('channel_not_found')
        if (root === undefined) return no('thread_not_found')
        const oldest = String(form['oldest'] ?? '0')
        const replies = inPlace(channel).filter((message) => message['thread_ts'] === root.ts && message.ts !== root.ts && message.ts > oldest)
        return page([withReplies(root), ...replies], form)
      }
      case 'chat.postMessage':
        return post(place, form)
      case 'chat.update': {
        const ours = sent.find((one) => one.id === form['ts'] && one.channel === channel && !one.deleted)
        if (place === undefined) return no('channel_not_found')
        if (ours === undefined) return no('message_not_found')
        const blocks = form['blocks'] === undefined ? undefined : (JSON.parse(String(form['blocks'])) as Json[])
        if (blocks !== undefined && !judgeBlocks(blocks)) return no('invalid_blocks')
        if (String(form['text'] ?? '') === '' && (blocks === undefined || blocks.length === 0)) return no('no_text')
        // What is not named stays as it was.
        if (blocks !== undefined) ours.buttons = buttonsOf(blocks)
        if (ours.text !== unescape(String(form['text']))) ours.earlier.push(ours.text)
        ours.text = unescape(String(form['text'] ?? ''))
        const message = byTime(ours.id)
        if (message !== undefined) message['text'] = form['text'] ?? ''
        return { ok: true, channel, ts: ours.id, text: form['text'] }
      }
      case 'chat.delete': {
        const ours = sent.find((one) => one.id === form['ts'] && one.channel === channel && !one.deleted)
        if (ours === undefined) return no('message_not_found')
        ours.deleted = true
        history.set(channel, inPlace(channel).filter((message) => message.ts !== ours.id))
        return { ok: true, channel, ts: ours.id }
      }
      case 'reactions.get': {
        if (byTime(form['timestamp']) === undefined) return no('message_not_found')
        return { ok: true, type: 'message', message: { reactions: (reactions.get(`${channel}/${String(form['timestamp'])}`) ?? []).map((name) => ({ name, users: [bot.user], count: 1 })) } }
      }
      case 'reactions.add': {
        const key = `${channel}/${String(form['timestamp'])}`
        if (byTime(form['timestamp']) === undefined) return no('message_not_found')
        if ((reactions.get(key) ?? []).includes(String(form['name']))) return no('already_reacted')
        reactions.set(key, [...(reactions.get(key) ?? []), String(form['name'])])
        return { ok: true }
      }
      case 'reactions.remove': {
        const key = `${channel}/${String(form['timestamp'])}`
        if (!(reactions.get(key) ?? []).includes(String(form['name']))) return no('no_reaction')
        reactions.set(key, (reactions.get(key) ?? []).filter((name) => name !== form['name']))
        return { ok: true }
      }
      case 'pins.add':
      case 'pins.remove': {
        if (options.scopes !== undefined && !options.scopes.includes('pins:write')) return { ...no('missing_scope'), needed: 'pins:write' }
        if (place === undefined) return no('channel_not_found')
        const ts = String(form['timestamp'] ?? '')
        if (byTime(ts) === undefined) return no(ts === '' ? 'no_item_specified' : 'message_not_found')
        const before = pins.get(channel) ?? []
        if (method === 'pins.add' ? before.includes(ts) : !before.includes(ts)) return no(method === 'pins.add' ? 'already_pinned' : 'no_pin')
        pins.set(channel, method === 'pins.add' ? [...before, ts] : before.filter((one) => one !== ts))
        return { ok: true }
      }
      case 'files.getUploadURLExternal':
        if (options.scopes !== undefined && !options.scopes.includes('files:write')) return { ...no('missing_scope'), needed: 'files:write' }
        return uploads.begin(form)
      case 'files.completeUploadExternal': {
        const file = uploads.complete(form)
        if (typeof file === 'string') return no(file)
        return post(place, { ...form, channel }, file)
      }
      case 'files.info':
        return uploads.info(String(form['file']))
      case 'assistant.threads.setStatus':
        statuses.push({ channel, thread: String(form['thread_ts']), status: String(form['status']) })
        return { ok: true }
      default:
        return no('unknown_method')
    }
  }

  function withReplies(message: Json & { ts: string; channel: string }): Json {
    const replies = inPlace(message.channel).filter((other) => other['thread_ts'] === message.ts && other.ts !== message.ts)
    return replies.length === 0 ? message : { ...message, thread_ts: message.ts, reply_count: replies.length, latest_reply: replies.at(-1)?.ts }
  }

  function page(all: Json[], form: Json, under = 'messages'): Json {
    const shows = (message: Json): boolean => ((message['files'] ?? []) as { id: string }[]).every(({ id }) => uploads.isShown(id))
    const messages = all.filter(shows)
    const start = Number(form['cursor'] ?? 0)
    const limit = Number(form['limit'] ?? 100)
    const more = messages.length > start + limit
    const shown = messages.slice(start, start + limit).map((message) => {
      const { metadata, channel: _channel, ...rest } = message
      return form['include_all_metadata'] === 'true' && metadata !== undefined ? { ...rest, metadata } : rest
    })
    return { ok: true, [under]: shown, has_more: more, response_metadata: { next_cursor: more ? String(start + limit) : '' } }
  }

  function post(place: SlackPlace | undefined, form: Json, file?: SharedFile): Json {
    if (place === undefined) return no('channel_not_found')
    if (blocked.has(place.id)) return no('is_archived')
    const text = String((file === undefined ? form['text'] : form['initial_comment']) ?? '')
    const blocks = form['blocks'] === undefined ? [] : (JSON.parse(String(form['blocks'])) as Json[])
    if (text.trim() === '' && file === undefined && blocks.length === 0) return no('no_text')
    if (!judgeBlocks(blocks)) return no('invalid_blocks')
    const thread = form['thread_ts'] === undefined ? undefined : String(form['thread_ts'])
    if (thread !== undefined && !inPlace(place.id).some((message) => message.ts === thread)) return no('thread_not_found')
    const ts = nextTime()
    const message: Json & { ts: string; channel: string } = {
      type: 'message', channel: place.id, ts, user: bot.user, bot_id: bot.bot, team, text, ...(thread === undefined ? {} : { thread_ts: thread }),
      ...(form['metadata'] === undefined ? {} : { metadata: JSON.parse(String(form['metadata'])) as Json }),
      ...(file === undefined ? {} : { subtype: 'file_share', files: [{ id: file.id, name: file.name, mimetype: file.type, size: file.bytes.length, mode: 'hosted' }] }),
    }
    if (file !== undefined) uploads.shared(file.id, place.id, ts)
    history.set(place.id, [...inPlace(place.id), message])
    sent.push({ id: ts, channel: place.id, text: unescape(text.slice(0, 40_000)), thread, deleted: false, earlier: [], payload: form, file, buttons: buttonsOf(blocks) })
    // The app hears its own words, too.
    tell({ ...message, channel_type: place.kind })
    // Where a file went Slack does not say: the message is made a moment later.
    return file === undefined ? { ok: true, channel: place.id, ts, message } : { ok: true, files: [{ id: file.id, title: file.name }] }
  }

  function wrap(event: Json, extra: Json = {}): Json {
    return {
      token: 'x', team_id: team, api_app_id: 'A111', type: 'event_callback', event_id: nextId('Ev'), event_time: Math.floor(Date.now() / 1_000),
      authorizations: [{ enterprise_id: null, team_id: team, user_id: bot.user, is_bot: true, is_enterprise_install: false }], event, ...extra,
    }
  }

  function tell(event: Json, extra: Json = {}): void {
    dispatch('events_api', wrap(event, extra), typeof event['ts'] === 'string' && event['type'] === 'message' ? event['ts'] : undefined)
  }

  function dispatch(type: string, body: Json, ts: string | undefined): void {
    if (losing) return
    if (httpUrl === undefined) socket.push(type, body, ts)
    else {
      const url = httpUrl
      httpQueue = httpQueue.then(async () => {
        for (let attempt = 0; attempt < 100; attempt++) {
          const { status } = await fake.deliver(url, type === 'events_api' ? body : formOf(type, body), {
            ...(type === 'events_api' ? {} : { type: 'application/x-www-form-urlencoded' }), headers: attempt === 0 ? {} : { 'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': 'http_error' },
          }).catch(() => ({ status: 0 }))
          if (status === 200) {
            if (ts !== undefined) httpAcknowledged.add(ts)
            return changed()
          }
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      })
    }
    changed()
  }

  const formOf = (type: string, body: Json): string =>
    new URLSearchParams(type === 'interactive' ? { payload: JSON.stringify(body) } : Object.fromEntries(Object.entries(body).map(([key, value]) => [key, String(value)]))).toString()

  function direct(person: SlackPerson): SlackPlace {
    const before = directs.get(person.id)
    if (before !== undefined) return before
    const place: SlackPlace = { id: nextId('D'), name: undefined, kind: 'im' }
    directs.set(person.id, place)
    places.set(place.id, place)
    return place
  }

  const sent: SlackSent[] = []
  const reactions = new Map<string, string[]>()
  const pins = new Map<string, string[]>()
  const statuses: SlackServer['statuses'] = []

  await loopback.listen()
  const port = loopback.port()

  const fake: SlackServer = {
    apiRoot: `http://127.0.0.1:${port}/api`, port, botToken, appToken, signingSecret, team, bot, socket, sent, reactions, pins, statuses, calls, socketUrl: undefined, uploadsAt: undefined,
    person(name, facts = {}) {
      const person: SlackPerson = { id: nextId('U'), name, bot: facts.bot === true ? nextId('B') : undefined, team: facts.team ?? team }
      people.set(person.id, person)
      return person
    },
    rename(person, name) {
      person.name = name
      tell({ type: 'user_change', user: { id: person.id, name } })
    },
    channel(name, kind = 'channel') {
      const place: SlackPlace = { id: nextId('C'), name, kind }
      places.set(place.id, place)
      return place
    },
    direct,
    say(person, text, words = {}) {
      const place = words.in ?? direct(person)
      const ts = nextTime()
      const root = words.thread === undefined ? undefined : inPlace(place.id).find((message) => message.ts === words.thread)
      const message: Json & { ts: string; channel: string } = {
        type: 'message', channel: place.id, ts, user: person.id, team: person.team, text: `${words.mention === true ? `<@${bot.user}> ` : ''}${escape(text)}`,
        ...(person.bot === undefined ? { client_msg_id: `client-${ts}` } : { bot_id: person.bot, bot_profile: { name: person.name } }),
        ...(words.thread === undefined ? {} : { thread_ts: words.thread, ...(root?.user === undefined ? {} : { parent_user_id: root.user }) }), ...words.extra,
      }
      history.set(place.id, [...inPlace(place.id), message])
      tell({ ...message, channel_type: place.kind, event_ts: ts })
      // An app that may hear both gets both.
      if (words.mention === true && place.kind === 'channel') tell({ ...message, type: 'app_mention', event_ts: ts })
      return message
    },
    change(message, text) {
      const subtype = text === undefined ? 'message_deleted' : 'message_changed'
      const previous = { ...message }
      history.set(message.channel, inPlace(message.channel).flatMap((one) => (one.ts !== message.ts ? [one] : text === undefined ? [] : [{ ...one, text: escape(text) }])))
      tell({
        type: 'message', subtype, hidden: true, channel: message.channel, channel_type: places.get(message.channel)?.kind, ts: nextTime(), previous_message: previous,
        ...(text === undefined ? { deleted_ts: message.ts } : { message: { ...message, text: escape(text), edited: { user: message['user'], ts: nextTime() } } }),
      })
    },
    command(person, name, text, facts = {}) {
      const place = facts.in ?? direct(person)
      const trigger = `${nextId('1')}.${nextId('2')}.fake`
      dispatch('slash_commands', {
        token: 'x', team_id: person.team, team_domain: 'test', channel_id: place.id, channel_name: place.kind === 'im' ? 'directmessage' : place.name, user_id: person.id, user_name: person.name,
        command: `/${name}`, text, api_app_id: 'A111', response_url: `http://127.0.0.1:${port}/response`, trigger_id: trigger, ...facts.extra,
      }, `command-${trigger}`)
      return trigger
    },
    press(person, value, message) {
      const trigger = `${nextId('1')}.${nextId('2')}.fake`
      dispatch('interactive', {
        type: 'block_actions', user: { id: person.id, team_id: person.team }, api_app_id: 'A111', container: { type: 'message', message_ts: message.id, channel_id: message.channel, ...(message.thread === undefined ? {} : { thread_ts: message.thread }) },
        trigger_id: trigger, team: { id: team }, channel: { id: message.channel }, actions: [{ action_id: 'a', block_id: 'b', type: 'button', value }], response_url: `http://127.0.0.1:${port}/response`,
      }, `press-${trigger}`)
      return trigger
    },
    tap(person, id, label) {
      const ours = sent.find((one) => one.id === id && !one.deleted)
      const button = ours?.buttons.find((one) => one.label === label)
      if (ours === undefined || button === undefined) throw new Error(`there is no button "${label}" to press`)
      return fake.press(person, button.value, ours)
    },
    react(person, place, ts, name, removed = false) {
      tell({ type: removed ? 'reaction_removed' : 'reaction_added', user: person.id, reaction: name, item: { type: 'message', channel: place.id, ts }, event_ts: nextTime() })
    },
    event: tell,
    file(name, type, bytes) {
      const id = nextId('F')
      const path = `/files-pri/${team}-${id}/${name}`
      files.set(path, { type, bytes })
      return { id, name, title: name, mimetype: type, size: bytes.length, mode: 'hosted', url_private: `http://127.0.0.1:${port}${path}`, permalink: `https://test.slack.com/files/${id}` }
    },
    async deliver(url, body, facts = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const timestamp = facts.timestamp ?? Math.floor(Date.now() / 1_000)
      const signature = facts.signature ?? `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:${text}`).digest('hex')}`
      const response = await fetch(url, {
        method: 'POST', body: text,
        headers: { 'content-type': facts.type ?? 'application/json', 'x-slack-request-timestamp': String(timestamp), 'x-slack-signature': signature, ...facts.headers },
      })
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
    },
    deliverTo: (url) => void (httpUrl = url),
    nextSent: async (matches, timeoutMs) => {
      await until(() => sent.some(matches), 'a message of the app', timeoutMs)
      return sent.find(matches) as SlackSent
    },
    until,
    acknowledged: (ts) => socket.acknowledged(ts) || httpAcknowledged.has(ts),
    fault(method, fault) {
      for (const one of typeof method === 'string' ? [method] : method) faults.set(one, [...(faults.get(one) ?? []), fault])
    },
    showFilesAfter: (questions) => uploads.showAfter(questions),
    block: (place) => void blocked.add(place.id),
    revokeTokens() {
      revoked = true
      socket.disconnect('refresh_requested')
    },
    loseEvents: (on) => void (losing = on),
    goOffline: loopback.goOffline,
    goOnline: loopback.goOnline,
    async close() {
      socket.stop()
      await loopback.close()
    },
  }
  return fake
}
