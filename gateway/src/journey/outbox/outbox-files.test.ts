import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SendProblem, type ChatRef, type Connection, type ConnectionLimits, type InboxId, type OutgoingMessage, type PlatformMessageId, type PrincipalId, type Store } from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger } from '@moltbot/contract/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStore } from '../../foundation/storage/index.ts'
import { createOutbox, migrations, type OutboxRoom } from './index.ts'

const chat = { channel: 'fake', account: 'default', chat: 'c1', kind: 'direct' } as ChatRef
const principal = 'owner' as PrincipalId
const pdf = { fileName: '/home/anna/secret place/report.pdf', bytes: Buffer.from('%PDF-1.4 the report') }
const filesOk: ConnectionLimits = { textLengthMax: 100, nonce: false, files: { bytesMax: 50, captionMax: 20 }, buttons: { most: 3, labelMax: 10 } }

let store: Store
let folder: string
let outbox: OutboxRoom
let limits: ConnectionLimits
let plans: ('lost' | 'refuse' | 'never')[]
let up: boolean
let stays: boolean
let sent: (Omit<OutgoingMessage, 'file'> & { bytes?: string; as?: string })[]
const ids = countingIds()
let clock: FakeClock
let heard: Set<() => void>

function start(): OutboxRoom {
  const connection: Connection = {
    get limits() { return limits },
    async send(_chat, { file, ...message }) {
      const plan = plans.shift()
      if (plan === 'never') throw new SendProblem('never', 'no such files from you')
      if (plan === 'refuse') throw new SendProblem('not-sent', 'try later')
      sent.push({ ...message, ...(file === undefined ? {} : { bytes: Buffer.from(await file.bytes()).toString(), as: `${file.kind} ${file.fileName} ${file.mimeType}` }) })
      if (plan === 'lost') throw new SendProblem('unknown', 'no answer')
      return `m${sent.length}` as PlatformMessageId
    },
    async close() {},
  }
  return createOutbox({
    store, clock, newId: ids, log: memoryLogger(), random: () => 0.5, streaming: () => false, holds: () => false, label: () => 'Fakegram', files: { folder, stay: () => stays }, settled: async () => undefined,
    connections: { of: () => (up ? connection : undefined), onUp: (listener: () => void) => { heard.add(listener); return () => void heard.delete(listener) } } as never,
  })
}
const kept = (): string[] => (existsSync(folder) ? readdirSync(folder) : [])

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'outbox-files-')), 'files')
  clock = new FakeClock()
  ;[limits, plans, up, stays, sent, heard] = [filesOk, [], true, false, [], new Set()]
  store = await openStore({ file: ':memory:', migrations })
  outbox = start()
})
afterEach(async () => {
  await outbox.close(0)
  await store.close()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

describe('a file on its way out', () => {
  it('goes with its words, under its bare name, and is gone from the disk afterwards', async () => {
    const row = await outbox.send({ chat, principal, markdown: 'Here it is', file: pdf })
    expect(row).toMatchObject({ state: 'sent', file: { fileName: 'report.pdf', mimeType: 'application/pdf', kind: 'document', sizeBytes: pdf.bytes.length } })
    expect(sent).toMatchObject([{ markdown: 'Here it is', bytes: '%PDF-1.4 the report', as: 'document report.pdf application/pdf' }])
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it('goes after words that are too long to stand beside it', async () => {
    await outbox.send({ chat, principal, markdown: 'a sentence of more than twenty characters', file: pdf })
    expect(sent.map(({ markdown, bytes }) => [markdown, bytes !== undefined])).toEqual([['a sentence of more than twenty characters', false], ['', true]])
  })

  it('becomes a sentence without a path where it is too large, or where there are no files', async () => {
    const row = await outbox.send({ chat, principal, markdown: 'Look', file: { ...pdf, bytes: Buffer.alloc(60, 'x') } })
    expect(row.file).toBeUndefined()
    limits = { textLengthMax: 200, nonce: false }
    await outbox.send({ chat, principal, markdown: '', file: pdf })
    expect(sent.map(({ markdown }) => markdown)).toEqual(['Look\n\n📎 The file “report.pdf” (60 bytes) is too large for Fakegram, which takes at most 50 bytes.', '📎 The file “report.pdf” (19 bytes) stays with me: Fakegram takes no files from me.'])
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it('is on the disk for its owner alone before it is sent, and survives a gateway that dies meanwhile', async () => {
    up = false
    void outbox.send({ chat, principal, markdown: 'late', file: pdf }).catch(() => undefined)
    await vi.waitFor(async () => expect(await store.read.all('SELECT id FROM deliveries')).toHaveLength(2), { timeout: 60_000 })
    expect(kept()).toHaveLength(1)
    expect(statSync(join(folder, kept()[0] ?? '')).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    await outbox.close(0)
    writeFileSync(join(folder, 'a'.repeat(64)), 'nobody needs this')
    writeFileSync(join(folder, '.1.tmp'), 'half')
    up = true
    outbox = start()
    await outbox.resume()
    await vi.waitFor(() => expect(sent.map(({ markdown, bytes }) => [markdown, bytes])).toEqual([['late', undefined], ['', '%PDF-1.4 the report']]), { timeout: 60_000 })
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it('is sent again after a refusal that was not for good, and once more after an uncertain end', async () => {
    plans = ['refuse', 'lost']
    const done = outbox.send({ chat, principal, markdown: '', file: pdf })
    await vi.waitFor(() => {
      clock.advance(60_000)
      expect(sent).toHaveLength(2)
    }, { timeout: 60_000 })
    expect(await done).toMatchObject({ state: 'sent', resent: true })
    expect(sent.map(({ bytes }) => bytes)).toEqual(['%PDF-1.4 the report', '%PDF-1.4 the report'])
  })

  it('that is gone from the disk fails for good, in words', async () => {
    up = false
    const done = outbox.send({ chat, principal, markdown: '', file: pdf })
    await vi.waitFor(() => expect(heard.size).toBe(1), { timeout: 60_000 })
    rmSync(folder, { recursive: true })
    up = true
    for (const listener of heard) (listener as (channel: string, account: string) => void)('fake', 'default')
    expect(await done).toMatchObject({ state: 'failed', error: 'the file “report.pdf” is no longer there' })
    expect(sent).toEqual([])
  })

  it('stays where its place fetches it later, until the conversation is forgotten', async () => {
    stays = true
    const row = await outbox.send({ chat, principal, markdown: '', file: pdf })
    expect(Buffer.from((await outbox.openFile(row.id))?.bytes ?? []).toString()).toBe('%PDF-1.4 the report')
    await outbox.resume()
    expect(kept()).toHaveLength(1)
    await store.transaction((tx) => outbox.forget(tx, { turns: [], inbox: [], chats: ['c1'] }))
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
    expect(await outbox.openFile(row.id)).toBeUndefined()
  })

  it('MED-13: the same bytes for several are kept once, and stay until the last of them is sent', async () => {
    up = false
    const sends = ['c1', 'c2', 'c3'].map((to) => outbox.send({ chat: { ...chat, chat: to as never }, principal, markdown: '', file: pdf }))
    await vi.waitFor(() => expect(heard.size).toBe(3), { timeout: 60_000 })
    expect(kept()).toHaveLength(1)
    up = true
    for (const listener of heard) {
      ;(listener as (channel: string, account: string) => void)('fake', 'default')
      await vi.waitFor(() => expect(sent.length).toBeGreaterThan(0), { timeout: 60_000 })
    }
    expect((await Promise.all(sends)).map(({ state }) => state)).toEqual(['sent', 'sent', 'sent'])
    expect(sent.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 3 }, () => '%PDF-1.4 the report'))
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it.each([
    ['../../etc/passwd', 'passwd'], ['C:\\temp\\a.pdf', 'a.pdf'], ['gpj.\u202efdp.exe', 'gpj.fdp.exe'], ['a"; filename="b.html', 'a; filename=b.html'], ['a\r\nX-Header: 1.txt', 'aX-Header: 1.txt'],
    ['..', 'file'], ['.htaccess', 'htaccess'], ['a\0.txt', 'a.txt'], ['%2e%2e%2fx', '%2e%2e%2fx'], [`${'ä'.repeat(300)}.pdf`, `${'ä'.repeat(98)}.pdf`],
  ])('MED-10: the name %j goes as %j, and is never a path here', async (given, shown) => {
    expect((await outbox.send({ chat, principal, markdown: '', file: { fileName: given, bytes: pdf.bytes } })).file?.fileName).toBe(shown)
    expect(kept().every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true)
  })

  it('under the same key is one', async () => {
    const request = { chat, principal, markdown: 'once', key: 'k1', file: pdf }
    expect((await outbox.send(request)).id).toBe((await outbox.send(request)).id)
    expect(sent).toHaveLength(1)
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it('that may say where it was made does not go out, and an empty one neither', async () => {
    await expect(outbox.send({ chat, principal, markdown: 'x', file: { fileName: 'a.jpg', bytes: Buffer.from('\0\0\0\x18ftypheic', 'latin1') } })).rejects.toMatchObject({ code: 'file-tells-place' })
    await expect(outbox.send({ chat, principal, markdown: 'x', file: { fileName: 'a.jpg', bytes: Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0]) } })).rejects.toMatchObject({ code: 'file-tells-place' })
    await expect(outbox.send({ chat, principal, markdown: 'x', file: { fileName: 'a.txt', bytes: Buffer.alloc(0) } })).rejects.toMatchObject({ code: 'file-empty' })
    expect(sent).toEqual([])
    expect(kept()).toEqual([])
  })
})

describe('buttons', () => {
  const buttons = [{ label: 'Allow once', says: '/approve AB23 once' }, { label: 'No', says: '/deny AB23' }]
  const ask = (given = buttons): Promise<unknown> => store.transaction((tx) => outbox.reply(tx, { inbox: 'in1' as InboxId, chat, principal }, 'May I?', 'ask', given))

  it('go with the last part of the words, where there are some', async () => {
    await ask()
    await vi.waitFor(() => expect(sent).toHaveLength(1), { timeout: 60_000 })
    expect(sent[0]?.buttons).toEqual([{ label: 'Allow once', says: '/approve AB23 once' }, { label: 'No', says: '/deny AB23' }])
  })

  it('are left out where there are none, or not so many; a long label is cut', async () => {
    await ask([...buttons, ...buttons])
    limits = { ...filesOk, buttons: { most: 2, labelMax: 5 } }
    await store.transaction((tx) => outbox.reply(tx, { inbox: 'in2' as InboxId, chat, principal }, 'May I?', 'ask', buttons))
    await vi.waitFor(() => expect(sent).toHaveLength(2), { timeout: 60_000 })
    expect(sent.map((message) => message.buttons?.map(({ label }) => label))).toEqual([undefined, ['Allo…', 'No']])
  })
})

describe('buttons that answer nothing any more', () => {
  const buttons = [{ label: 'Allow once', says: '/approve AB23 once' }, { label: 'No', says: '/deny AB23' }]
  it('stay to be seen beside a message outside any turn, over a restart, and are gone with their conversation', async () => {
    stays = true
    await outbox.send({ chat, principal, markdown: 'May I?', buttons })
    // A question of a turn stands where its turn does.
    await store.transaction((tx) => outbox.reply(tx, { inbox: 'in1' as InboxId, chat, principal }, 'And this?', 'ask', buttons))
    await vi.waitFor(() => expect(sent).toHaveLength(2), { timeout: 60_000 })
    expect(await outbox.besideTurns(chat.chat)).toMatchObject([{ markdown: 'May I?', buttons }])
    await outbox.endButtons(() => true)
    await vi.waitFor(async () => expect(await outbox.besideTurns(chat.chat)).toMatchObject([{ markdown: 'May I?', spentButtons: buttons }]), { timeout: 60_000 })
    expect((await outbox.besideTurns(chat.chat))[0]).not.toHaveProperty('buttons')
    await outbox.close(0)
    outbox = start()
    await outbox.endButtons(() => { throw new Error('asked again') })
    expect(await outbox.besideTurns(chat.chat)).toMatchObject([{ spentButtons: buttons }])
    await store.transaction((tx) => outbox.forget(tx, { turns: [], inbox: [], chats: [chat.chat as string] }))
    expect(await outbox.besideTurns(chat.chat)).toEqual([])
    expect(JSON.stringify(await store.read.all('SELECT * FROM deliveries WHERE inbox_id IS NULL'))).not.toMatch(/May I|approve/)
  })
})

describe('an answer as a sound', () => {
  const ogg = Buffer.from(`OggS${'\0'.repeat(24)}OpusHead and so on`, 'latin1')
  const turn = { id: 't1' as never, principal: { id: principal, role: 'owner' as const }, chat, replyTo: '1' as PlatformMessageId }
  async function answer(words: string, alone = true): Promise<void> {
    const held = await outbox.keep({ fileName: 'answer.ogg', bytes: ogg, asVoice: true })
    await store.transaction((tx) => outbox.answer(tx, turn, words, { file: held.file, alone }))
    await held.release()
  }
  const heardBy = (count: number): Promise<void> => vi.waitFor(() => expect(sent).toHaveLength(count), { timeout: 60_000 })

  it('stands in place of words that are all in it', async () => {
    await answer('Good morning.')
    await heardBy(1)
    expect(sent).toMatchObject([{ markdown: '', as: 'voice answer.ogg audio/ogg' }])
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it('follows words that are not all in it, or would not fit into the message it is', async () => {
    await answer('See [this](https://example.org).', false)
    await heardBy(2)
    limits = { ...filesOk, textLengthMax: 60 }
    await store.transaction((tx) => tx.run('DELETE FROM deliveries'))
    await answer('Words that fit, but not with the line below them.')
    await heardBy(4)
    expect(sent.map(({ markdown, bytes }) => [markdown, bytes !== undefined])).toEqual([
      ['See [this](https://example.org).', false], ['', true], ['Words that fit, but not with the line below them.', false], ['', true],
    ])
  })

  it('is words where the place takes no such file, and where it refuses one for good', async () => {
    limits = { textLengthMax: 100, nonce: false }
    await answer('No files here.')
    await heardBy(1)
    limits = filesOk
    plans = ['never']
    await store.transaction((tx) => tx.run('DELETE FROM deliveries'))
    await answer('Good evening.')
    await heardBy(2)
    expect(sent.map(({ markdown, bytes }) => [markdown, bytes !== undefined])).toEqual([['No files here.', false], ['Good evening.\n\n*(As text: this chat takes no voice notes from me.)*', false]])
    expect(await outbox.counts()).toEqual({ waiting: 0, ambiguous: 0, failed: 0 })
    await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 60_000 })
  })

  it('goes out after a gateway that died, from what it kept', async () => {
    up = false
    await answer('Good night.')
    await outbox.close(0)
    outbox = start()
    up = true
    await outbox.resume()
    await heardBy(2)
    expect(sent.map(({ markdown, bytes }) => [markdown, bytes?.slice(-9)])).toEqual([['Good night.', undefined], ['', 'and so on']])
  })
})
