import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readAttachment } from './read-attachment.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moltbot-attach-'))
  writeFileSync(join(folder, 'a note.txt'), 'bread')
  writeFileSync(join(folder, 'sound.MP3'), 'not really')
  writeFileSync(join(folder, 'empty'), '')
  mkdirSync(join(folder, 'drawer'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(['a note.txt', '  a note.txt ', "'a note.txt'", '"a note.txt"', 'a\\ note.txt'])('takes %j as a shell does', async (words) => {
  expect(await readAttachment(words, folder, 100)).toEqual({ name: 'a note.txt', bytes: 5, mimeType: undefined, content: Buffer.from('bread').toString('base64') })
})

it('says of sounds and pictures what they are', async () => {
  expect(await readAttachment(join(folder, 'sound.MP3'), '/', 100)).toMatchObject({ name: 'sound.MP3', mimeType: 'audio/mpeg' })
})

it.each([['nothing', /cannot be read/], ['drawer', /no file/], ['pipe', /no file/], ['empty', /is empty/], ['a note.txt', /larger than 0 MB/]])('refuses %s in words', async (words, why) => {
  await expect(readAttachment(words, folder, 4)).rejects.toMatchObject({ code: 'attachment-unreadable', message: expect.stringMatching(why) as string })
})
