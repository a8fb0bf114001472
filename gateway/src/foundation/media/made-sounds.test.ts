import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countingIds, FakeClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMadeSounds, type MadeSounds } from './made-sounds.ts'

let at: string
let clock: FakeClock
let sounds: MadeSounds
beforeEach(() => {
  at = mkdtempSync(join(tmpdir(), 'moltbot-sounds-'))
  clock = new FakeClock()
  sounds = createMadeSounds({ folder: join(at, 'spoken'), clock, newId: countingIds() })
})
afterEach(() => rmSync(at, { recursive: true, force: true }))

it('a sound lies there for its user alone, and is gone after ten minutes', async () => {
  const path = await sounds.keep({ bytes: Buffer.from('OggS'), extension: 'ogg' })
  expect(readFileSync(path, 'utf8')).toBe('OggS')
  expect([statSync(path).mode & 0o777, statSync(join(at, 'spoken')).mode & 0o777]).toEqual([0o600, 0o700])
  await clock.advance(9 * 60_000)
  expect(existsSync(path)).toBe(true)
  await clock.advance(60_000)
  await vi.waitFor(() => expect(existsSync(path)).toBe(false), { timeout: 60_000 })
})

it('many large ones do not fill the disk: the oldest goes', async () => {
  const bytes = Buffer.alloc(40_000_000)
  const paths = [await sounds.keep({ bytes, extension: 'wav' }), await sounds.keep({ bytes, extension: 'wav' }), await sounds.keep({ bytes, extension: 'wav' })]
  expect(paths.map(existsSync)).toEqual([false, true, true])
})

it('nothing of another process, and nothing at the end, stays', async () => {
  const path = await sounds.keep({ bytes: Buffer.from('OggS'), extension: 'ogg' })
  writeFileSync(join(at, 'spoken', 'left-by-a-crash.mp3'), 'ID3')
  await sounds.clear()
  expect([existsSync(path), existsSync(join(at, 'spoken', 'left-by-a-crash.mp3'))]).toEqual([false, false])
  await sounds.clear()
})

it('a disk that takes nothing is told in words', async () => {
  writeFileSync(join(at, 'spoken'), 'a file where the folder shall be')
  await expect(sounds.keep({ bytes: Buffer.from('OggS'), extension: 'ogg' })).rejects.toMatchObject({ code: 'file-not-kept' })
})
