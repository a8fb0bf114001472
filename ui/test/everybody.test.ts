import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectNoObstacles } from '../testing/axe.ts'
import { noBrowser } from '../testing/browser.ts'
import { moveIn } from '../testing/lived-in.ts'
import type { Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'every room for everybody (left out: no Chromium on this machine)' : 'every room for everybody'

/** What shows that a room has its answers; the conversation has the empty name. */
const rooms = {
  '': '.column article',
  'home': '.panel .figure',
  'approvals': '.past',
  'people': '.panel select',
  'channels': '.login',
  'agents': '.panel',
  'automations': '.job',
  'usage': '.plot-part',
  'security': 'table.record td',
  'logs': '[role="group"]',
  'settings': '.setting',
  'onboarding': '.setup-step',
} as const
const widths = [[1440, 900], [820, 1100], [390, 844]] as const

/** One gateway that people have used, one browser, one page a language: all rooms at three widths, light and dark, and in German where there is least room for words. */
describe.skipIf(noBrowser)(name, { timeout: 300_000 }, () => {
  let home: Furnished
  beforeAll(async () => {
    home = await moveIn()
  })
  afterAll(async () => home?.close())

  async function walk(page: Page, language: string): Promise<void> {
    for (const [room, there] of Object.entries(rooms)) {
      await page.setViewportSize({ width: 1440, height: 900 })
      await page.evaluate((hash) => { location.hash = hash }, room === '' ? '#agent:main:main' : `#/${room}`)
      await page.locator(`main ${there}`).first().waitFor()
      await page.locator('main details:not([open]) > summary').evaluateAll((places) => places.forEach((place) => (place as HTMLElement).click()))
      for (const [width, height] of language === 'en' ? widths : widths.slice(-1)) {
        const where = `${room === '' ? 'conversation' : room}, ${language}, ${width} px`
        await page.setViewportSize({ width, height })
        await expectNoObstacles(page, where)
        expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBe(width)
        for (const place of await page.locator('.room').all()) expect(await place.evaluate((one) => one.scrollWidth - one.clientWidth), where).toBe(0)
      }
    }
  }

  it('nothing is in anybody’s way, in English', async () => {
    await walk(home.page, 'en')
    expect(await home.faults()).toEqual([])
  })

  it('nothing is in anybody’s way, in German', async () => {
    const { page, faults } = await home.another({ language: 'de-DE' })
    await page.getByRole('navigation').getByRole('button', { name: 'Sicherheit' }).waitFor()
    await walk(page, 'de')
    expect(await faults()).toEqual([])
    await page.context().close()
  })

  it('twin: a button without a name is found', async () => {
    await home.page.evaluate(() => {
      const bad = document.createElement('button')
      bad.className = 'twin'
      document.querySelector('main')?.append(bad)
    })
    await expect(expectNoObstacles(home.page, 'twin')).rejects.toMatchObject({ actual: [expect.stringContaining('button-name')] })
  })
})
