import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { realClock } from '@moltbot/contract/testing'
import { closePage } from './tab.ts'

it('a page that loses the word to close is told once more, in another way', async () => {
  const told: string[] = []
  let closed = (): void => undefined
  const gone = new Promise<void>((resolve) => { closed = resolve })
  const page: Pick<Page, 'close'> = {
    async close(how) {
      told.push(how?.runBeforeUnload === true ? 'by the page itself' : 'by the browser')
      if (how?.runBeforeUnload === true) return closed()
      await gone
    },
  }
  await closePage(page, realClock)
  expect(told).toEqual(['by the browser', 'by the page itself'])
})

it('a page that closes is told once, and one that is gone does no harm', async () => {
  const told: unknown[] = []
  await closePage({ close: async (how) => void told.push(how) }, realClock)
  await closePage({ close: () => Promise.reject(new Error('it is closed')) }, realClock)
  expect(told).toEqual([undefined])
})
