import type { Browser, Page } from 'playwright-core'
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
  return {
    gateway, browser, page, url, faults, another,
    async enter(room, heading) {
      await page.evaluate((hash) => { location.hash = hash }, `#/${room}`)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    },
    async close() {
      await browser.close()
      await gateway.close()
    },
  }
}
