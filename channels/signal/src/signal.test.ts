import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChatRef, Connection, LoginStep } from '@moltbot/contract'
import { createTestHost, fastClock, type TestHost, type TestHostOptions } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { afterEach, describe, expect, it } from 'vitest'
import { startSignalServer, type SignalPerson, type SignalServer, type SignalServerOptions } from '../../../test/fakes/signal-server/index.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { signal, signalSection } from './index.ts'
import { messageId } from './signal-id.ts'

const servers: SignalServer[] = []
const connections: Connection[] = []
const wish = new AbortController().signal
let lastKey = 0
const words = (markdown: string, more: { replyTo?: string } = {}): Parameters<Connection['send']>[1] => ({ key: `key${++lastKey}`, markdown, ...more }) as never

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

interface Stage { server: SignalServer; host: TestHost; connection: Connection; anna: SignalPerson }

async function serve(options: SignalServerOptions = {}): Promise<{ server: SignalServer; anna: SignalPerson }> {
  const server = await startSignalServer(options)
  servers.push(server)
  return { server, anna: server.person('Anna') }
}

const configOf = (server: SignalServer, config: Record<string, unknown> = {}): never => Value.Default(signalSection.schema, { enabled: true, httpUrl: server.url, ...config }) as never

async function connect(server: SignalServer, config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<{ host: TestHost; connection: Connection }> {
  const host = createTestHost(options)
  const connection = await signal.connect(configOf(server, config), host)
  connections.push(connection)
  return { host, connection }
}

async function stage(config: Record<string, unknown> = {}, serverOptions: SignalServerOptions = {}, options: TestHostOptions = {}): Promise<Stage> {
  const { server, anna } = await serve(serverOptions)
  return { server, anna, ...(await connect(server, config, options)) }
}

const taken = async (host: TestHost, count: number): Promise<TestHost['taken']> => {
  await host.until(() => host.taken.length >= count, `${count} messages`)
  return host.taken
}
const texts = (host: TestHost): string[] => host.taken.map((message) => message.text)

describe('what comes in', () => {
  it('CHN-07: knows people by Signal’s id: numbers and names are shown and count for nothing', async () => {
    const { server, host, anna } = await stage()
    server.say(anna, 'it is me')
    server.say({ ...server.person('Anna'), number: anna.number }, 'it is me, too')
    server.envelope({ source: anna.number, sourceNumber: anna.number, sourceName: 'Anna', timestamp: 1_700_000_000_000, dataMessage: { timestamp: 1_700_000_000_000, message: 'by number only' } })
    server.say({ ...anna, number: null, name: '' }, 'without a number')
    await taken(host, 3)
    expect(texts(host)).toEqual(['it is me', 'it is me, too', 'without a number'])
    expect(host.taken[0]?.sender).toEqual({ id: anna.uuid, name: 'Anna', username: anna.number })
    expect(host.taken[1]?.sender.id).not.toBe(anna.uuid)
    expect(host.taken[2]?.sender).toEqual({ id: anna.uuid })
  })

  it('CHN-07: receipts, typing, calls, stories, edits, deletions, changes of groups and timers, and words of our other devices are no messages', async () => {
    const { server, host, anna } = await stage()
    const group = server.group('family')
    const from = { source: anna.uuid, sourceUuid: anna.uuid, sourceName: 'Anna', timestamp: 1_700_000_000_000 }
    const time = { timestamp: 1_700_000_000_001 }
    for (const one of [
      { receiptMessage: { when: 1, isDelivery: true, timestamps: [1] } }, { typingMessage: { action: 'STARTED', timestamp: 1 } }, { callMessage: { offerMessage: { id: 1 } } }, { storyMessage: { allowsReplies: true } },
      { editMessage: { targetSentTimestamp: 1, dataMessage: { ...time, message: '/approve all' } } }, { dataMessage: { ...time, remoteDelete: { timestamp: 1 } } },
      { dataMessage: { ...time, message: null, isExpirationUpdate: true, expiresInSeconds: 60 } }, { dataMessage: { ...time, message: null, groupInfo: { groupId: group.id, type: 'UPDATE' } } },
      { dataMessage: { ...time, message: 'nice story', storyContext: { authorUuid: anna.uuid, sentTimestamp: 1 } } }, { dataMessage: { ...time, message: 'x', groupInfo: { groupId: '../x' } } },
      { dataMessage: { ...time, groupCallUpdate: {} } }, { dataMessage: { timestamp: 'soon', message: 'x' } }, { dataMessage: { ...time, message: 7, attachments: 'x' } }, { syncMessage: {} }, { syncMessage: { readMessages: [{}] } },
    ]) server.envelope({ ...from, ...one })
    const own = { source: server.account, sourceNumber: server.account, sourceUuid: server.uuid, timestamp: 1_700_000_000_000 }
    server.envelope({ ...own, dataMessage: { ...time, message: 'our echo' } })
    server.envelope({ ...own, syncMessage: { sentMessage: { ...time, message: 'to Anna', destinationUuid: anna.uuid, destinationNumber: anna.number } } })
    server.envelope({ ...own, syncMessage: { sentMessage: { ...time, message: 'to me', destinationUuid: server.uuid, destinationNumber: server.account } } })
    server.raw('event:receive\ndata:{"envel\n\n')
    server.raw('event:receive\ndata:7\n\nevent:other\ndata:{"envelope":null}\n\n')
    server.say(anna, 'fine')
    await taken(host, 1)
    expect(texts(host)).toEqual(['fine'])
    await host.until(() => host.memory.get('pending') === '[]', 'an empty journal')
  })

  it('what is written to oneself is heard only when that is wished', async () => {
    const { server, host } = await stage({ noteToSelf: true })
    const own = { source: server.account, sourceNumber: server.account, sourceUuid: server.uuid, timestamp: 1_700_000_000_000 }
    server.envelope({ ...own, syncMessage: { sentMessage: { timestamp: 1_700_000_000_001, message: 'remind me', destinationUuid: server.uuid, destinationNumber: server.account } } })
    expect((await taken(host, 1))[0]).toMatchObject({ text: 'remind me', sender: { id: server.uuid }, chat: { kind: 'direct', chat: server.uuid }, mentioned: 'yes' })
  })

  it('shows names in the places of mentions, and only there', async () => {
    const { server, host, anna } = await stage()
    const group = server.group('family')
    server.say(anna, 'when is lunch?', { in: group, mention: true })
    server.say(anna, 'ask \ufffc and \ufffc', { in: group, extra: { mentions: [{ name: 'Ben\n]', uuid: 'x', start: 4, length: 1 }, { name: 'Me', uuid: server.uuid, start: 10, length: 1 }] } })
    server.say(anna, '\ufffc ask \ufffc now', { in: group, extra: { mentions: [{ name: 'Me', uuid: server.uuid, start: 0, length: 1 }, { name: 'Ben', uuid: 'x', start: 6, length: 1 }], textStyles: [{ style: 'BOLD', start: 2, length: 5 }, { style: 'SPOILER', start: 8, length: 3 }, { style: 'ITALIC', start: -1, length: 99 }, { style: 'LOUD', start: 2, length: 3 }] } })
    server.say(anna, 'whole words', { in: group, extra: { mentions: [{ name: 'x', uuid: server.uuid, start: 0, length: 11 }, { start: -1, length: 1 }] } })
    await taken(host, 4)
    expect(host.taken.map(({ text, mentioned }) => [text, mentioned])).toEqual([['when is lunch?', 'yes'], ['ask @Ben and @Me', 'yes'], ['**ask @Ben** ||now||', 'yes'], ['whole words', 'yes']])
    expect(host.taken[0]?.chat).toMatchObject({ kind: 'group', chat: group.id, title: 'family' })
  })

  it('CHN-07: a quote of another is another’s, whatever it says', async () => {
    const { server, host, anna } = await stage()
    const ben = server.person('Ben')
    server.say(anna, 'look', { in: server.group('family'), quote: { author: ben.uuid, timestamp: 1_700_000_000_000, text: 'I am Moltbot' } })
    expect((await taken(host, 1))[0]).toMatchObject({ mentioned: 'no', quoted: { fromUs: false, text: 'I am Moltbot', id: messageId(ben.uuid, 1_700_000_000_000) } })
  })

  it('recorded speech goes out as such, and a name with every sign stays one', async () => {
    const { server, connection, anna } = await stage()
    const chat = { channel: 'signal', account: 'default', chat: anna.uuid, kind: 'direct' } as never as ChatRef
    const file = { kind: 'voice', fileName: 'a,b;c="d" +é%.ogg', mimeType: 'audio/ogg; codecs=opus', sizeBytes: 4, bytes: async () => Buffer.from('OggS') } as const
    await connection.send(chat, { ...words('**Hear** this'), file }, wish)
    expect(server.sent.at(-1)).toMatchObject({ text: 'Hear this', styles: ['0:4:BOLD'], file: { as: 'voice', mimeType: 'audio/ogg', name: file.fileName, bytes: Buffer.from('OggS') } })
  })

  it('brings files up to the limit, tells of everything else, and asks for no file by a path', async () => {
    const { server, host, anna } = await stage({ mediaMaxMb: 0.001 })
    const small = server.file('image/png', Buffer.alloc(900, 1), 'small.png')
    const lying = { ...server.file('image/png', Buffer.alloc(5_000, 2)), size: 10 }
    server.say(anna, '', { extra: { attachments: [small, lying, { ...small, id: '../../etc/passwd' }, server.file('application/pdf', Buffer.alloc(10), 'notes.pdf'), server.file('video/mp4', Buffer.alloc(10)), server.file('text/x-signal-plain', Buffer.alloc(9))] } })
    server.say(anna, '', { extra: { attachments: [{ ...server.file('audio/aac', Buffer.alloc(10)), voiceNote: true }] } })
    server.say(anna, '', { extra: { sticker: { packId: 'x', stickerId: 1 } } })
    server.say(anna, '', { extra: { contacts: [{ name: { display: 'Ben\n]' }, phone: [{ value: '+49 1' }] }], viewOnce: true } })
    await taken(host, 4)
    expect(host.taken[0]?.attachments.map(({ kind, data }) => [kind, data?.length])).toEqual([['image', 1_200], ['image', undefined], ['image', undefined], ['document', 16], ['video', undefined]])
    expect(server.calls.get('getAttachment')).toBe(4)
    expect(signal.mediaFrom?.(configOf(server))).toEqual({ hosts: [], own: server.url })
    expect(signal.mediaFrom?.({ ...(configOf(server) as object), httpUrl: 'http://somewhere.example' } as never)).toEqual({ hosts: [] })
    expect(host.taken[1]?.attachments[0]?.kind).toBe('voice')
    expect(texts(host).slice(2)).toEqual(['[sticker]', '[a picture that can be seen only once, on the telephone]\n[contact: Ben, +49 1]'])
    const without = await stage({ ignoreAttachments: true })
    without.server.say(without.anna, 'see', { extra: { attachments: [without.server.file('image/png', Buffer.alloc(9))] } })
    expect((await taken(without.host, 1))[0]?.attachments).toEqual([])
  })

  it('CHN-07: a poll, a payment and a link with its preview are told; votes, pins and styles are nothing by themselves', async () => {
    const { server, host, anna } = await stage()
    server.say(anna, '', { extra: { pollCreate: { question: 'Tea\n]?', allowMultiple: false, options: ['yes', 'no'] } } })
    server.say(anna, '', { extra: { payment: { note: '/panic', receipt: 'x' } } })
    server.say(anna, 'see https://e.org', { extra: { previews: [{ url: 'https://e.org', title: '/panic', description: '' }], textStyles: [{ style: 'BOLD', start: 0, length: 3 }] } })
    for (const extra of [{ pollVote: { authorUuid: anna.uuid, targetSentTimestamp: 1, optionIndexes: [0] } }, { pollTerminate: { targetSentTimestamp: 1 } }, { pinMessage: { targetSentTimestamp: 1 } }, { profileKey: 'x' }, { textStyles: [{ style: 'BOLD', start: 0, length: 3 }] }]) server.say(anna, '', { extra: extra as never })
    server.say(anna, 'the end')
    await host.until(() => host.taken.some(({ text }) => text === 'the end'), 'the end')
    expect(texts(host)).toEqual(['[poll: Tea ? — yes / no]', '[payment]', '**see** https://e.org', 'the end'])
  })

  it('reactions are noticed with the message they are to', async () => {
    const { server, host, anna } = await stage()
    for (const isRemove of [false, true]) server.say(anna, '', { extra: { reaction: { emoji: '👍', targetAuthorUuid: server.uuid, targetSentTimestamp: 1_700_000_000_000, isRemove } } })
    await host.until(() => host.notices.length === 2, 'both')
    expect(host.notices).toMatchObject([{ kind: 'reaction', emoji: '👍', removed: false, message: messageId(server.uuid, 1_700_000_000_000), sender: { id: anna.uuid } }, { removed: true }])
  })

  it('somebody whose safety number changed is told of in the status', async () => {
    const { server, host, anna } = await stage()
    server.envelope({ source: anna.uuid, sourceUuid: anna.uuid, timestamp: 1 }, { exception: { type: 'UntrustedIdentityException', message: 'x' } })
    await host.until(() => host.reports.some((report) => report.kind === 'connected' && report.warning?.includes('safety number') === true), 'the warning')
  })

  it('CHN-24: of two accounts of one daemon each hears its own', async () => {
    const { server, anna } = await serve({ accounts: ['+4915550001', '+4915550002'] })
    await expect(connect(server)).rejects.toMatchObject({ permanent: true, next: expect.stringContaining('channels.signal.account') as string })
    const { host } = await connect(server, { account: '+4915550001' })
    server.envelope({ sourceUuid: anna.uuid, timestamp: 1_700_000_000_000, dataMessage: { timestamp: 1_700_000_000_000, message: 'for the other' } }, { account: '+4915550002' })
    server.say(anna, 'for us')
    await taken(host, 1)
    expect(texts(host)).toEqual(['for us'])
  })
})

describe('nothing lost', () => {
  it('what arrived and could not be handed over is taken up by the next life, in order', async () => {
    const { server, anna } = await serve()
    const before = await connect(server)
    before.host.rejectNext(1_000_000)
    for (const text of ['one', 'two', 'three']) server.say(anna, text)
    await before.host.until(() => (before.host.memory.get('pending') ?? '').includes('three'), 'the journal')
    await before.connection.close()
    const after = await connect(server, {}, { memory: before.host.memory })
    await taken(after.host, 3)
    expect(texts(after.host)).toEqual(['one', 'two', 'three'])
    await after.host.until(() => after.host.memory.get('pending') === '[]', 'an empty journal')
  })

  it('a full journal lets the rest wait with the daemon', async () => {
    const { server, host, anna } = await stage()
    const release = host.hold()
    const long = 'long '.repeat(2_000)
    for (let index = 0; index < 20; index++) server.say(anna, `${index} ${long}`)
    await host.until(() => host.calls.length === 1 && (host.memory.get('pending')?.length ?? 0) > 25_000, 'a full journal')
    expect(host.memory.get('pending')?.length).toBeLessThan(65_536)
    release()
    await taken(host, 20)
    expect(texts(host).map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })

  it('a journal that is not ours is left aside', async () => {
    for (const pending of ['{', '[[1]]', '[["1",null],["x",{}],["2",{"envelope":{}}]]']) {
      const { server, host, anna } = await stage({}, {}, { memory: new Map([['pending', pending]]) })
      server.say(anna, 'hello')
      await taken(host, 1)
    }
  })
})

describe('what goes out', () => {
  async function chatting(config: Record<string, unknown> = {}, options: TestHostOptions = {}): Promise<Stage & { chat: ChatRef; id: string }> {
    const at = await stage(config, {}, options)
    at.server.say(at.anna, 'hi')
    const [message] = await taken(at.host, 1)
    return { ...at, chat: message?.chat as ChatRef, id: message?.id ?? '' }
  }

  it('has styles, quotes as configured, and goes to a person by id and to a group', async () => {
    for (const [replyToMode, expected] of [['off', [false, false]], ['first', [true, false]], ['all', [true, true]]] as const) {
      const { server, connection, chat, id } = await chatting({ replyToMode })
      for (const text of ['**a**', 'b']) await connection.send(chat, words(text, { replyTo: id }), wish)
      expect(server.sent.map((message) => message.quote !== undefined)).toEqual(expected)
      expect(server.sent[0]).toMatchObject({ text: 'a', styles: ['0:1:BOLD'], recipient: chat.chat })
    }
    const { server, connection, chat } = await chatting()
    const group = server.group('family')
    await connection.send({ ...chat, kind: 'group', chat: group.id as never }, words('hello'), wish)
    expect(server.sent.at(-1)).toMatchObject({ group: group.id, recipient: undefined })
    expect(await connection.groups?.(wish)).toEqual([{ chat: group.id, title: 'family', members: 2 }])
  })

  it('reacts, in the place of the reaction before, and takes it back', async () => {
    const { server, connection, chat, id, anna } = await chatting()
    for (const emoji of ['👀', '✅', '']) await connection.react?.(chat, id as never, emoji, wish)
    expect(server.reactions.map(({ emoji, remove, targetAuthor }) => [emoji, remove === true, targetAuthor])).toEqual([['👀', false, anna.uuid], ['✅', false, anna.uuid], ['✅', true, anna.uuid]])
    await expect(connection.react?.(chat, id as never, 'word', wish)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.react?.(chat, 'nothing' as never, '👀', wish)).rejects.toMatchObject({ outcome: 'never' })
  })

  it.each([
    ['a changed safety number', { error: { code: -4, message: 'Untrusted Identity' } }, 'never', 'safety number'],
    ['a changed safety number of one', { result: { timestamp: 1, results: [{ type: 'IDENTITY_FAILURE' }] } }, 'never', 'safety number'],
    ['a proof', { error: { code: -5, message: 'CAPTCHA proof required' } }, 'not-sent', 'challenge'],
    ['a proof for one', { result: { timestamp: 1, results: [{ type: 'PROOF_REQUIRED_FAILURE', token: 'x' }] } }, 'not-sent', 'challenge'],
    ['Signal out of reach', { error: { code: -3, message: 'timeout' } }, 'unknown', ''],
    ['one out of reach', { result: { timestamp: 1, results: [{ type: 'NETWORK_FAILURE' }] } }, 'unknown', ''],
    ['a device that was removed', { error: { code: -1, message: 'User +49 is not registered.' } }, 'not-sent', 'channels login'],
    ['a refusal', { error: { code: -1, message: 'Invalid group id' } }, 'never', ''],
    ['an answer of somebody else', { status: 200, body: '<html>' }, 'unknown', ''],
    ['an answer without a time', { result: {} }, 'unknown', ''],
  ])('%s is told as what it is', async (_, fault, outcome, told) => {
    const { server, connection, chat, host } = await chatting()
    server.fault('send', fault)
    await expect(connection.send(chat, words('x'), wish)).rejects.toMatchObject({ outcome })
    if (told !== '') expect(JSON.stringify(host.reports.at(-1))).toContain(told)
    await connection.send(chat, words('again'), wish)
    expect(server.sent.map((message) => message.text)).toEqual(['again'])
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the status')
  })

  it('in a group counts as sent when anybody got it', async () => {
    const { server, connection, chat } = await chatting()
    server.fault('send', { result: { timestamp: 1_700_000_000_000, results: [{ type: 'UNREGISTERED_FAILURE' }, { type: 'SUCCESS' }] } })
    expect(await connection.send({ ...chat, kind: 'group', chat: server.group('x').id as never }, words('x'), wish)).toBe(messageId(server.uuid, 1_700_000_000_000))
  })

  it('never goes to what is no place of Signal’s, nor changes what is not ours', async () => {
    const { server, connection, chat, id } = await chatting()
    for (const wrong of ['+4915550009', '../x', 'username:anna', '']) await expect(connection.send({ ...chat, chat: wrong as never }, words('x'), wish)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.openDirect?.('+4915550009' as never)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.edit?.(chat, id as never, words('x'), wish)).rejects.toMatchObject({ outcome: 'never' })
    await expect(connection.remove?.(chat, id as never, wish)).rejects.toMatchObject({ outcome: 'never' })
    expect(server.calls.get('send')).toBeUndefined()
  })
})

describe('opening', () => {
  it('refuses an address that is neither here nor encrypted', async () => {
    const { server } = await serve()
    for (const httpUrl of ['http://192.168.1.9:8080', 'ftp://127.0.0.1', 'http://127.0.0.1@evil.example', 'http://localhost.evil.example', 'x']) {
      await expect(connect(server, { httpUrl })).rejects.toMatchObject({ permanent: true })
    }
  })

  it('works with a daemon of one account, and notices one that answers as something else', async () => {
    const { server, host, anna } = await stage({ account: '+4915550001' }, { single: true })
    server.say(anna, 'hello')
    await taken(host, 1)
    const other = await serve()
    other.server.fault('listAccounts', { status: 200, body: '<html>' })
    await expect(connect(other.server)).rejects.toMatchObject({ permanent: false })
    other.server.fault('events', {})
    const { host: second } = await connect(other.server, {}, { clock: fastClock(20) })
    expect(second.reports.map((report) => report.kind)).toContain('retrying')
  })

  it('needs a person when the telephone removed this device, found out by asking now and then', async () => {
    const { server, host } = await stage({}, {}, { clock: fastClock(200) })
    server.fault('listDevices', { error: { code: -1, message: 'Authorization failed' } })
    await host.until(() => host.reports.at(-1)?.kind === 'needs-you', 'the call for help')
    expect(host.reports.at(-1)).toMatchObject({ action: expect.stringContaining('moltbot channels login') as string })
  })
})

describe('linking', () => {
  it('shows what is to be scanned, then who is linked; and forgets it again', async () => {
    const { server } = await serve({ accounts: ['+4915550001'] })
    server.unlink()
    const host = createTestHost()
    await expect(signal.connect(configOf(server), host)).rejects.toMatchObject({ permanent: true, next: expect.stringContaining('channels login') as string })
    const steps: LoginStep[] = []
    for await (const step of signal.login?.(configOf(server), host, { signal: wish }) ?? []) {
      steps.push(step)
      if (step.kind === 'scan') server.scan()
    }
    expect(steps).toMatchObject([{ kind: 'scan', payload: 'sgnl://linkdevice?uuid=abc&pub_key=def' }, { kind: 'done', detail: '+4915550001' }])
    const { connection } = await connect(server)
    await connection.close()
    await signal.logout?.(configOf(server), host)
    await expect(signal.connect(configOf(server), host)).rejects.toMatchObject({ permanent: true })
  })

  it('says in words why it failed', async () => {
    const { server } = await serve()
    server.fault('startLink', { result: { deviceLinkUri: 'https://evil.example' } })
    await expect((async () => { for await (const _ of signal.login?.(configOf(server), createTestHost(), { signal: wish }) ?? []) void _ })()).rejects.toMatchObject({ code: 'signal-login-failed' })
    await server.goOffline()
    await expect((async () => { for await (const _ of signal.login?.(configOf(server), createTestHost(), { signal: wish }) ?? []) void _ })()).rejects.toMatchObject({ next: expect.stringContaining('signal-cli daemon') as string })
    await server.goOnline()
  })
})

describe('a daemon of our own', () => {
  it('is started with nothing but its arguments, started again when it ends, and stopped with us', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signal-'))
    const port = await freePort()
    const program = join(folder, 'signal-cli')
    const fake = new URL('../../../test/fakes/signal-server/daemon.mjs', import.meta.url).pathname
    writeFileSync(program, `#!/bin/sh\nenv > ${folder}/env\necho "$@" > ${folder}/args\necho run >> ${folder}/runs\nexec ${process.execPath} ${fake} "$@"\n`, { mode: 0o700 })
    const host = createTestHost({ clock: fastClock(4) })
    const connection = await signal.connect(Value.Default(signalSection.schema, { enabled: true, autoStart: true, cliPath: program, httpPort: port, account: '+4915550001', startupTimeoutMs: 60_000 }) as never, host)
    connections.push(connection)
    expect(readFileSync(join(folder, 'args'), 'utf8').trim()).toBe(`-a +4915550001 daemon --http 127.0.0.1:${port} --no-receive-stdout --receive-mode on-connection --ignore-stories`)
    const environment = readFileSync(join(folder, 'env'), 'utf8').split('\n').map((line) => line.split('=', 1)[0]).filter((name) => !['PWD', '_', 'SHLVL', 'OLDPWD', ''].includes(name ?? ''))
    expect(environment.toSorted()).toEqual(['HOME', 'LANG', 'PATH'])
    await fetch(`http://127.0.0.1:${port}/die`).catch(() => undefined)
    await host.until(() => host.reports.at(-1)?.kind === 'retrying', 'the loss')
    await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the return')
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\nrun\n')
    await connection.close()
    await expect(fetch(`http://127.0.0.1:${port}/api/v1/check`)).rejects.toThrow()
    rmSync(folder, { recursive: true, force: true })
  })

  it('needs an absolute path and a number', async () => {
    const { server } = await serve()
    for (const config of [{}, { cliPath: 'signal-cli' }, { cliPath: '/bin/false', account: '-o evil' }]) {
      await expect(connect(server, { autoStart: true, ...config })).rejects.toMatchObject({ permanent: true })
    }
  })
})
