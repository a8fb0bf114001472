import { createServer, type IncomingMessage as HttpRequest, type ServerResponse } from 'node:http'
import { attachGateway, type FakeGateway } from './gateway.ts'
import { cleanName, judgeMessage, problem, readUpload, shownAs, type UploadedFile } from './post-rules.ts'
import { createLoopback, createWatch } from '../loopback.ts'

export interface DiscordServerOptions {
  token?: string
  /** How often the gateway asks for a heartbeat. Default 41,250, as Discord says. Less for a clock that runs fast: a line that was not answered for 90 s is dead. */
  heartbeatMs?: number
  /** Whether the application has the Message Content Intent. Default true. */
  messageContent?: boolean
}

export interface DiscordPerson { id: string; username: string; global_name: string | null; bot: boolean }
/** A channel of a server, a thread in one, or (type 1) a direct chat. */
export interface DiscordPlace { id: string; type: number; name?: string; guild_id?: string; parent_id?: string }

type Json = Record<string, unknown>

export interface DiscordWords {
  in?: DiscordPlace
  /** Mentions the bot as Discord's clients do it. */
  mention?: boolean
  replyTo?: string
  /** Further fields of the message, as on the wire. */
  extra?: Json
}

/** One message of ours as it stands in the chat. */
export interface DiscordSent {
  id: string
  channelId: string
  text: string
  nonce: string | undefined
  replyTo: string | undefined
  deleted: boolean
  /** What people saw before each edit. */
  earlier: string[]
  reactions: string[]
  payload: Json
  /** What came with it, under the names Discord gave, and how it is shown. */
  files: { name: string; type: string; bytes: Buffer; as: 'image' | 'audio' | 'voice' | 'video' | 'document' }[]
  /** Names of the stickers it shows. */
  stickers: string[]
  /** What can be pressed now. */
  buttons: { label: string; customId: string }[]
}

export interface DiscordFault { status?: number; body?: Json; headers?: Record<string, string>; acceptThenReset?: boolean; hang?: boolean }

export interface DiscordServer {
  apiRoot: string
  port: number
  token: string
  bot: DiscordPerson
  gateway: FakeGateway
  guildId: string
  /** The bot's own role in the server. */
  roleId: string
  person(name: string, facts?: { bot?: boolean }): DiscordPerson
  rename(person: DiscordPerson, name: string): void
  channel(name: string): DiscordPlace
  thread(parent: DiscordPlace, name: string): DiscordPlace
  direct(person: DiscordPerson): DiscordPlace
  /** Somebody writes; returns the message as it went over the wire. */
  say(person: DiscordPerson, text: string, words?: DiscordWords): Json & { id: string; channel_id: string }
  /** Somebody uses a slash command or presses a button. */
  interact(person: DiscordPerson, data: Json, facts: { type: 2 | 3; in?: DiscordPlace; message?: Json; context?: number }): string
  /** Somebody presses the button with this label under a message of ours. */
  tap(person: DiscordPerson, messageId: string, label: string): string
  react(person: DiscordPerson, place: DiscordPlace, messageId: string, emoji: string, removed?: boolean): void
  /** A file on the CDN; returns its attachment as on the wire. */
  file(name: string, type: string, bytes: Buffer): Json
  /** The server has a sticker of this name from now on; returns its id. */
  sticker(name: string): string
  /** What is pinned there, the latest first. */
  pinnedIn(place: DiscordPlace): string[]
  sent: DiscordSent[]
  /** Answers to interactions, in order. */
  callbacks: { id: string; type: number; content: string | undefined }[]
  /** What was said to a person after the first answer, by interaction. */
  later: { id: string; content: unknown; edits: boolean }[]
  typing: string[]
  commands: Json[]
  /** How often each route was called (`POST /channels/:id/messages`). */
  calls: Map<string, number>
  nextSent(matches: (message: DiscordSent) => boolean, timeoutMs?: number): Promise<DiscordSent>
  /** Resolves once the condition holds, looked at after every event. */
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
  /** The next call of the route (`POST /channels/:id/messages`) goes wrong. */
  fault(route: string, fault: DiscordFault): void
  blockDirect(person: DiscordPerson): void
  revokeToken(): void
  setMessageContent(on: boolean): void
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  close(): Promise<void>
}

const contentIntent = 1 << 15
const contentFlag = 1 << 19
const guildMessages = 1 << 9
const guildReactions = 1 << 10
const directMessages = 1 << 12
const directReactions = 1 << 13
const discordEpoch = 1_420_070_400_000n

export async function startDiscordServer(options: DiscordServerOptions = {}): Promise<DiscordServer> {
  let lastSnowflake = 0n
  const snowflake = (): string => {
    const now = (BigInt(Date.now()) - discordEpoch) << 22n
    lastSnowflake = now > lastSnowflake ? now : lastSnowflake + 1n
    return String(lastSnowflake)
  }
  const token = options.token ?? 'fake.discord.token-0123456789'
  const bot: DiscordPerson = { id: snowflake(), username: 'molt_test_bot', global_name: null, bot: true }
  const applicationId = snowflake()
  const guildId = snowflake()
  const roleId = snowflake()
  const people = new Map<string, DiscordPerson>()
  const places = new Map<string, DiscordPlace>()
  const directs = new Map<string, DiscordPlace>()
  const messages = new Map<string, Json & { id: string; channel_id: string; author: DiscordPerson; nonce?: string }>()
  const files = new Map<string, { type: string; bytes: Buffer }>()
  const faults = new Map<string, DiscordFault[]>()
  const blocked = new Set<string>()
  let revoked = false
  let content = options.messageContent ?? true
  const { changed, until } = createWatch()

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => {
      if (!response.headersSent) answer(response, 500, { message: String(error), code: 0 })
    }).finally(changed)
  })
  const loopback = createLoopback(server)
  const gateway = attachGateway(server, {
    token: () => token, revoked: () => revoked, allowedIntents: () => (content ? contentIntent : 0), heartbeatMs: options.heartbeatMs ?? 41_250, changed,
    resumeUrl: () => `ws://127.0.0.1:${loopback.port()}/gateway/resume`,
    ready: () => ({ user: bot, guilds: [{ id: guildId, unavailable: true }], application: { id: applicationId, flags: content ? contentFlag : 0 } }),
    guilds: () => [{
      id: guildId, name: 'Household', channels: [...places.values()].filter((place) => place.type === 0), threads: [...places.values()].filter((place) => place.type === 11),
      roles: [{ id: roleId, name: bot.username, tags: { bot_id: bot.id } }], members: [],
    }],
  })

  function answer(response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void {
    if (body === undefined) return void response.writeHead(status, headers).end()
    const text = JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers }).end(text)
  }

  async function serve(request: HttpRequest, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake')
    if (url.pathname.startsWith('/cdn/')) {
      const file = files.get(url.pathname)
      if (file === undefined) return answer(response, 404, {})
      response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length }).end(file.bytes)
      return
    }
    const path = url.pathname.replace('/api/v10', '').replaceAll('%40', '@')
    const route = `${request.method ?? 'GET'} ${path.replace(/\/reactions\/[^/]+/, '/reactions/:emoji').replace(/\/interactions\/\d+\/[^/]+/, '/interactions/:id/:token').replace(/\/webhooks\/\d+\/[^/]+/, '/webhooks/:id/:token').replace(/\/\d+/g, '/:id')}`
    server.emit('call', route)
    calls.set(route, (calls.get(route) ?? 0) + 1)
    const { body, files: uploaded, refusal } = await readUpload(request)
    const fault = faults.get(route)?.shift()
    if (fault?.hang === true) return
    if (fault?.status !== undefined) return answer(response, fault.status, fault.body ?? { message: 'fault', code: 0 }, fault.headers)
    if (!url.pathname.startsWith('/api/v10/')) return answer(response, 404, { message: '404: Not Found', code: 0 })
    const open = route.startsWith('POST /interactions/') || route.includes('/webhooks/')
    if (!open && (revoked || request.headers.authorization !== `Bot ${token}`)) return answer(response, 401, { message: '401: Unauthorized', code: 0 })
    if (refusal !== undefined) return answer(response, refusal.status, refusal.body)
    const reset = fault?.acceptThenReset === true
    const reply = (status: number, value?: unknown): void => {
      if (reset) request.socket.destroy()
      else answer(response, status, value, { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '999', 'x-ratelimit-reset-after': '1', 'x-ratelimit-bucket': route.replaceAll(/\W+/g, '-') })
    }
    handle(route, path.split('/').filter((part) => part !== '').map(decodeURIComponent), url.searchParams, body, uploaded, reply)
  }

  const calls = new Map<string, number>()

  function handle(route: string, parts: string[], query: URLSearchParams, body: Json, uploaded: readonly UploadedFile[], reply: (status: number, value?: unknown) => void): void {
    const place = places.get(parts[1] ?? '')
    if (parts[0] === 'channels' && place === undefined) return reply(404, problem(10_003, 'Unknown Channel'))
    const message = messages.get(parts[3] ?? '')
    const known = message !== undefined && message.channel_id === place?.id ? message : undefined
    const ours = sent.find((one) => one.id === known?.id && !one.deleted)
    switch (route) {
      case 'GET /users/@me':
        return reply(200, bot)
      case 'GET /applications/@me':
        return reply(200, { id: applicationId, name: 'test', flags: content ? contentFlag : 0 })
      case 'GET /users/@me/guilds':
        return reply(200, [{ id: guildId, name: 'Household', approximate_member_count: people.size }])
      case 'GET /guilds/:id/channels':
        return parts[1] === guildId ? reply(200, [{ id: snowflake(), type: 4, name: 'a category' }, ...[...places.values()].filter((one) => one.type === 0)]) : reply(403, problem(50_001, 'Missing Access'))
      case 'GET /guilds/:id/stickers':
        return parts[1] === guildId ? reply(200, stickers) : reply(403, problem(50_001, 'Missing Access'))
      case 'GET /gateway/bot':
        return reply(200, { url: `ws://127.0.0.1:${loopback.port()}/gateway`, shards: 1, session_start_limit: { total: 1_000, remaining: 999, reset_after: 1_000, max_concurrency: 1 } })
      case 'POST /users/@me/channels': {
        const person = people.get(String(body['recipient_id']))
        return person === undefined ? reply(400, problem(50_033, 'Invalid Recipient(s)')) : reply(200, direct(person))
      }
      case 'GET /channels/:id':
        return reply(200, place)
      case 'GET /channels/:id/messages': {
        const after = BigInt(query.get('after') ?? '0')
        const page = [...messages.values()].filter((one) => one.channel_id === place?.id && BigInt(one.id) > after).toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
        // The oldest of what is after the mark, the newest first: as Discord pages.
        return reply(200, page.slice(0, Number(query.get('limit') ?? 50)).toReversed())
      }
      case 'GET /channels/:id/messages/:id':
        return known === undefined ? reply(404, problem(10_008, 'Unknown Message'))
          : reply(200, { ...known, reactions: (sent.find((one) => one.id === known.id)?.reactions ?? reactionsOf(known.id)).map((name) => ({ count: 1, me: true, emoji: { id: null, name } })) })
      case 'POST /channels/:id/messages':
        return post(place as DiscordPlace, body, uploaded, reply)
      case 'PATCH /channels/:id/messages/:id': {
        if (ours === undefined || known === undefined) return reply(404, problem(10_008, 'Unknown Message'))
        const refusal = judgeMessage(body, uploaded, { files: ours.files.length })
        if (refusal !== undefined) return reply(400, refusal)
        // What is not named stays as it was.
        if (body['components'] !== undefined) ours.buttons = buttonsOf(body)
        if (ours.text !== body['content']) ours.earlier.push(ours.text)
        ours.text = String(body['content'])
        known['content'] = ours.text
        return reply(200, known)
      }
      case 'DELETE /channels/:id/messages/:id':
        if (ours === undefined || known === undefined) return reply(404, problem(10_008, 'Unknown Message'))
        ours.deleted = true
        messages.delete(known.id)
        return reply(204)
      case 'PUT /channels/:id/messages/:id/reactions/:emoji/@me':
        if (known === undefined) return reply(404, problem(10_008, 'Unknown Message'))
        if (!/\p{Emoji}/u.test(parts[5] ?? '')) return reply(400, problem(10_014, 'Unknown Emoji'))
        reactionsOf(known.id).push(parts[5] ?? '')
        return reply(204)
      case 'DELETE /channels/:id/messages/:id/reactions/:emoji/@me': {
        const list = reactionsOf(known?.id ?? '')
        list.splice(list.indexOf(parts[5] ?? ''), 1)
        return reply(204)
      }
      case 'PUT /channels/:id/messages/pins/:id':
      case 'DELETE /channels/:id/messages/pins/:id': {
        const meant = messages.get(parts[4] ?? '')
        if (meant === undefined || meant.channel_id !== place?.id) return reply(404, problem(10_008, 'Unknown Message'))
        const before = pinned.get(place.id) ?? []
        const pins = route.startsWith('PUT')
        if (pins && !before.includes(meant.id) && before.length >= 250) return reply(400, problem(30_003, 'Maximum number of pins for the channel reached (250)'))
        pinned.set(place.id, pins && before.includes(meant.id) ? before : [...(pins ? [meant.id] : []), ...before.filter((id) => id !== meant.id)])
        reply(204)
        // Discord says in the chat who pinned something.
        if (pins && !before.includes(meant.id)) tell(place, 'MESSAGE_CREATE', wire(snowflake(), place, bot, '', { type: 6, message_reference: { channel_id: place.id, message_id: meant.id } }))
        return
      }
      case 'POST /channels/:id/typing':
        typing.push(place?.id ?? '')
        return reply(204)
      case 'PUT /applications/:id/commands':
        commands.splice(0, commands.length, ...(body as unknown as Json[]))
        return reply(200, commands)
      case 'POST /interactions/:id/:token/callback':
        if (Date.now() - (interactions.get(parts[1] ?? '') ?? 0) > 3_000 || callbacks.some((one) => one.id === parts[1])) return reply(404, problem(10_062, 'Unknown interaction'))
        callbacks.push({ id: parts[1] ?? '', type: Number(body['type']), content: (body['data'] as Json | undefined)?.['content'] as string | undefined })
        return reply(204)
      case 'PATCH /webhooks/:id/:token/messages/@original':
      case 'POST /webhooks/:id/:token':
        later.push({ id: String(parts[2]).replace('interaction-token-', ''), content: body['content'], edits: route.startsWith('PATCH') })
        return reply(200, wire(snowflake(), { id: snowflake(), type: 1 }, bot, String(body['content'])))
      default:
        return reply(404, problem(0, '404: Not Found'))
    }
  }

  const stickers: { id: string; name: string; type: 2; format_type: 1; guild_id: string; available: true; description: null; tags: string }[] = []
  /** Channel → pinned messages, the latest first. */
  const pinned = new Map<string, string[]>()
  const reactionLists = new Map<string, string[]>()
  function reactionsOf(id: string): string[] {
    const own = sent.find((one) => one.id === id)
    if (own !== undefined) return own.reactions
    const list = reactionLists.get(id) ?? []
    reactionLists.set(id, list)
    return list
  }

  const buttonsOf = (body: Json): DiscordSent['buttons'] =>
    ((body['components'] ?? []) as { components: { label: string; custom_id: string }[] }[]).flatMap((row) => row.components.map(({ label, custom_id: customId }) => ({ label, customId })))

  function post(place: DiscordPlace, body: Json, uploaded: readonly UploadedFile[], reply: (status: number, value?: unknown) => void): void {
    const person = [...directs].find(([, chat]) => chat.id === place.id)?.[0]
    if (person !== undefined && blocked.has(person)) return reply(403, problem(50_007, 'Cannot send messages to this user'))
    const refusal = judgeMessage(body, uploaded)
    if (refusal !== undefined) return reply(400, refusal)
    const wanted = (body['sticker_ids'] ?? []) as string[]
    const shown = stickers.filter(({ id }) => wanted.includes(id))
    // A bot may show what the server of the channel has, and nothing in a direct chat.
    if (wanted.length > 3 || shown.length < wanted.length || (wanted.length > 0 && place.guild_id === undefined && place.parent_id === undefined)) return reply(400, problem(50_081, 'Invalid Sticker Sent'))
    const nonce = typeof body['nonce'] === 'string' ? body['nonce'] : undefined
    const same = body['enforce_nonce'] === true ? sent.find((one) => one.nonce !== undefined && one.nonce === nonce && one.channelId === place.id) : undefined
    if (same !== undefined) return reply(200, messages.get(same.id))
    const id = snowflake()
    const reference = body['message_reference'] as { message_id?: string; fail_if_not_exists?: boolean } | undefined
    const referenced = messages.get(reference?.message_id ?? '')
    if (reference !== undefined && referenced === undefined && reference.fail_if_not_exists !== false) return reply(400, problem(50_035, 'Unknown message'))
    const text = typeof body['content'] === 'string' ? body['content'] : ''
    const message = wire(id, place, bot, text, referenced === undefined ? {} : { type: 19, message_reference: { type: 0, message_id: referenced.id, channel_id: place.id }, referenced_message: referenced })
    messages.set(id, { ...message, ...(nonce === undefined ? {} : { nonce }) })
    const taken = uploaded.map((file) => ({ ...file, name: cleanName(file.name), as: shownAs(file.type, Number(body['flags'] ?? 0)) }))
    const kept = messages.get(id)
    if (kept !== undefined) kept['attachments'] = taken.map((file) => fake.file(file.name, file.type, file.bytes))
    sent.push({ id, channelId: place.id, text, nonce, replyTo: referenced?.id, deleted: false, earlier: [], reactions: [], payload: body, files: taken, stickers: shown.map(({ name }) => name), buttons: buttonsOf(body) })
    reply(200, messages.get(id))
    // The bot hears its own words, too.
    tell(place, 'MESSAGE_CREATE', messages.get(id))
  }

  function wire(id: string, place: DiscordPlace, author: DiscordPerson, text: string, extra: Json = {}): Json & { id: string; channel_id: string; author: DiscordPerson } {
    return {
      id, channel_id: place.id, author: { ...author }, content: text, timestamp: new Date().toISOString(), edited_timestamp: null, tts: false, mention_everyone: false,
      mentions: [], mention_roles: [], attachments: [], embeds: [], pinned: false, type: 0, ...(place.guild_id === undefined ? {} : { guild_id: place.guild_id, member: { nick: null, roles: [] } }), ...extra,
    }
  }

  function tell(place: DiscordPlace, t: string, d: unknown): void {
    const reaction = t.startsWith('MESSAGE_REACTION')
    const inGuild = place.guild_id !== undefined
    gateway.dispatch(t, d, reaction ? (inGuild ? guildReactions : directReactions) : inGuild ? guildMessages : directMessages)
    changed()
  }

  function direct(person: DiscordPerson): DiscordPlace {
    const before = directs.get(person.id)
    if (before !== undefined) return before
    const place: DiscordPlace = { id: snowflake(), type: 1 }
    directs.set(person.id, place)
    places.set(place.id, place)
    return place
  }

  const sent: DiscordSent[] = []
  const callbacks: DiscordServer['callbacks'] = []
  const later: DiscordServer['later'] = []
  /** Interaction → when it was told, epoch ms: Discord waits three seconds for the first answer. */
  const interactions = new Map<string, number>()
  const typing: string[] = []
  const commands: Json[] = []

  await loopback.listen()
  const port = loopback.port()

  const fake: DiscordServer = {
    apiRoot: `http://127.0.0.1:${port}/api`, port, token, bot, gateway, guildId, roleId, sent, callbacks, later, typing, commands, calls,
    person(name, facts = {}) {
      const person: DiscordPerson = { id: snowflake(), username: name.toLowerCase(), global_name: name, bot: facts.bot ?? false }
      people.set(person.id, person)
      return person
    },
    rename(person, name) {
      person.global_name = name
      person.username = name.toLowerCase().replaceAll(' ', '_')
    },
    channel(name) {
      const place: DiscordPlace = { id: snowflake(), type: 0, name, guild_id: guildId }
      places.set(place.id, place)
      gateway.dispatch('CHANNEL_CREATE', place, 0)
      return place
    },
    thread(parent, name) {
      const place: DiscordPlace = { id: snowflake(), type: 11, name, guild_id: guildId, parent_id: parent.id }
      places.set(place.id, place)
      gateway.dispatch('THREAD_CREATE', place, 0)
      return place
    },
    direct,
    sticker(name) {
      const id = snowflake()
      stickers.push({ id, name, type: 2, format_type: 1, guild_id: guildId, available: true, description: null, tags: '🙂' })
      return id
    },
    pinnedIn: (place) => pinned.get(place.id) ?? [],
    say(person, text, words = {}) {
      const place = words.in ?? direct(person)
      const referenced = messages.get(words.replyTo ?? '')
      const mentions = [...(words.mention === true ? [bot] : []), ...(referenced === undefined ? [] : [referenced.author])]
      const message = wire(snowflake(), place, person, words.mention === true ? `<@${bot.id}> ${text}` : text, {
        mentions, ...(referenced === undefined ? {} : { type: 19, message_reference: { type: 0, message_id: referenced.id, channel_id: place.id }, referenced_message: referenced }), ...words.extra,
      })
      messages.set(message.id, message)
      tell(place, 'MESSAGE_CREATE', message)
      return message
    },
    interact(person, data, { type, in: where, message, context }) {
      const place = where ?? direct(person)
      const id = snowflake()
      interactions.set(id, Date.now())
      const who = place.guild_id === undefined ? { user: person } : { guild_id: place.guild_id, member: { user: person, nick: null, roles: [] } }
      gateway.dispatch('INTERACTION_CREATE', {
        id, application_id: applicationId, type, token: `interaction-token-${id}`, version: 1, channel: place, channel_id: place.id, data, ...who,
        context: context ?? (place.guild_id === undefined ? 1 : 0), ...(message === undefined ? {} : { message }),
      }, 0)
      return id
    },
    tap(person, messageId, label) {
      const ours = sent.find((one) => one.id === messageId && !one.deleted)
      const button = ours?.buttons.find((one) => one.label === label)
      const place = places.get(ours?.channelId ?? '')
      if (button === undefined || place === undefined) throw new Error(`there is no button "${label}" to press`)
      return fake.interact(person, { custom_id: button.customId, component_type: 2 }, { type: 3, in: place, message: messages.get(messageId) ?? {} })
    },
    react(person, place, messageId, emoji, removed = false) {
      tell(place, removed ? 'MESSAGE_REACTION_REMOVE' : 'MESSAGE_REACTION_ADD', {
        user_id: person.id, channel_id: place.id, message_id: messageId, emoji: { id: null, name: emoji }, ...(place.guild_id === undefined ? {} : { guild_id: place.guild_id, member: { user: person } }),
      })
    },
    file(name, type, bytes) {
      const id = snowflake()
      const path = `/cdn/attachments/${id}/${name}`
      files.set(path, { type, bytes })
      return { id, filename: name, content_type: type, size: bytes.length, url: `http://127.0.0.1:${port}${path}`, proxy_url: `http://127.0.0.1:${port}${path}` }
    },
    nextSent: async (matches, timeoutMs) => {
      await until(() => sent.some(matches), 'a message of the bot', timeoutMs)
      return sent.find(matches) as DiscordSent
    },
    until,
    fault(route, fault) {
      faults.set(route, [...(faults.get(route) ?? []), fault])
    },
    blockDirect: (person) => void blocked.add(person.id),
    revokeToken() {
      revoked = true
      gateway.closeAll(4004)
    },
    setMessageContent: (on) => void (content = on),
    goOffline: loopback.goOffline,
    goOnline: loopback.goOnline,
    async close() {
      gateway.stop()
      await loopback.close()
    },
  }
  return fake
}
