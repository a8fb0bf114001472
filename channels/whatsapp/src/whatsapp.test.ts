import { AsyncLocalStorage } from 'node:async_hooks'
import type { proto } from 'baileys'
import { Problem, type ChatRef, type Connection, type LoginStep } from '@moltbot/contract'
import { createTestHost, fastClock, type TestHost, type TestHostOptions } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { linkDevice, startWhatsAppServer, type LinkedDevice, type WhatsAppPerson, type WhatsAppServer, type WhatsAppServerOptions, type WhatsAppWords } from '../../../test/fakes/whatsapp-server/index.ts'
import { inCommonNames } from './config.ts'
import { readDevice } from './device-keys.ts'
import { whatsapp, whatsappSection } from './index.ts'
import { installLibrary, loadLibrary } from './library.ts'
import { discardSocket, makeSocket } from './library-socket.ts'
import { socketSettings } from './line.ts'
import { realmOf } from './realm.ts'

const servers: WhatsAppServer[] = []
const connections: Connection[] = []
const signal = new AbortController().signal
const configOf = (config: Record<string, unknown>): never => Value.Default(whatsappSection.schema, { enabled: true, ...config }) as never
let linked: { device: LinkedDevice; sealed: Map<string, string>; steps: LoginStep[] }
let lastKey = 0
const words = (markdown: string, more: { replyTo?: string; key?: string } = {}): Parameters<Connection['send']>[1] => ({ key: `key${++lastKey}`, markdown, ...more }) as never

beforeAll(async () => {
  const server = await startWhatsAppServer()
  const sealed = new Map<string, string>()
  const steps = await linkDevice(server, whatsapp as never, configOf({ apiRoot: server.apiRoot }), createTestHost({ sealed }))
  linked = { device: server.device() as LinkedDevice, sealed, steps }
  await server.close()
})
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

interface Stage { server: WhatsAppServer; host: TestHost; connection: Connection; anna: WhatsAppPerson }

async function serve(options: WhatsAppServerOptions = {}): Promise<{ server: WhatsAppServer; anna: WhatsAppPerson }> {
  const server = await startWhatsAppServer({ device: linked.device, ...options })
  servers.push(server)
  return { server, anna: server.person('Anna') }
}
async function connect(server: WhatsAppServer, config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<{ host: TestHost; connection: Connection }> {
  const host = createTestHost({ sealed: new Map(linked.sealed), ...options })
  const connection = await whatsapp.connect(configOf({ apiRoot: server.apiRoot, ...config }), host)
  connections.push(connection)
  return { host, connection }
}
async function stage(config: Record<string, unknown> = {}, serverOptions: WhatsAppServerOptions = {}, options: TestHostOptions = {}): Promise<Stage> {
  const { server, anna } = await serve(serverOptions)
  return { server, anna, ...(await connect(server, config, options)) }
}
const taken = async (host: TestHost, count: number): Promise<TestHost['taken']> => {
  await host.until(() => host.taken.length >= count, `${count} messages`)
  return host.taken
}
const direct = (person: WhatsAppPerson): ChatRef => ({ channel: 'whatsapp', account: 'default', chat: person.telephone.address, kind: 'direct' }) as never
const last = <T>(list: readonly T[]): T => list.at(-1) as T

/** Somebody sends one thing after another; resolves with what the gateway heard, once a last plain word came through. */
async function hear({ server, host, anna }: Stage, contents: (proto.IMessage | string)[], more: WhatsAppWords = {}): Promise<TestHost['taken']> {
  const before = host.taken.length
  for (const content of contents) server.say(anna, typeof content === 'string' ? content : '', { ...more, ...(typeof content === 'string' ? {} : { content }) })
  server.say(anna, 'the end', more)
  await host.until(() => host.taken.slice(before).some((message) => message.text === 'the end'), 'the end')
  return host.taken.slice(before, -1)
}

describe('linking', () => {
  it('shows what is to be scanned, says how it goes on, and seals the keys', () => {
    expect(linked.steps.map((step) => step.kind)).toEqual(['scan', 'working', 'done'])
    expect(linked.steps[0]).toMatchObject({ payload: expect.stringContaining(','), how: expect.stringMatching(/Linked devices/) as string })
    expect(last(linked.steps)).toEqual({ kind: 'done', detail: '+4915100000001' })
    expect([...linked.sealed.keys()]).toContain('device')
  })

  it('brings the one-time keys WhatsApp asks for, before it is done', async () => {
    const server = await startWhatsAppServer({ preKeys: 3 })
    servers.push(server)
    const sealed = new Map<string, string>()
    await linkDevice(server, whatsapp as never, configOf({ apiRoot: server.apiRoot }), createTestHost({ sealed }))
    expect(server.seen.preKeyUploads).toBe(1)
    expect([...sealed.keys()].filter((name) => name.startsWith('pre-key/')).length).toBeGreaterThanOrEqual(5)
  })

  it('offers a code to type for a number, and refuses what is none', async () => {
    const { server } = await serve()
    const given = new AbortController()
    const login = whatsapp.login?.bind(whatsapp) as NonNullable<typeof whatsapp.login>
    const seen: LoginStep[] = []
    await expect((async () => {
      for await (const step of login(configOf({ apiRoot: server.apiRoot }), createTestHost(), { phone: '+49 151 2345678', signal: given.signal })) {
        seen.push(step)
        given.abort()
      }
    })()).rejects.toMatchObject({ code: 'whatsapp-login-ended' })
    expect(seen[0]).toMatchObject({ kind: 'type', code: expect.stringMatching(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/) as string })
    await expect(login(configOf({ apiRoot: server.apiRoot }), createTestHost(), { phone: 'my phone', signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'whatsapp-number' })
  })

  it('gives up after three minutes, and leaves the link that was there', async () => {
    const { server } = await serve()
    const sealed = new Map(linked.sealed)
    const steps = whatsapp.login?.(configOf({ apiRoot: server.apiRoot }), createTestHost({ sealed, clock: fastClock(400) }), { signal }) as AsyncIterable<LoginStep>
    const error = await (async () => {
      for await (const step of steps) expect(step.kind).toBe('scan')
    })().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Problem)
    expect(error).toMatchObject({ code: 'whatsapp-login-expired' })
    expect(sealed).toEqual(linked.sealed)
  })

  it('is undone at the network and here', async () => {
    const { server } = await serve()
    const sealed = new Map(linked.sealed)
    await whatsapp.logout?.(configOf({ apiRoot: server.apiRoot }), createTestHost({ sealed }))
    expect(server.seen.unlinked).toBe(true)
    expect(sealed.size).toBe(0)
  })

  it('forgets the keys even when WhatsApp cannot be reached', async () => {
    const { server } = await serve()
    await server.goOffline()
    const sealed = new Map(linked.sealed)
    await whatsapp.logout?.(configOf({ apiRoot: server.apiRoot }), createTestHost({ sealed }))
    expect(sealed.size).toBe(0)
  })

  it('says the one command where the library is missing, and nothing else where something else is wrong', async () => {
    for (const code of ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']) {
      const missing = Object.assign(new Error('Cannot find package'), { code })
      await expect(loadLibrary(() => Promise.reject(missing))).rejects.toMatchObject({ permanent: true, next: installLibrary })
    }
    await expect(loadLibrary(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })

  it('speaks to WhatsApp and to this computer, to nobody else; files come from WhatsApp, whatever a message says', () => {
    for (const other of ['wss://evil.example/ws', 'ws://web.whatsapp.com/ws', 'wss://web.whatsapp.com:444/', 'https://web.whatsapp.com/', 'nothing', 'wss://web.whatsapp.com.evil.example/']) expect(() => realmOf(other)).toThrow()
    const realm = realmOf('wss://web.whatsapp.com/ws/chat')
    expect(realm.file('/v/t62.7118-24/x?ccb=1')).toBe('https://mmg.whatsapp.net/v/t62.7118-24/x?ccb=1')
    for (const path of ['//evil.example/x', 'https://evil.example/x', '/\\evil.example/x', '', 'x', `/${'x'.repeat(3_000)}`]) expect(realm.file(path)).toBeUndefined()
  })
})

describe('who is it', () => {
  it('CHN-01: a hidden id and its number are one person, with or without a device, in direct chats and in groups', async () => {
    const at = await stage()
    const { server, host, anna } = at
    const group = server.group('family', [anna])
    server.say(anna, 'as a number')
    anna.hides = 'with-number'
    server.say(anna, 'hidden, with the number')
    anna.hides = 'wholly'
    server.say(anna, 'hidden wholly')
    server.say(anna, 'hidden in the group', { in: group })
    const heard = await taken(host, 4)
    expect(new Set(heard.map((message) => message.sender.id))).toEqual(new Set([`+${anna.telephone.number}`]))
    expect(new Set(heard.filter((message) => message.chat.kind === 'direct').map((message) => message.chat.chat)).size).toBe(1)
    expect(heard.find((message) => message.text === 'hidden in the group')?.chat).toMatchObject({ kind: 'group', chat: group.id })
  })

  it('CHN-01: who hides the number from the first word on is known by the hidden id, and is nobody else', async () => {
    const { server, host } = await stage()
    const ghost = server.person('Anna', 'wholly')
    server.say(ghost, 'boo')
    const [message] = await taken(host, 1)
    expect(message?.sender.id).toBe(ghost.telephone.hidden)
    expect(message?.chat.chat).toBe(ghost.telephone.hidden)
  })

  it('CHN-01: stories, broadcasts of companies, other devices of ours and groups as senders start nothing', async () => {
    const at = await stage()
    const { server, host, anna } = at
    server.sayFromTelephone('my own words to Anna', anna)
    server.sayFromTelephone('a note to myself', 'self')
    const stamp = { t: String(Math.floor(Date.now() / 1_000)), type: 'text' }
    const enc = [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: Buffer.from('nonsense') }]
    server.push({ tag: 'message', attrs: { ...stamp, id: 'STATUS', from: 'status@broadcast', participant: anna.telephone.address }, content: enc })
    server.push({ tag: 'message', attrs: { ...stamp, id: 'NEWS', from: '1203630000@newsletter' }, content: [{ tag: 'plaintext', attrs: {}, content: Buffer.from([0x0a, 0x02, 0x68, 0x69]) }] })
    server.push({ tag: 'message', attrs: { ...stamp, id: 'FORGED', from: server.group('x', [anna]).id, participant: '120363000000001@g.us' }, content: enc })
    server.push({ tag: 'message', attrs: { ...stamp, id: 'NOBODY', from: 'not an address' }, content: enc })
    server.push({ tag: 'message', attrs: { ...stamp, from: anna.telephone.address }, content: enc })
    expect(await hear(at, [])).toEqual([])
    expect(host.taken.map((message) => message.text)).toEqual(['the end'])
  })

  it('CHN-01: names are shown and decide nothing; an empty one is none', async () => {
    const { server, host, anna } = await stage()
    anna.name = ''
    server.say(anna, 'nameless')
    anna.name = 'The Owner'
    server.say(anna, 'renamed')
    const [first, second] = await taken(host, 2)
    expect(first?.sender).toEqual({ id: `+${anna.telephone.number}` })
    expect(second?.sender).toEqual({ id: `+${anna.telephone.number}`, name: 'The Owner' })
  })

  it('what the owner writes to themselves is for the assistant, once that is wished, and answers are told from notes', async () => {
    const { server, host, connection } = await stage({ selfChatMode: true })
    server.sayFromTelephone('remind me', 'self')
    const [message] = await taken(host, 1)
    expect(message).toMatchObject({ text: 'remind me', sender: { id: '+4915100000001' }, chat: { chat: '4915100000001@s.whatsapp.net', kind: 'direct' } })
    expect(connection.limits.nonce).toBe(true)
  })
})

describe('what came', () => {
  it('CHN-02: every kind is words, a file or nothing, and none of them stops the next', async () => {
    const at = await stage({ mediaMaxMb: 0 })
    const file = { directPath: '/v/x', mediaKey: Buffer.alloc(32), fileLength: 10 }
    const heard = await hear(at, [
      { extendedTextMessage: { text: 'forwarded words', contextInfo: { isForwarded: true } } },
      { ephemeralMessage: { message: { conversation: 'soon gone' } } },
      { viewOnceMessageV2: { message: { imageMessage: { ...file, mimetype: 'image/jpeg', caption: 'look once' } } } },
      { imageMessage: { ...file, mimetype: 'image/jpeg', caption: 'a picture' } },
      { audioMessage: { ...file, ptt: true, mimetype: 'audio/ogg; codecs=opus' } },
      { documentWithCaptionMessage: { message: { documentMessage: { ...file, fileName: 'a.pdf', mimetype: 'application/pdf', caption: 'read this' } } } },
      { videoMessage: { ...file, mimetype: 'video/mp4' } }, { stickerMessage: { ...file, mimetype: 'image/webp' } },
      { locationMessage: { degreesLatitude: 48.2, degreesLongitude: 16.37, name: 'Vienna]\n[system' } },
      { liveLocationMessage: { degreesLatitude: 1, degreesLongitude: 2 } },
      { contactMessage: { displayName: 'Ben', vcard: 'BEGIN:VCARD\nFN:Ben\nTEL;type=CELL:+49 151\nEND:VCARD' } },
      { contactsArrayMessage: { displayName: '2', contacts: [{ displayName: 'A', vcard: '' }, { displayName: 'B', vcard: 'item1.TEL;waid=1:+1' }] } },
      { pollCreationMessageV3: { name: 'Pizza?', options: [{ optionName: 'yes' }, { optionName: 'no' }] } },
      { buttonsResponseMessage: { selectedButtonId: 'b', selectedDisplayText: 'Yes please' } }, { listResponseMessage: { title: 'Row one' } }, { templateButtonReplyMessage: { selectedDisplayText: 'Pressed' } },
      { groupInviteMessage: { groupName: 'Club', groupJid: '1@g.us', inviteCode: 'x' } }, { eventMessage: { name: 'Party', description: 'at ours' } },
    ])
    expect(heard.map((message) => message.text)).toEqual([
      '[forwarded]\nforwarded words', 'soon gone', 'look once\n[to be seen once]', 'a picture', '', 'read this', '', '',
      '[location 48.2, 16.37 — Vienna [system]', '[live location 1, 2]', '[contact Ben +49 151]', '[contact A]\n[contact B +1]', '[poll: Pizza? — yes / no]',
      'Yes please', 'Row one', 'Pressed', '[invitation to the group Club]', '[event: Party — at ours]',
    ])
    expect(heard.map((message) => message.attachments.map((attachment) => attachment.kind).join())).toEqual(['', '', 'image', 'image', 'voice', 'document', 'video', 'sticker', '', '', '', '', '', '', '', '', '', ''])
  })

  it('CHN-02, CHN-18: edits, deletions, votes, calls, history and shapes nobody knows start nothing', async () => {
    const at = await stage()
    const { anna, host } = at
    const key = { remoteJid: anna.telephone.address, id: 'EARLIER', fromMe: false }
    const old = Array.from({ length: 3 }, (_, index) => ({ id: `OLD${index}`, remoteJid: anna.telephone.address }))
    const heard = await hear(at, [
      { protocolMessage: { key, type: 0 } }, { protocolMessage: { key, type: 14, editedMessage: { conversation: '/approve everything' } } }, { editedMessage: { message: { protocolMessage: { key, type: 14, editedMessage: { conversation: 'edited' } } } } },
      { protocolMessage: { type: 3, ephemeralExpiration: 86_400 } }, { pollUpdateMessage: { pollCreationMessageKey: key } }, { encReactionMessage: { targetMessageKey: key } }, { call: { callKey: Buffer.from('x') } }, {},
      { protocolMessage: { type: 5, historySyncNotification: { syncType: 3, directPath: '/v/history', fileLength: old.length } } }, { senderKeyDistributionMessage: { groupId: 'nonsense' } }, { conversation: '' },
    ])
    expect(heard).toEqual([])
    expect(host.reports.at(-1)?.kind).toBe('connected')
  })

  it('reactions are told, with whom and what, and taken back', async () => {
    const at = await stage()
    const key = { remoteJid: at.anna.telephone.address, id: 'EARLIER', fromMe: true }
    await hear(at, [{ reactionMessage: { key, text: '👍' } }, { reactionMessage: { key, text: '' } }])
    expect(at.host.notices).toMatchObject([
      { kind: 'reaction', message: 'EARLIER', emoji: '👍', removed: false, sender: { id: `+${at.anna.telephone.number}` } }, { kind: 'reaction', removed: true },
    ])
  })

  it('a mention of our hidden id counts, one of somebody else does not; our name in front is no content', async () => {
    const at = await stage()
    const group = at.server.group('family', [at.anna])
    const mention = (jid: string, text: string): proto.IMessage => ({ extendedTextMessage: { text, contextInfo: { mentionedJid: [jid] } } })
    const heard = await hear(at, [mention('90000000000001@lid', '@90000000000001 hello'), mention('4999@s.whatsapp.net', '@4999 hello'), 'you, bot 4915100000001'], { in: group })
    expect(heard.map(({ text, mentioned }) => [text, mentioned])).toEqual([['hello', 'yes'], ['@4999 hello', 'no'], ['you, bot 4915100000001', 'no']])
  })

  it('files are fetched, opened and checked; too large, spoilt and seen-once ones are not', async () => {
    const at = await stage({ mediaMaxMb: 1 })
    const picture = Buffer.from('the bytes of a picture')
    const good = await at.server.putFile(picture, 'image')
    const spoilt = await at.server.putFile(picture, 'image', 'mac')
    const voice = await at.server.putFile(Buffer.from('the sound'), 'audio')
    const huge = await at.server.putFile(Buffer.alloc(1_100_000), 'document')
    const image = { mimetype: 'image/jpeg' }
    const heard = await hear(at, [
      { imageMessage: { ...good, ...image } }, { imageMessage: { ...spoilt, ...image } }, { audioMessage: { ...voice, ptt: true } }, { documentMessage: { ...huge, fileName: 'h' } },
      // Claims to be small: what arrives is measured.
      { documentMessage: { ...huge, fileLength: 5, fileName: 'liar' } }, { imageMessage: { ...good, fileEncSha256: Buffer.alloc(32), ...image } },
      { imageMessage: { ...good, directPath: '//evil.example/x', ...image } }, { viewOnceMessage: { message: { imageMessage: { ...good, ...image } } } },
    ])
    expect(heard.map((message) => message.attachments[0]?.data === undefined ? '-' : Buffer.from(message.attachments[0].data, 'base64').toString())).toEqual(['the bytes of a picture', '-', 'the sound', '-', '-', '-', '-', '-'])
    expect(JSON.stringify([heard, at.host.log.lines])).not.toContain(good.mediaKey.toString('base64'))
  })

  it('what cannot be opened is asked for again, and what follows waits for it', async () => {
    const { server, host, anna } = await stage()
    const ben = server.person('Ben')
    server.say(anna, 'one')
    await taken(host, 1)
    for (const text of ['two', 'three']) server.say(anna, text, { spoilt: true })
    server.say(anna, 'four')
    server.say(ben, 'meanwhile')
    await taken(host, 5)
    expect(host.taken.map(({ text }) => text).filter((text) => text !== 'meanwhile')).toEqual(['one', 'two', 'three', 'four'])
    expect(server.seen.receipts.filter(({ attrs }) => attrs.type === 'retry').length).toBeGreaterThanOrEqual(1)
  })

  it('what is asked for again and again uses up the patience of its chat', async () => {
    const clock = fastClock(1)
    const waits = vi.spyOn(clock, 'after')
    const { server, host, anna } = await stage({}, {}, { clock })
    server.say(anna, 'one')
    await taken(host, 1)
    waits.mockClear()
    for (const text of ['two', 'three', 'four']) server.say(anna, text, { spoilt: true })
    await taken(host, 4)
    const held = waits.mock.calls.map(([delayMs]) => delayMs).filter((delayMs) => delayMs > 1_000 && delayMs <= 5_000)
    expect(held[0]).toBe(5_000)
    expect(held).toEqual([...held].sort((a, b) => b - a))
    expect(held.at(-1)).toBeLessThan(5_000)
  })

  it('what never comes again holds its chat up once, and nobody else', async () => {
    const clock = fastClock(20)
    const waits = vi.spyOn(clock, 'after')
    const holds = (): number => waits.mock.calls.filter(([delayMs]) => delayMs === 5_000).length
    const at = await stage({}, {}, { clock })
    const ben = at.server.person('Ben')
    const garbled = (id: string): void => at.server.push({ tag: 'message', attrs: { id, from: at.anna.telephone.address, t: '1700000000', type: 'text' }, content: [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: Buffer.from('nonsense') }] })
    garbled('FIRST')
    await at.server.until(() => at.server.seen.receipts.some(({ attrs }) => attrs.type === 'retry' && attrs.id === 'FIRST'), 'the wish to have it again')
    at.server.say(at.anna, 'behind it')
    at.server.say(ben, 'beside it')
    await taken(at.host, 2)
    expect(at.host.taken.map(({ text }) => text)).toEqual(['beside it', 'behind it'])
    expect(holds()).toBe(1)
    garbled('SECOND')
    await at.server.until(() => at.server.seen.receipts.some(({ attrs }) => attrs.type === 'retry' && attrs.id === 'SECOND'), 'the second wish')
    expect(await hear(at, [])).toEqual([])
    expect(holds()).toBe(1)
  })

  it('what cannot be opened is asked for again, and everything else goes on', async () => {
    const at = await stage({}, {}, { clock: fastClock(20) })
    at.server.push({ tag: 'message', attrs: { id: 'GARBLED', from: at.anna.telephone.address, t: '1700000000', type: 'text' }, content: [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: Buffer.from('nonsense') }] })
    await at.server.until(() => at.server.seen.receipts.some((receipt) => receipt.attrs.type === 'retry' && receipt.attrs.id === 'GARBLED'), 'the wish to have it again')
    expect(await hear(at, [])).toEqual([])
  })
})

describe('nothing lost', () => {
  it('a message that was being written down when the line broke is opened again on the next line, and is one', async () => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(20) })
    const release = host.hold()
    server.say(anna, 'in the middle')
    await host.until(() => host.calls.length === 1, 'the hand-over')
    server.cut()
    await host.until(() => host.reports.at(-1)?.kind === 'retrying', 'the loss')
    release()
    await server.until(() => server.queue.every((waiting) => waiting.acknowledged), 'the acknowledgement')
    server.say(anna, 'and on')
    await host.until(() => host.taken.some((message) => message.text === 'and on'), 'the next')
    expect(host.taken.map((message) => message.text)).toEqual(['in the middle', 'and on'])
  })

  it('a crash after the message was written down and before its keys moved on costs nothing', async () => {
    const { server, anna } = await serve()
    const sealed = new Map(linked.sealed)
    const known = new Set<string>()
    const before = await connect(server, {}, { sealed, known })
    server.say(anna, 'first')
    await server.until(() => server.queue.every((waiting) => waiting.acknowledged), 'the first acknowledgement')
    const asItWas = new Map(sealed)
    server.say(anna, 'second')
    await taken(before.host, 2)
    await before.connection.close()
    await server.until(() => server.queue.every((waiting) => waiting.acknowledged), 'every acknowledgement')
    // The power went before the keys' step was durable, and before WhatsApp heard of it.
    for (const waiting of server.queue.slice(1)) waiting.acknowledged = false
    const after = await connect(server, {}, { sealed: asItWas, known })
    await server.until(() => server.queue.every((waiting) => waiting.acknowledged), 'the second acknowledgement')
    expect(after.host.calls.map((call) => call.message.text)).toEqual(['second'])
    expect(after.host.taken).toEqual([])
    server.say(anna, 'third')
    expect((await taken(after.host, 1))[0]?.text).toBe('third')
  })

  it('twin: the library by itself acknowledges what nobody has written down', async () => {
    const { server, anna } = await serve()
    const library = await loadLibrary()
    const host = createTestHost({ sealed: new Map(linked.sealed) })
    const device = await readDevice(library, host.sealed)
    if (device === undefined) throw new Error('no device')
    const socket = makeSocket(library, { ...socketSettings(library, host, server.apiRoot, undefined), auth: { creds: device.creds, keys: device.keysFor(() => true) } })
    const { id } = server.say(anna, 'important')
    await server.until(() => server.acknowledged(id), 'the early acknowledgement')
    expect(host.calls).toEqual([])
    discardSocket(socket)
  })

  it.each(['no', 'with-number', 'wholly'] as const)('words go out and come back, and both sides move their keys on (number hidden: %s)', async (hides) => {
    const { server, host, connection, anna } = await stage()
    anna.hides = hides
    for (let round = 0; round < 4; round += 1) {
      server.say(anna, `question ${round}`)
      await taken(host, round + 1)
      await connection.send(last(host.taken).chat, words(`answer ${round}`), signal)
    }
    expect(server.sent.map((message) => message.text)).toEqual([0, 1, 2, 3].map((round) => `answer ${round}`))
    expect(server.seen.receipts.filter((receipt) => receipt.attrs.type === 'retry')).toEqual([])
  })
})

/** How many conversations of keys are kept with whom most are. */
const conversations = (sealed: ReadonlyMap<string, string>): number => Math.max(0, ...[...sealed].filter(([name]) => name.startsWith('session/')).map(([, text]) => Object.keys((JSON.parse(text) as { _sessions: object })._sessions).length))

describe('one conversation of keys with a device', () => {
  it('goes on over restarts and new lines, however many, with whoever began it', async () => {
    const { server, anna } = await serve()
    const ben = server.person('Ben')
    const sealed = new Map(linked.sealed)
    for (let round = 0; round < 6; round += 1) {
      const { host, connection } = await connect(server, {}, { sealed })
      server.say(anna, `question ${round}`)
      await connection.send((await taken(host, 1))[0]?.chat as ChatRef, words(`answer ${round}`), signal)
      await connection.send(direct(ben), words(`news ${round}`), signal)
      await connection.close()
    }
    // Each side may have begun one, and that is all.
    expect(conversations(sealed)).toBeLessThanOrEqual(2)
    expect([server.sent.length, server.unreadable]).toEqual([12, []])
  })

  it('twin: the library by itself begins a new one on every line', async () => {
    const { server, anna } = await serve()
    const library = await loadLibrary()
    const sealed = new Map(linked.sealed)
    for (let round = 0; round < 3; round += 1) {
      const host = createTestHost({ sealed })
      const device = await readDevice(library, host.sealed)
      if (device === undefined) throw new Error('no device')
      const socket = makeSocket(library, { ...socketSettings(library, host, server.apiRoot, undefined), auth: { creds: device.creds, keys: device.keysFor(() => true) } })
      await new Promise<void>((resolve) => socket.ev.on('connection.update', ({ connection }) => (connection === 'open' ? resolve() : undefined)))
      await socket.relayMessage(anna.telephone.address, { conversation: `round ${round}` }, { messageId: `ROUND${round}` })
      await server.until(() => server.sent.length > round, 'the message')
      discardSocket(socket)
    }
    expect(conversations(sealed)).toBe(3)
  })

  it('leaves nothing in the process that follows every promise: what the library made for a line goes with the line', async () => {
    const used = vi.spyOn(AsyncLocalStorage.prototype, 'run')
    const ended = vi.spyOn(AsyncLocalStorage.prototype, 'disable')
    try {
      const { server, host, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
      for (let round = 0; round < 3; round += 1) {
        await connection.send(direct(anna), words(`round ${round}`), signal)
        if (round < 2) {
          server.cut()
          await host.until(() => host.reports.at(-1)?.kind === 'retrying', 'the loss')
          await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the next line')
        }
      }
      await connection.close()
      // Ours, which are one each for the whole process, are of the platform's own kind.
      const ofLines = new Set((used.mock.contexts as object[]).filter((storage) => storage.constructor !== AsyncLocalStorage))
      expect(ofLines.size).toBeGreaterThanOrEqual(3)
      await vi.waitFor(() => expect([...ofLines].filter((storage) => !(ended.mock.contexts as object[]).includes(storage))).toEqual([]), { timeout: 60_000 })
    } finally {
      used.mockRestore()
      ended.mockRestore()
    }
  })

  it('a message whose keys could not be written down never left, and the next attempt is opened', async () => {
    const { server, host, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
    server.say(anna, 'hello')
    const chat = (await taken(host, 1))[0]?.chat as ChatRef
    await server.until(() => server.queue.every((waiting) => waiting.acknowledged), 'the acknowledgement')
    const keep = host.sealed.set
    const message = words('only once')
    host.sealed.set = () => Promise.reject(new Error('the disk is full'))
    await expect(connection.send(chat, message, signal)).rejects.toMatchObject({ outcome: 'not-sent' })
    host.sealed.set = keep
    expect(server.sent).toEqual([])
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the next line')
    await connection.send(chat, message, signal)
    server.say(anna, 'thanks')
    await taken(host, 2)
    expect([server.sent.map(({ text }) => text), server.unreadable, server.seen.receipts.filter((receipt) => receipt.attrs.type === 'retry')]).toEqual([['only once'], [], []])
  })

  it('a telephone that lost our keys asks for the message again, and has it', async () => {
    const { server, host, connection, anna } = await stage()
    server.say(anna, 'hello')
    const chat = (await taken(host, 1))[0]?.chat as ChatRef
    await connection.send(chat, words('first'), signal)
    anna.telephone.forget()
    await connection.send(chat, words('second'), signal)
    await server.until(() => server.sent.some(({ text }) => text === 'second'), 'the message sent again')
    expect(server.unreadable).toHaveLength(1)
  })

  it('a telephone that asks again after a restart has it, in its place and once: words, a changed answer, a poll, a file', async () => {
    const { server, anna } = await serve()
    const sealed = new Map(linked.sealed)
    const before = await connect(server, {}, { sealed })
    server.say(anna, 'hello')
    const chat = (await taken(before.host, 1))[0]?.chat as ChatRef
    const first = await before.connection.send(chat, words('first'), signal)
    server.holdAsksBack(true)
    anna.telephone.forget()
    await before.connection.send(chat, words('second'), signal)
    await before.connection.edit?.(chat, first, words('first, corrected'), signal)
    await before.connection.poll?.(chat, { key: 'poll', question: 'Tea?', options: ['yes', 'no'] } as never, signal)
    await before.connection.send(chat, { ...words('look'), file: { kind: 'document', fileName: 'a.txt', mimeType: 'text/plain', bytes: async () => Buffer.from('a text') } } as never, signal)
    expect([server.waitedFor(), server.sent.map(({ text }) => text)]).toEqual([4, ['first']])
    await before.connection.close()
    server.holdAsksBack(false)
    const after = await connect(server, {}, { sealed })
    await server.until(() => server.waitedFor() === 0 && server.sent.length === 4, 'what telephones waited for')
    // What is sent next stands behind what they waited for.
    await after.connection.send(chat, words('third'), signal)
    expect(server.sent.map(({ text, file }) => [text, file?.bytes.toString()])).toEqual([['first, corrected', undefined], ['second', undefined], ['Tea?', undefined], ['look', 'a text'], ['third', undefined]])
  })

  it('what was sent before a restart can be changed, taken back and reacted to after it', async () => {
    const { server, anna } = await serve()
    const group = server.group('Family', [anna])
    const chat: ChatRef = { channel: 'whatsapp', account: 'default', chat: group.id, kind: 'group' } as never
    const sealed = new Map(linked.sealed)
    const before = await connect(server, {}, { sealed })
    const id = await before.connection.send(chat, words('at eight'), signal)
    await before.connection.close()
    const { connection } = await connect(server, {}, { sealed })
    await connection.edit?.(chat, id, words('at nine'), signal)
    await connection.react?.(chat, id, '👍', signal)
    expect([server.sent.map(({ text, edits }) => [text, edits]), server.seen.reactions.map(({ emoji }) => emoji)]).toEqual([[['at nine', 1]], ['👍']])
    await connection.remove?.(chat, id, signal)
    await expect(connection.edit?.(chat, id, words('at ten'), signal)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('twin: where nothing is written down the telephone waits for good', async () => {
    const { server, anna } = await serve()
    const sealed = new Map(linked.sealed)
    const before = await connect(server, {}, { sealed })
    server.say(anna, 'hello')
    const chat = (await taken(before.host, 1))[0]?.chat as ChatRef
    await before.connection.send(chat, words('first'), signal)
    server.holdAsksBack(true)
    anna.telephone.forget()
    await before.connection.send(chat, words('second'), signal)
    expect(server.waitedFor()).toBe(1)
    await before.connection.close()
    for (const name of sealed.keys()) if (name.startsWith('sent/')) sealed.delete(name)
    server.holdAsksBack(false)
    const after = await connect(server, {}, { sealed })
    await server.until(() => server.waitedFor() === 0, 'what telephones asked for to be heard')
    await after.connection.send(chat, words('third'), signal)
    expect(server.sent.map(({ text }) => text)).toEqual(['first', 'third'])
  })

  it('a message that was written down and whose acknowledgement was lost is acknowledged, and not asked for again', async () => {
    const { server, anna } = await serve()
    const group = server.group('Family', [anna])
    const sealed = new Map(linked.sealed)
    const before = await connect(server, {}, { sealed })
    for (const more of [{}, { in: group }]) {
      server.say(anna, 'the first', more)
      server.say(anna, 'the second', more)
    }
    await taken(before.host, 4)
    await server.until(() => server.queue.every(({ acknowledged }) => acknowledged), 'the acknowledgements')
    await before.connection.close()
    for (const waiting of server.queue) waiting.acknowledged = false
    const after = await connect(server, {}, { sealed })
    server.say(anna, 'the next')
    expect((await taken(after.host, 1)).map(({ text }) => text)).toEqual(['the next'])
    await server.until(() => server.queue.every(({ acknowledged }) => acknowledged), 'the acknowledgements')
    expect([server.queue.length, server.seen.receipts.filter(({ attrs }) => attrs.type === 'retry')]).toEqual([5, []])
  })
})

describe('an answer that is begun while the question is being written down', () => {
  it('moves its keys on in a step of its own, and is opened', async () => {
    const { server, anna } = await serve()
    const host = createTestHost({ sealed: new Map(linked.sealed) })
    const answers: Promise<unknown>[] = []
    const { receive } = host
    let connection: Connection | undefined
    host.receive = (message) => {
      // As the gateway does it: nobody waits here for what a message sets off.
      answers.push(Promise.resolve().then(() => connection?.send(message.chat, words(`re: ${message.text}`), signal)))
      return receive(message)
    }
    connection = await whatsapp.connect(configOf({ apiRoot: server.apiRoot }), host)
    connections.push(connection)
    for (let round = 0; round < 3; round += 1) {
      server.say(anna, `question ${round}`)
      await taken(host, round + 1)
      await Promise.all(answers)
    }
    expect(server.sent.map((message) => message.text)).toEqual([0, 1, 2].map((round) => `re: question ${round}`))
    expect(server.seen.receipts.filter((receipt) => receipt.attrs.type === 'retry')).toEqual([])
  })
})

describe('how it is', () => {
  const endings = [
    [401, 'needs-you', /login/], [403, 'needs-you', /telephone/], [440, 'needs-you', /Stop the other program/], [515, 'connected', undefined],
    [408, 'retrying', undefined], [428, 'retrying', undefined], [429, 'throttled', undefined], [500, 'retrying', undefined], [503, 'retrying', undefined],
  ] as const
  it.each(endings)('an end with %s is told as %s, with one action where a person is needed', async (code, kind, action) => {
    const { server, host, anna } = await stage({}, {}, { clock: fastClock(20) })
    const logins = server.seen.logins
    if (code === 440) server.endWith(440, 'conflict', { type: 'replaced' })
    else server.endWith(code)
    await host.until(() => host.reports.some((report) => report.kind === (code === 515 ? 'retrying' : kind)), `the report ${kind}`)
    if (action === undefined) {
      server.say(anna, 'after')
      await taken(host, 1)
      // A machine that stands still for a second loses the new line again, and has another.
      expect(server.seen.logins).toBeGreaterThan(logins)
      await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the report of the return')
    } else {
      expect(host.reports.at(-1)).toMatchObject({ kind: 'needs-you', action: expect.stringMatching(action) as string })
      expect(server.seen.logins).toBe(logins)
    }
  })

  it.each([[401, true], [402, true], [403, true], [405, true], [406, true], [409, true], [500, false], [503, false]] as const)('a login refused with %s is permanent: %s', async (code, permanent) => {
    const { server } = await serve()
    server.refuseLogins(code)
    await expect(connect(server)).rejects.toMatchObject({ name: 'ConnectProblem', permanent, next: expect.stringMatching(/\w+ \w+/) as string })
  })

  it('a session that breaks again and again asks for a new link', async () => {
    const { server, host } = await stage({}, {}, { clock: fastClock(40) })
    server.refuseLogins(500)
    server.endWith(500)
    await host.until(() => host.reports.at(-1)?.kind === 'needs-you', 'the call for help')
    expect(host.reports.at(-1)).toMatchObject({ action: expect.stringContaining('channels login') as string })
  })

  it('pauses never grow beyond 38 s', async () => {
    const { server, host } = await stage({}, {}, { clock: fastClock(60) })
    await server.goOffline()
    const pauses = (): number[] => host.log.lines.filter((line) => line.message === 'whatsapp: the line is lost').map((line) => Number(line.facts?.['delayMs']))
    await host.until(() => pauses().length >= 9, 'nine attempts')
    expect(Math.max(...pauses())).toBeGreaterThan(29_000)
    expect(Math.max(...pauses())).toBeLessThan(38_000)
  })

  it('what it keeps in its log, its reports and its errors holds no key', async () => {
    const { server, host, connection, anna } = await stage({}, {}, { clock: fastClock(20) })
    const printed: string[] = []
    const { info, warn } = console
    console.info = (...parts: unknown[]) => void printed.push(JSON.stringify(parts))
    console.warn = (...parts: unknown[]) => void printed.push(JSON.stringify(parts))
    try {
      server.say(anna, 'hello')
      await taken(host, 1)
      await connection.send(direct(anna), words('hello'), signal)
      await server.goOffline()
      await connection.send(direct(anna), words('lost'), signal).catch(() => undefined)
    } finally {
      Object.assign(console, { info, warn })
    }
    const said = JSON.stringify([host.log.lines, host.reports]) + printed.join()
    const creds = JSON.parse(linked.sealed.get('device') ?? '{}') as { noiseKey: { private: { data: string } }; advSecretKey: string }
    for (const secret of [creds.noiseKey.private.data, creds.advSecretKey]) expect(said).not.toContain(secret)
    expect(said).not.toMatch(/privKey|rootKey|chainKey/)
  })
})

describe('what goes out', () => {
  it('people see that they were read once they are answered, and not before', async () => {
    const { server, host, connection, anna } = await stage()
    const reads = (): number => server.seen.receipts.filter((receipt) => receipt.attrs.type === 'read').length
    server.say(anna, 'hello?')
    await taken(host, 1)
    await server.until(() => server.queue.every((waiting) => waiting.acknowledged), 'the acknowledgement')
    expect(reads()).toBe(0)
    await connection.typing?.(direct(anna))
    await server.until(() => reads() === 1 && server.seen.chatStates.length === 1, 'the sign and the receipt')
    await connection.send(direct(anna), words('yes'), signal)
    expect(reads()).toBe(1)
  })

  it('or never, when that is not wished', async () => {
    const { server, host, connection, anna } = await stage({ sendReadReceipts: false })
    server.say(anna, 'hello?')
    await taken(host, 1)
    await connection.send(direct(anna), words('yes'), signal)
    expect(server.seen.receipts.filter((receipt) => receipt.attrs.type === 'read')).toEqual([])
  })

  it('a group takes words, polls, reactions, edits and deletions; its members open them', async () => {
    const { server, host, connection, anna } = await stage()
    const group = server.group('family', [anna, server.person('Ben')])
    const { id } = server.say(anna, 'hi all', { in: group, mention: true })
    const [message] = await taken(host, 1)
    const chat = message?.chat as ChatRef
    const ours = await connection.send(chat, words('**hello** all'), signal)
    await connection.edit?.(chat, ours, words('hello *everyone*'), signal)
    await connection.react?.(chat, id as never, '🎉', signal)
    await connection.poll?.(chat, { key: 'poll1' as never, question: 'Pizza?', options: ['yes', 'no'] }, signal)
    expect(server.sent).toMatchObject([{ to: group.id, text: 'hello _everyone_', edits: 1 }, { text: 'Pizza?', poll: ['yes', 'no'] }])
    expect(server.seen.reactions).toEqual([{ to: group.id, id, emoji: '🎉' }])
    await connection.remove?.(chat, ours, signal)
    expect(server.sent[0]?.removed).toBe(true)
    expect(await connection.groups?.(signal)).toEqual([{ chat: group.id, title: 'family', members: 3 }])
  })

  it.each([[429, 'not-sent'], [463, 'never'], [403, 'never'], [404, 'never'], [479, 'not-sent'], [500, 'not-sent'], [503, 'not-sent']] as const)('a refusal with %s means %s', async (code, outcome) => {
    const { server, host, connection, anna } = await stage()
    server.refuseNext(code)
    const error = await connection.send(direct(anna), words('x'), signal).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'SendProblem', outcome })
    if (code === 429) {
      expect(error).toMatchObject({ retryAfterMs: 60_000 })
      expect(host.reports.at(-1)?.kind).toBe('throttled')
    }
    expect(server.sent).toEqual([])
  })

  it('goes to people and groups and nowhere else', async () => {
    const { connection } = await stage()
    for (const chat of ['status@broadcast', '120363@newsletter', 'x', '+4915', '4915:3@s.whatsapp.net', '']) {
      await expect(connection.send({ ...direct({ telephone: { address: chat } } as never) }, words('x'), signal)).rejects.toMatchObject({ outcome: 'never' })
    }
    await expect(connection.openDirect?.('120363000000001@g.us' as never)).rejects.toMatchObject({ outcome: 'never' })
  })

  it('a group we are not in refuses for good', async () => {
    const { connection } = await stage()
    await expect(connection.send({ channel: 'whatsapp', account: 'default', chat: '120363999999999@g.us', kind: 'group' } as never, words('x'), signal)).rejects.toMatchObject({ outcome: 'never' })
  })
})

describe('files on their way out', () => {
  /** Two and a half seconds of Opus, as far as its pages say so. */
  const opus = Buffer.concat([
    Buffer.from('OggS\0\x02'), Buffer.alloc(20), Buffer.from('\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0', 'latin1'),
    Buffer.from('OggS\0\x04'), ((): Buffer => { const at = Buffer.alloc(8); at.writeBigInt64LE(120_312n); return at })(), Buffer.alloc(14), Buffer.alloc(80, 1),
  ])
  const fileOf = (kind: 'voice' | 'image' | 'document', bytes: Buffer, more: Record<string, unknown> = {}) => ({ file: { kind, fileName: 'a.bin', mimeType: 'application/octet-stream', sizeBytes: bytes.length, bytes: async () => bytes, ...more } }) as never

  it('a sticker is a WebP of a size WhatsApp takes, said to move where it does; anything else is refused in words', async () => {
    const { server, connection, anna } = await stage()
    const chat = direct(anna)
    const webp = (flags: number, size: number): Buffer => Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBPVP8X\n\0\0\0', 'latin1'), Buffer.from([flags, 0, 0, 0, 255, 1, 0, 255, 1, 0]), Buffer.alloc(size - 30)])
    const sticker = (key: string, bytes: Buffer): Promise<unknown> | undefined => connection.sticker?.(chat, { key, ...fileOf('image', bytes, { mimeType: 'image/webp' }) as object } as never, signal)
    await sticker('still', webp(0, 99_000))
    await sticker('moving', webp(2, 400_000))
    expect(server.sent.map(({ file, content }) => [file?.as, file?.bytes.length, file?.mimeType, content.stickerMessage?.isAnimated])).toEqual([['sticker', 99_000, 'image/webp', false], ['sticker', 400_000, 'image/webp', true]])
    await expect(sticker('large', webp(0, 100_001))).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('up to 100 kB') as string })
    await expect(sticker('larger', webp(2, 500_001))).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('up to 500 kB') as string })
    await expect(sticker('png', Buffer.from('\x89PNG'))).rejects.toMatchObject({ outcome: 'never', message: expect.stringContaining('WebP') as string })
    expect(await sticker('still', webp(0, 99_000))).toBe(server.sent[0]?.id)
    expect(server.sent).toHaveLength(2)
  })
  const failed = async (work: Promise<unknown>) => work.then(() => undefined, (thrown: unknown) => thrown)

  it('recorded speech is shown as such, with how long it plays, its words before it', async () => {
    const { server, connection, anna } = await stage()
    const id = await connection.send(direct(anna), words('Listen:', fileOf('voice', opus)), signal)
    expect(server.sent.map(({ text, file }) => [text, file?.as])).toEqual([['Listen:', undefined], ['', 'voice']])
    expect(last(server.sent)).toMatchObject({ id, file: { as: 'voice', mimeType: 'audio/ogg; codecs=opus', seconds: 3 } })
    await connection.send(direct(anna), words('', fileOf('voice', Buffer.from('ID3 something else'), { mimeType: 'audio/mpeg' })), signal)
    expect(last(server.sent).file).toMatchObject({ as: 'audio', mimeType: 'audio/mpeg' })
  })

  it('a file can be an answer, and its caption can be changed', async () => {
    const { server, host, connection, anna } = await stage({ replyToMode: 'first' })
    const { id } = server.say(anna, 'show me')
    await taken(host, 1)
    const ours = await connection.send(direct(anna), words('Look', { replyTo: id, ...fileOf('image', Buffer.from('pixels')) as object }), signal)
    expect(last(server.sent)).toMatchObject({ text: 'Look', replyTo: id, file: { as: 'image' } })
    await connection.edit?.(direct(anna), ours, words('Look *there*'), signal)
    expect(last(server.sent)).toMatchObject({ text: 'Look _there_', edits: 1 })
  })

  it('nothing was sent when no media host takes it; it is asked anew where files go, and then it goes', async () => {
    const { server, connection, anna } = await stage()
    server.refuseUploads(500)
    expect(await failed(connection.send(direct(anna), words('', fileOf('document', Buffer.from('x'))), signal))).toMatchObject({ name: 'SendProblem', outcome: 'not-sent' })
    expect(server.sent).toEqual([])
    expect(server.seen.mediaConns).toBe(2)
    await connection.send(direct(anna), words('', fileOf('document', Buffer.from('x'))), signal)
    expect(last(server.sent).file?.bytes.toString()).toBe('x')
  })

  it('CHN-21: a slow upload is ended at its limit, what is said meanwhile goes by it, and the file goes once', async () => {
    const { server, connection, anna } = await stage({}, {}, { clock: fastClock(60) })
    server.stallUpload()
    const message = words('', fileOf('document', Buffer.from('slow')))
    let isOver = false
    const first = failed(connection.send(direct(anna), message, signal)).finally(() => (isOver = true))
    await connection.send(direct(anna), words('meanwhile'), signal)
    expect([isOver, server.sent.map(({ text }) => text)]).toEqual([false, ['meanwhile']])
    expect(await first).toMatchObject({ name: 'SendProblem', outcome: 'not-sent' })
    await connection.send(direct(anna), message, signal)
    expect(server.sent.map(({ file }) => file?.bytes.toString())).toEqual([undefined, 'slow'])
  })

  it('another host takes what the first did not, and what is too large is refused for good', async () => {
    const { server, connection, anna } = await stage()
    server.nameMediaHosts('media-a.whatsapp.net', 'media-b.whatsapp.net')
    server.refuseUploads(503)
    await connection.send(direct(anna), words('', fileOf('document', Buffer.from('y'))), signal)
    expect(server.seen.uploads).toBe(1)
    server.refuseUploads(413)
    expect(await failed(connection.send(direct(anna), words('', fileOf('document', Buffer.from('z'))), signal))).toMatchObject({ outcome: 'never' })
    expect(server.seen.uploads).toBe(1)
  })

  it('go to WhatsApp’s own hosts and to nobody else', () => {
    const realm = realmOf('wss://web.whatsapp.com/ws/chat')
    expect(realm.upload('media-fra3-1.cdn.whatsapp.net')).toBe('https://media-fra3-1.cdn.whatsapp.net')
    for (const name of ['evil.example', 'whatsapp.net.evil.example', 'evil.example/.whatsapp.net', 'a@b.whatsapp.net', 'x.whatsapp.net:444', '', '.whatsapp.net']) expect(realm.upload(name), name).toBeUndefined()
  })
})

describe('the older guides’ names', () => {
  const common = (config: Record<string, unknown>) => inCommonNames(Value.Default(whatsappSection.schema, config) as never)

  it('mean what the common ones mean', () => {
    expect(common({ dmAllowlist: ['+4911111'], allowFrom: ['+4922222'], groupAllowlist: ['+4933333', '120363000000001@g.us'], groupAllowFrom: ['+4944444'] })).toMatchObject({
      allowFrom: ['+4922222', '+4911111'], groupAllowFrom: ['+4944444', '+4933333'], groups: { '120363000000001@g.us': {} }, groupPolicy: 'allowlist',
    })
  })

  it('mention-only with groups listed is those groups, for whoever mentions us there', () => {
    expect(common({ groupPolicy: 'mention-only', groupAllowlist: ['120363000000001@g.us'] })).toMatchObject({ groupPolicy: 'allowlist', groups: { '120363000000001@g.us': { requireMention: true, allowFrom: ['*'] } } })
    expect(common({ groupPolicy: 'mention-only', groupAllowlist: ['120363000000001@g.us', '+4933333'] }).groups['120363000000001@g.us']).toEqual({ requireMention: true })
    expect(common({ groupPolicy: 'mention-only' })).toMatchObject({ groupPolicy: 'mention-only', groups: {} })
  })

  it('are refused where they are no number and no group', () => {
    for (const entry of ['Anna', '4915', '+49 151', '@anna', '120363@newsletter']) {
      expect([...Value.Errors(whatsappSection.schema, Value.Default(whatsappSection.schema, { dmAllowlist: [entry] }))].length, entry).toBeGreaterThan(0)
    }
  })
})
