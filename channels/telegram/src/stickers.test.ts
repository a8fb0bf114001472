import { expect, it } from 'vitest'
import { createStickers } from './stickers.ts'

function memory(): { get(key: string): Promise<string | undefined>; set(key: string, value: string): Promise<void>; values: Map<string, string>; broken: boolean } {
  const values = new Map<string, string>()
  const state = {
    values, broken: false,
    async get(key: string) {
      if (state.broken) throw new Error('cannot be read')
      return values.get(key)
    },
    set: async (key: string, value: string) => void values.set(key, value),
  }
  return state
}

it('the latest sticker of an emoji is found in the chat it came from, after a restart too, and in no other', async () => {
  const state = memory()
  const stickers = createStickers(state)
  await Promise.all([stickers.remember('1', '❤️', 'a'), stickers.remember('1', '😎', 'b'), stickers.remember('2', '😎', 'c'), stickers.remember('1', '😎', 'd')])
  for (const one of [stickers, createStickers(state)]) {
    expect(await Promise.all([one.find('1', '😎'), one.find('1', '❤'), one.find('2', ' 😎 '), one.find('2', '❤'), one.find('3', '😎')])).toEqual(['d', 'a', 'c', undefined, undefined])
    expect([await one.known('1'), await one.known('3')]).toEqual([['😎', '❤'], []])
  }
})

it('takes no more room than a value has, and one chat never all of it', async () => {
  const state = memory()
  const stickers = createStickers(state)
  await stickers.remember('calm', '🦞', 'first')
  for (let at = 0; at < 300; at += 1) await stickers.remember('loud', '😎', `${'x'.repeat(190)}${at}`)
  expect([await stickers.find('calm', '🦞'), await stickers.find('loud', '😎')]).toEqual(['first', `${'x'.repeat(190)}299`])
  for (let chat = 0; chat < 300; chat += 1) await stickers.remember(`-100123456789${chat}`, '👩‍👩‍👧‍👦', 'y'.repeat(200))
  await stickers.remember('1', '', 'none')
  await stickers.remember('1', '😎', 'z'.repeat(201))
  expect([...state.values.values()].join('').length).toBeLessThan(64 * 1024)
  expect(await stickers.known('1')).toEqual([])
})

it('what cannot be read once is read the next time, and nothing is written over it meanwhile', async () => {
  const state = memory()
  await createStickers(state).remember('1', '😎', 'a')
  const stickers = createStickers(state)
  state.broken = true
  await expect(stickers.remember('1', '🦞', 'b')).rejects.toThrow()
  await expect(stickers.find('1', '😎')).rejects.toThrow()
  state.broken = false
  await stickers.remember('1', '🦞', 'b')
  expect(await stickers.known('1')).toEqual(['🦞', '😎'])
})
