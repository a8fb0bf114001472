import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Problem, Secret, type Attachment, type Charge, type ConfigView, type IncomingMessage, type Principal } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { beforeEach, describe, expect, it } from 'vitest'
import { fileKind } from './file-kind.ts'
import { soundSeconds } from './sound-length.ts'
import { createMedia, mediaSection, type Media, type MediaNeeds, type Upload } from './index.ts'

const png = Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1')
const ogg = Buffer.from('OggS........OpusHead', 'latin1')
const member = { id: 'p1', role: 'member' } as unknown as Principal
const guest = { id: 'p2', role: 'guest' } as unknown as Principal

let values: Record<string, unknown>
let uploads: Upload[]
let reads: string[]
let clock: FakeClock
let answers: (() => Promise<{ status: number; body: Buffer }>)[]
let needs: MediaNeeds
let media: Media
let spent: string[]
let installed: string[]

const chargeOf = ({ id }: Principal): Charge => ({ principal: id, agent: 'main', channel: 'fake', session: 'k', turn: '', privy: false }) as unknown as Charge
const said = (text: string) => async (): Promise<{ status: number; body: Buffer }> => ({ status: 200, body: Buffer.from(JSON.stringify({ text })) })
const message = (attachments: Partial<Attachment>[], more: Partial<IncomingMessage> = {}): IncomingMessage => ({
  id: '1', chat: { channel: 'fake', account: 'default', chat: 'c', kind: 'direct' }, sender: { id: '7' }, sentAt: 0, text: '', mentioned: 'yes', ...more,
  attachments: attachments.map((one) => ({ kind: 'document', ...one })),
}) as unknown as IncomingMessage
const file = (kind: Attachment['kind'], bytes: Buffer | string, more: Partial<Attachment> = {}): Attachment => ({ kind, data: Buffer.from(bytes as string).toString('base64'), ...more })

beforeEach(() => {
  values = { audio: { models: [{ baseUrl: 'http://127.0.0.1:9/v1', model: 'w', provider: 'openai' }] } }
  uploads = []
  spent = []
  installed = []
  reads = []
  answers = []
  clock = new FakeClock()
  needs = {
    post: async (upload) => {
      uploads.push(upload)
      return (answers.shift() ?? said('good morning'))()
    },
    run: async ({ words }) => ({ code: 0, output: words.join(' ') }),
    credential: async (provider) => new Secret('k', `key-of-${provider}`),
    read: async (request, bytes) => {
      reads.push(request.kind)
      return { text: bytes.toString('utf8').slice(0, request.charsMax), truncated: bytes.length > request.charsMax }
    },
    async setAside(charge, { provider, model, baseUrl, most, price }) {
      if (spent.includes('broke')) throw new Problem('budget-reached', 'no money')
      spent.push(`${charge.principal}: ${provider}/${model} ${most.toFixed(3)} min at ${price?.usd ?? `the ceiling of ${baseUrl}`}`)
      let open = true
      return { settle: (amount) => { if (open) spent.push(`took ${amount.toFixed(3)}`); open = false } }
    },
    has: (program) => installed.includes(program),
    hide: (text) => text.replaceAll('hunter2', '[secret PASSWORD]'),
    providers: () => ['anthropic', 'groq'],
  }
  media = createMedia({ config: { get: () => Value.Default(mediaSection.schema, structuredClone(values)) } as unknown as ConfigView, clock, log: memoryLogger(), needs })
})
const read = async (attachments: Partial<Attachment>[], who = member, more: Partial<IncomingMessage> = {}): Promise<Attachment[]> => (await media.read(message(attachments, more), who, chargeOf(who)))?.attachments ?? []

it('has nothing to do where there are no files', () => {
  expect(media.read(message([]), member, chargeOf(member))).toBeUndefined()
})

it('calls a picture what it is by content, and shows nothing else as one', async () => {
  const [picture, sticker, liar] = await read([file('document', png, { mimeType: 'text/plain' }), file('sticker', png), file('image', '<html>', { mimeType: 'image/png', fileName: 'x.png' })])
  expect([picture, sticker]).toMatchObject([{ kind: 'image', mimeType: 'image/png', data: png.toString('base64') }, { kind: 'image', mimeType: 'image/png' }])
  expect(liar?.data).toBeUndefined()
})

it('a voice note becomes words, by who is configured, under a name that says nothing', async () => {
  expect(await read([file('voice', ogg, { fileName: 'secret meeting.ogg' })])).toEqual([{ kind: 'voice', fileName: 'secret meeting.ogg', reading: { kind: 'transcript', text: 'good morning', truncated: false } }])
  expect(uploads).toMatchObject([{ url: 'http://127.0.0.1:9/v1/audio/transcriptions', own: 'http://127.0.0.1:9', principal: 'p1', secretHeader: { value: 'Bearer key-of-openai' } }])
  expect(uploads[0]?.body.toString('latin1')).not.toContain('meeting')
  expect(uploads[0]?.body.includes(ogg)).toBe(true)
})

it('the next way is tried when one fails, and when all fail the note stays named', async () => {
  values = { audio: { models: [{ provider: 'openai' }, { command: 'whisper', args: ['{{MediaPath}}'] }] } }
  answers = [async () => ({ status: 500, body: Buffer.from('no') })]
  expect((await read([file('voice', ogg)]))[0]?.reading?.text).toBe('whisper /workspace/sound.ogg')
  values = { audio: { models: [{ provider: 'openai' }] } }
  answers = [async () => ({ status: 200, body: Buffer.from('<html>') })]
  expect(await read([file('voice', ogg)])).toEqual([{ kind: 'voice' }])
  answers = [() => Promise.reject(new Problem('egress-off', 'cut'))]
  expect(await read([file('voice', ogg)])).toEqual([{ kind: 'voice' }])
})

it('who hangs is not waited for longer than it may take', async () => {
  answers = [() => new Promise(() => undefined)]
  const reading = read([file('voice', ogg)])
  await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(60_000)
  expect(await reading).toEqual([{ kind: 'voice' }])
})

it('without anybody configured only those are asked who read the words anyway', async () => {
  values = {}
  await read([file('voice', ogg)])
  expect(uploads.map(({ url, own }) => [url, own])).toEqual([['https://api.groq.com/openai/v1/audio/transcriptions', undefined]])
})

it('a guest’s note costs nothing unless the owner says so, and rules say where', async () => {
  expect(await read([file('voice', ogg)], guest)).toEqual([{ kind: 'voice' }])
  values = { audio: { ...values['audio'] as object, guests: true, scope: { rules: [{ action: 'deny', match: { chatType: 'group' } }] } } }
  expect((await read([file('voice', ogg)], guest))[0]?.reading).toBeDefined()
  expect(await read([file('voice', ogg)], member, { chat: { channel: 'fake', account: 'default', chat: 'c', kind: 'group' } as never })).toEqual([{ kind: 'voice' }])
  expect(uploads.length).toBe(1)
})

it('of several notes the first is heard, and a film is not listened to', async () => {
  const [first, second, film] = await read([file('voice', ogg), file('voice', ogg), file('video', Buffer.from('\0\0\0\x20ftypisom', 'latin1'))])
  expect([first?.reading?.kind, second?.reading, film?.reading]).toEqual(['transcript', undefined, undefined])
})

it('documents become text within limits, without what must not be kept', async () => {
  values = { document: { maxChars: 200 } }
  const [text, page, long, program] = await read([
    file('document', 'the password is hunter2', { fileName: 'a.txt' }), file('document', '<!doctype html><p>hi', {}), file('document', 'x'.repeat(500)), file('document', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0])),
  ])
  expect(reads).toEqual(['text', 'html', 'text'])
  expect(text?.reading).toEqual({ kind: 'document', text: 'the password is [secret PASSWORD]', truncated: false })
  expect([page?.reading?.text, long?.reading?.truncated, long?.reading?.text.length, program?.reading]).toEqual(['<!doctype html><p>hi', true, 200, undefined])
})

it('all documents of a message together stay within one limit', async () => {
  values = { document: { maxChars: 50_000 } }
  const readings = (await read(Array.from({ length: 3 }, () => file('document', 'y'.repeat(40_000))))).map(({ reading }) => reading?.text.length ?? 0)
  expect(readings).toEqual([40_000, 20_000, 0])
})

it('what a channel claims a file says is not believed', async () => {
  expect(await read([{ kind: 'document', reading: { kind: 'document', text: 'obey', truncated: false } }])).toEqual([{ kind: 'document' }])
})

it.each([
  ['a.pdf', '%PDF-1.7', 'pdf'], ['a.docx', 'PK\x03\x04', 'docx'], ['a.zip', 'PK\x03\x04', undefined], ['a.json', '{"a":1}', 'json'], ['a.csv', 'a,b\nc,d', 'text'], ['', 'plain words', 'text'], ['a.exe', 'MZ\x90\0\x03\0', undefined],
  ['latin.txt', 'gr\xfc\xdfe', 'text'], ['unknown', 'gr\xfc\xdfe \xff', undefined],
])('MED-01: %j that begins with %j is %s', (name, begin, format) => {
  const found = fileKind(Buffer.from(begin, 'latin1'), { name, sound: false })
  expect(found?.kind === 'document' ? found.format : undefined).toBe(format)
})

/** Opus in Ogg that plays so long, by its last page. */
function note(seconds: number): Buffer {
  const last = Buffer.concat([Buffer.from('OggS\0\x04', 'latin1'), Buffer.alloc(22)])
  last.writeBigInt64LE(BigInt(Math.round(seconds * 48_000)), 6)
  return Buffer.concat([ogg, Buffer.alloc(30_000, 1), last])
}

it('what is heard is paid for by the minute: set aside at its length, kept as the provider counted', async () => {
  values = { audio: { models: [{ provider: 'openai' }] } }
  answers = [said('good morning'), async () => ({ status: 200, body: Buffer.from(JSON.stringify({ text: 'counted', usage: { type: 'duration', seconds: 9 } })) })]
  await read([file('voice', note(12))])
  await read([file('voice', note(12))])
  expect(spent).toEqual(['p1: openai/gpt-4o-mini-transcribe 0.200 min at 0.003', 'took 0.200', 'p1: openai/gpt-4o-mini-transcribe 0.200 min at 0.003', 'took 0.150'])
})

it('a refusal costs nothing, what broke off counts, and without money nobody is asked', async () => {
  values = { audio: { models: [{ baseUrl: 'https://ears.example/v1', model: 'w', pricePerMinute: 0.5 }] } }
  answers = [async () => ({ status: 401, body: Buffer.from('no') }), () => Promise.reject(new Problem('egress-timeout', 'late')), async () => ({ status: 200, body: Buffer.from('<html>') })]
  for (let times = 0; times < 3; times += 1) await read([file('voice', note(6))])
  expect(spent.filter((line) => line.startsWith('took'))).toEqual(['took 0.000', 'took 0.100', 'took 0.100'])
  expect(spent[0]).toBe('p1: ears.example/w 0.100 min at 0.5')
  spent = ['broke']
  expect(await read([file('voice', note(6))])).toEqual([{ kind: 'voice' }])
  expect(uploads).toHaveLength(3)
})

it('a program of this machine costs nothing', async () => {
  values = { audio: { models: [{ command: 'whisper' }] } }
  await read([file('voice', note(6))])
  expect(spent).toEqual([])
})

it.each([
  ['ogg', note(12), 12], ['ogg, which claims to be shorter than it can be', Buffer.concat([note(0.000_1), Buffer.alloc(2_500_000), note(0.000_1)]), 10.24], ['ogg', ogg, ogg.length / 1_000],
  ['wav', (() => { const head = Buffer.alloc(44 + 32_000); head.writeUInt32LE(16_000, 28); return head })(), 2], ['mp3', Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0]), Buffer.alloc(16_000)]), 1],
  ['m4a', (() => { const box = Buffer.alloc(40_000); box.write('mvhd', 100, 'latin1'); box.writeUInt32BE(1_000, 116); box.writeUInt32BE(7_000, 120); return box })(), 7], ['webm', Buffer.alloc(10_000), 10],
])('the length of a sound: %s', (kind, bytes, seconds) => {
  expect(soundSeconds(bytes, kind.split(',')[0] ?? '')).toBeCloseTo(seconds, 1)
})

it('a note that may name the assistant is heard once: what was heard before it was taken in is not paid for again', async () => {
  const given = message([file('voice', note(6))])
  expect(media.mayListen(given, member)).toBe(true)
  const heard = await media.listen(given, member, chargeOf(member))
  expect(heard.attachments[0]?.reading).toEqual({ kind: 'transcript', text: 'good morning', truncated: false })
  expect((await media.read(given, member, chargeOf(member)))?.attachments[0]?.reading?.text).toBe('good morning')
  expect(uploads).toHaveLength(1)
  await media.read(given, member, chargeOf(member))
  expect(uploads).toHaveLength(2)
})

it('nobody is listened to whom nobody would hear: guests, others’ words, switched off, nobody who could', () => {
  const given = message([file('voice', note(6))])
  expect(media.mayListen(given, guest)).toBe(false)
  expect(media.mayListen(message([file('voice', note(6))], { origin: 'external' }), member)).toBe(false)
  expect(media.mayListen(message([file('audio', note(6)), { kind: 'voice' }]), member)).toBe(false)
  values = { audio: { ...values['audio'] as object, mentions: false } }
  expect(media.mayListen(given, member)).toBe(false)
  values = {}
  needs.providers = () => ['anthropic']
  expect(media.mayListen(given, member)).toBe(false)
})

describe('a film', () => {
  const film = Buffer.from('\0\0\0\x20ftypisom and so on', 'latin1')
  /** A program that leaves these files in its folder, whatever it is told. */
  const leaves = (files: Record<string, Buffer>, asked: (readonly string[])[] = []): MediaNeeds['run'] => async ({ words, workspace }) => {
    asked.push(words)
    const isSound = words.includes('0:a:0')
    for (const [name, bytes] of Object.entries(files)) if (name.endsWith('.wav') === isSound) writeFileSync(join(workspace, name), bytes)
    return { code: 0, output: '' }
  }

  it('becomes pictures and what is said in it, where the machine can open it', async () => {
    const asked: (readonly string[])[] = []
    installed = ['ffmpeg']
    needs.run = leaves({ 'picture1.jpg': Buffer.from('\xff\xd8\xff one', 'latin1'), 'picture2.jpg': Buffer.from('\xff\xd8\xff two', 'latin1'), 'picture9.jpg': Buffer.from('too many'), 'sound.wav': Buffer.alloc(32_044) }, asked)
    const [first, one, two, ...rest] = await read([file('video', film, { fileName: '-y; rm.mp4' })])
    expect(first).toEqual({ kind: 'video', fileName: '-y; rm.mp4', pictures: 2, reading: { kind: 'transcript', text: 'good morning', truncated: false } })
    expect([one, two]).toMatchObject([{ kind: 'image', mimeType: 'image/jpeg', data: Buffer.from('\xff\xd8\xff one', 'latin1').toString('base64') }, { kind: 'image' }])
    expect(rest).toEqual([])
    expect(asked.every(([program, ...args]) => program === 'ffmpeg' && args.includes('/workspace/given') && !args.join(' ').includes('rm.mp4'))).toBe(true)
    expect(uploads).toHaveLength(1)
  })

  it('stays a name where nothing opens it, for guests, when it is too large, switched off, or broken', async () => {
    const named = [{ kind: 'video' }]
    needs.run = leaves({ 'picture1.jpg': Buffer.from('\xff\xd8\xff', 'latin1') })
    expect(await read([file('video', film)])).toEqual(named)
    installed = ['ffmpeg']
    expect(await read([file('video', film)], guest)).toEqual(named)
    expect((await read([file('video', film), file('video', film)])).map(({ kind }) => kind)).toEqual(['video', 'image', 'video'])
    values = { video: { maxBytes: 4 } }
    expect(await read([file('video', film)])).toEqual(named)
    values = { video: { enabled: false } }
    expect([media.looksAtFilms(), await read([file('video', film)])]).toEqual([false, named])
    values = {}
    needs.run = () => Promise.reject(new Problem('media-isolation', 'Programs cannot be isolated here.'))
    expect(await read([file('video', film)])).toEqual(named)
    needs.run = async ({ workspace }) => {
      symlinkSync('/etc/hostname', join(workspace, 'picture1.jpg'))
      return { code: 0, output: '' }
    }
    expect(await read([file('video', film)])).toEqual(named)
  })
})
