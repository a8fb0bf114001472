import { describe, expect, it } from 'vitest'
import { SendProblem } from '../channel.ts'
import type { PlatformMessageId } from '../ids.ts'
import type { IncomingMessage, OutgoingButton, OutgoingFile } from '../message.ts'
import { failure, never, words, type ChannelKit } from './channel-kit.ts'
import type { Line, SeenMessage } from './channel-network.ts'

/** More than this says nothing more about a limit and costs every run. */
const largestTried = 4 * 1024 * 1024

const onePixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const begins = {
  ogg: Buffer.concat([Buffer.from('OggS\0\x02'), Buffer.alloc(20), Buffer.from('\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0', 'latin1'), Buffer.alloc(400, 1)]),
  mp3: Buffer.concat([Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1'), Buffer.alloc(400, 2)]),
  mp4: Buffer.concat([Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41', 'latin1'), Buffer.alloc(400, 3)]),
  pdf: Buffer.concat([Buffer.from('%PDF-1.4\n'), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.from('\r\n--boundary\r\n%%EOF')]),
}

/** One file of each kind, with bytes that begin as such files do. */
export const sampleFiles: Readonly<Record<OutgoingFile['kind'], OutgoingFile>> = {
  image: file('image', 'picture.png', 'image/png', onePixel),
  audio: file('audio', 'song.mp3', 'audio/mpeg', begins.mp3),
  voice: file('voice', 'voice.ogg', 'audio/ogg', begins.ogg),
  video: file('video', 'film.mp4', 'video/mp4', begins.mp4),
  document: file('document', 'report.pdf', 'application/pdf', begins.pdf),
}
const kinds = Object.keys(sampleFiles) as OutgoingFile['kind'][]

function file(kind: OutgoingFile['kind'], fileName: string, mimeType: string, bytes: Uint8Array): OutgoingFile {
  return { kind, fileName, mimeType, sizeBytes: bytes.length, bytes: async () => bytes }
}

/** What stands on the network and what it holds, words and files. A network may show a caption as a message of its own beside the file. */
const standing = (at: Line): SeenMessage[] => at.network.sent().filter((message) => !message.removed)
const filesOf = (at: Line): SeenMessage[] => standing(at).filter((message) => message.file !== undefined)
const wordsOf = (at: Line): string[] => standing(at).map((message) => message.text).filter((text) => text !== '')
const sameBytes = (seen: SeenMessage | undefined, sent: Uint8Array): boolean => seen?.file !== undefined && Buffer.from(sent).equals(seen.file.bytes)

/** Files on their way out, for a connection that says it takes some. */
export function fileCases(kit: ChannelKit): void {
  const { channel, line, chatWithAnna } = kit
  describe(`${channel.id}: files that go out`, () => {
    it('have honest, usable limits', async (context) => {
      const { connection: { limits } } = await line()
      kit.needs(context, limits.files, 'files')
      expect(limits.files.captionMax).toBeGreaterThanOrEqual(0)
      for (const max of [limits.files.bytesMax, ...Object.values(limits.files.bytesMaxOf ?? {})]) expect(max).toBeGreaterThan(begins.pdf.length)
    })

    it.for(kinds)('arrive byte for byte with their words: %s', async (kind, context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      const chat = await chatWithAnna(at)
      const sample = sampleFiles[kind]
      const caption = at.connection.limits.files.captionMax < 20 ? '' : 'Here you are'
      const id = await at.connection.send(chat, words(caption, { file: sample }), never)
      const [seen, ...more] = filesOf(at)
      expect(more).toEqual([])
      expect(seen?.id).toBe(id)
      expect(sameBytes(seen, await sample.bytes())).toBe(true)
      expect(wordsOf(at)).toEqual(caption === '' ? [] : [caption])
      // A voice note may be shown as a sound, and anything as a document; nothing is shown as more than it is.
      expect([kind, 'document', ...(kind === 'voice' ? ['audio'] : [])]).toContain(seen?.file?.as)
    })

    it('need no words', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      const id = await at.connection.send(await chatWithAnna(at), words('', { file: sampleFiles.document }), never)
      expect(filesOf(at).map((message) => message.id)).toEqual([id])
      expect(wordsOf(at)).toEqual([])
    })

    it('keep their name, and no name breaks the way there', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      const chat = await chatWithAnna(at)
      await at.connection.send(chat, words('', { file: sampleFiles.document }), never)
      if (filesOf(at)[0]?.file?.name !== undefined) expect(filesOf(at)[0]?.file?.name).toBe('report.pdf')
      for (const fileName of ['Bericht "Ä; x=1" 😀.pdf', '-rf.pdf', `${'n'.repeat(180)}.pdf`]) await at.connection.send(chat, words('', { file: { ...sampleFiles.document, fileName } }), never)
      const seen = filesOf(at)
      expect(seen.length).toBe(4)
      for (const message of seen) expect(sameBytes(message, begins.pdf)).toBe(true)
    })

    it('may be as large as it says, with as many words as it says', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      const { bytesMax, bytesMaxOf, captionMax } = at.connection.limits.files
      const bytes = Buffer.alloc(Math.min(bytesMaxOf?.document ?? bytesMax, largestTried), 7)
      begins.pdf.copy(bytes)
      const caption = 'ä'.repeat(captionMax)
      await at.connection.send(await chatWithAnna(at), words(caption, { file: { ...sampleFiles.document, sizeBytes: bytes.length, bytes: async () => bytes } }), never)
      expect(sameBytes(filesOf(at)[0], bytes)).toBe(true)
      expect(wordsOf(at).join('').length).toBe(captionMax)
    })

    it.for(['**bold** `code` a < b & c', '<b>no tag</b>', '| a | b |\n|---|---|\n| 1 | 2 |', '[x](javascript:alert(1)) **un*closed'])('take any Markdown as their words: %j', async (markdown, context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      kit.needs(context, at.connection.limits.files.captionMax >= markdown.length, 'words beside files')
      await at.connection.send(await chatWithAnna(at), words(markdown, { file: sampleFiles.image }), never)
      expect(filesOf(at).length).toBe(1)
      expect(wordsOf(at).length).toBe(1)
    })

    it('are answers in a thread and to a message as words are', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      kit.needs(context, at.network.places?.includes('topics'), 'threads')
      const { chat } = await kit.hear(at, { from: 'anna', text: 'in a', where: 'topic-a', mention: true })
      await at.connection.send(chat, words('', { file: sampleFiles.image }), never)
      expect(filesOf(at)[0]?.thread).toBe(chat.thread)
    })

    it('sent twice under one key have the effect of one, if it says so', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      kit.needs(context, at.connection.limits.nonce, 'nonce')
      const chat = await chatWithAnna(at)
      const message = words('', { file: sampleFiles.document })
      const ids = [await at.connection.send(chat, message, never), await at.connection.send(chat, message, never)]
      expect(ids[0]).toBe(ids[1])
      expect(filesOf(at).length).toBe(1)
    })

    it('are not sent when it was called off before', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      const chat = await chatWithAnna(at)
      expect(await failure(at.connection.send(chat, words('', { file: sampleFiles.image }), AbortSignal.abort()))).toMatchObject({ outcome: 'not-sent' })
      expect(standing(at)).toEqual([])
    })

    it('whose bytes are gone were certainly not sent', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      const chat = await chatWithAnna(at)
      const gone: OutgoingFile = { ...sampleFiles.document, bytes: () => Promise.reject(new SendProblem('never', 'The file is gone.')) }
      expect(await failure(at.connection.send(chat, words('', { file: gone }), never))).toMatchObject({ name: 'SendProblem', outcome: 'never' })
      expect(standing(at)).toEqual([])
    })

    it('are uncertain when the line broke after they were accepted', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      kit.needs(context, at.network.faults.cutAfterAccept, 'line that could break')
      const chat = await chatWithAnna(at)
      at.network.faults.cutAfterAccept()
      expect(await failure(at.connection.send(chat, words('', { file: sampleFiles.document }), never))).toMatchObject({ outcome: 'unknown' })
      expect(filesOf(at).length).toBe(1)
    })

    it('are refused for good when we are blocked', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.files, 'files')
      kit.needs(context, at.network.faults.block, 'blocking')
      const chat = await chatWithAnna(at)
      at.network.faults.block()
      expect(await failure(at.connection.send(chat, words('', { file: sampleFiles.image }), never))).toMatchObject({ name: 'SendProblem', outcome: 'never' })
    })
  })
}

const choices: OutgoingButton[] = [{ label: 'Yes, once', says: 'yes 7kQ' }, { label: 'No', says: 'no 7kQ' }]

/** Answers to tap, for a connection that says it has some. */
export function buttonCases(kit: ChannelKit): void {
  const { channel, line, hear, chatWithAnna } = kit
  describe(`${channel.id}: buttons`, () => {
    const labelsOf = (at: Line, id: PlatformMessageId): string[] => at.network.sent().find((message) => message.id === id)?.buttons ?? []

    it('stand below the words, in order', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      const id = await at.connection.send(await chatWithAnna(at), words('May I?', { buttons: choices }), never)
      expect(labelsOf(at, id)).toEqual(['Yes, once', 'No'])
      expect(at.network.sent().find((message) => message.id === id)?.text).toBe('May I?')
    })

    it('may be as many and as long as it says', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      const { most, labelMax } = at.connection.limits.buttons
      const buttons = Array.from({ length: most }, (_, index) => ({ label: `${index} `.padEnd(labelMax, 'ä'), says: `${index} `.padEnd(60, 's') }))
      const id = await at.connection.send(await chatWithAnna(at), words('Which?', { buttons }), never)
      expect(labelsOf(at, id)).toEqual(buttons.map((button) => button.label))
    })

    it('are tapped by somebody, whose words they then are, once', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      const before = await hear(at, { from: 'anna', text: 'hello' })
      const id = await at.connection.send(before.chat, words('May I?', { buttons: choices }), never)
      await at.network.tap?.('anna', id, 'Yes, once')
      await at.host.until(() => at.host.taken.some((message) => message.text === 'yes 7kQ'), 'the tap')
      const [tap, ...more] = at.host.taken.filter((message) => message.text === 'yes 7kQ')
      expect(more).toEqual([])
      expect(tap).toMatchObject({ mentioned: 'yes', attachments: [], sender: { id: before.sender.id }, chat: { chat: before.chat.chat, kind: 'direct' } })
      expect(JSON.parse(JSON.stringify(tap))).toEqual(tap)
    })

    it('are answered by whoever taps, in a group too', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      kit.needs(context, at.network.places?.includes('group'), 'groups')
      const asked = await hear(at, { from: 'anna', text: 'do it', where: 'group', mention: true })
      const ben = await hear(at, { from: 'ben', text: 'I am here', where: 'group' })
      const id = await at.connection.send(asked.chat, words('May I?', { buttons: choices }), never)
      await at.network.tap?.('ben', id, 'No')
      await at.host.until(() => at.host.taken.some((message) => message.text === 'no 7kQ'), 'the tap')
      expect(at.host.taken.find((message) => message.text === 'no 7kQ')).toMatchObject({ sender: { id: ben.sender.id }, chat: { chat: asked.chat.chat, kind: 'group' }, mentioned: 'yes' })
    })

    it('tapped twice are two messages with ids of their own', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      const id = await at.connection.send(await chatWithAnna(at), words('Again?', { buttons: choices }), never)
      await at.network.tap?.('anna', id, 'No')
      await at.network.tap?.('anna', id, 'No')
      const taps = (): IncomingMessage[] => at.host.taken.filter((message) => message.text === 'no 7kQ')
      await at.host.until(() => taps().length === 2, 'both taps')
      expect(new Set(taps().map((message) => message.id)).size).toBe(2)
    })

    it('that could not be written down come again', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      kit.needs(context, at.network.redeliver, 'repeated deliveries')
      const id = await at.connection.send(await chatWithAnna(at), words('May I?', { buttons: choices }), never)
      at.host.rejectNext(1)
      void at.network.tap?.('anna', id, 'Yes, once')
      await at.host.until(() => at.host.taken.some((message) => message.text === 'yes 7kQ'), 'the tap')
      const calls = at.host.calls.filter((call) => call.message.text === 'yes 7kQ')
      expect(new Set(calls.map((call) => call.message.id)).size).toBe(1)
    })

    it('go away with an edit that has none, and stay with one that has them', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.limits.buttons, 'buttons')
      kit.needs(context, at.connection.edit, 'edits')
      const chat = await chatWithAnna(at)
      const id = await at.connection.send(chat, words('May I?', { buttons: choices }), never)
      await at.connection.edit(chat, id, words('May I, please?', { buttons: choices }), never)
      expect(labelsOf(at, id)).toEqual(['Yes, once', 'No'])
      await at.connection.edit(chat, id, words('May I, please?'), never)
      expect(labelsOf(at, id)).toEqual([])
      await at.connection.edit(chat, id, words('Allowed.'), never)
      expect(labelsOf(at, id)).toEqual([])
      expect(at.network.sent().find((message) => message.id === id)?.text).toBe('Allowed.')
    })
  })
}
