import { readFileSync, writeFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { vi } from 'vitest'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../../test/support/test-gateway.ts'
import { buildPage, launch, openPage, type OpenPage } from './browser.ts'

/** The page as it ships, on a gateway as it runs, in a browser as people use it. One of these serves a whole file of tests. */
export interface Furnished {
  gateway: TestGateway
  browser: Browser
  page: Page
  url: string
  /** Broken page rules and uncaught errors so far. Empty is the only good value. */
  faults(): Promise<string[]>
  /** A further page of the same browser, signed in by itself. */
  another(options?: Parameters<typeof openPage>[2]): Promise<OpenPage>
  /** Shows a room and waits until its heading stands. */
  enter(room: string, heading: string): Promise<void>
  /**
   * For `beforeEach`: a test that is begun a second time finds the configuration as it was the first time, and the page where it was, but just
   * opened. What else a first try has left (words that were said, jobs that were made) the test itself must bear.
   */
  begun(test: { result?: { retryCount?: number } }): Promise<void>
  close(): Promise<void>
}

export async function furnishPage(options: TestGatewayOptions = {}, view: Parameters<typeof openPage>[2] = {}): Promise<Furnished> {
  const built = await buildPage()
  const gateway = await startTestGateway({ builtin: true, telegram: false, ...options, uiDir: built.dir })
  const browser = await launch()
  const url = `http://127.0.0.1:${gateway.gateway.port}/`
  const another = (wanted: Parameters<typeof openPage>[2] = {}): Promise<OpenPage> => openPage(browser, `${url}?token=${gateway.token}`, wanted)
  const { page, faults } = await another(view)
  await page.locator('.head .pill').last().waitFor()
  let config = ''
  return {
    gateway, browser, page, url, faults, another,
    async enter(room, heading) {
      await page.evaluate((hash) => { location.hash = hash }, `#/${room}`)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    },
    async begun({ result }) {
      if ((result?.retryCount ?? 0) === 0) {
        config = readFileSync(gateway.configFile, 'utf8')
        return
      }
      writeFileSync(gateway.configFile, config)
      await vi.waitFor(() => {
        if (gateway.gateway.rooms.config.snapshot().raw !== config) throw new Error('the configuration is not read yet')
      }, { timeout: 60_000 })
      const was = page.url()
      await page.context().setOffline(false)
      await page.goto(`${url}?token=${gateway.token}`)
      await page.evaluate(() => localStorage.clear())
      await page.goto('about:blank')
      await page.goto(was.startsWith(url) ? was : url)
      await page.locator('.row-open, .rows-empty').first().waitFor({ state: 'attached' })
    },
    async close() {
      await browser.close()
      await gateway.close()
    },
  }
}
