import AxeBuilder from '@axe-core/playwright'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'the installed page (left out: no Chromium on this machine)' : 'the installed page'

/** Left out by name where there is no Chromium; on CI that is a failure. */
describe.skipIf(noBrowser)(name, { timeout: 60_000 }, () => {
  let home: Furnished
  beforeAll(async () => {
    home = await furnishPage()
    await home.page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  }, 120_000)
  afterAll(async () => home?.close(), 60_000)
  afterEach(async () => expect(await home.faults()).toEqual([]))

  const kept = (): Promise<string[]> => home.page.evaluate(async () => {
    const found: string[] = []
    for (const cache of await caches.keys()) for (const request of await (await caches.open(cache)).keys()) found.push(request.url)
    return found
  })

  it('has what a browser asks of a page it installs', async () => {
    const manifest = await home.page.evaluate(async () => {
      const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')
      const answer = await fetch(link?.href ?? '')
      return { type: answer.headers.get('content-type'), ...(await answer.json() as { icons: { src: string; sizes: string; purpose?: string }[]; shortcuts: { url: string }[]; display: string; start_url: string }) }
    })
    expect(manifest.type).toContain('application/manifest+json')
    expect(manifest).toMatchObject({ display: 'standalone', start_url: './' })
    for (const icon of manifest.icons.filter((each) => each.sizes !== 'any')) {
      const size = await home.page.evaluate(async (src) => {
        const picture = await createImageBitmap(await (await fetch(src)).blob())
        return `${picture.width}x${picture.height}`
      }, icon.src)
      expect(size).toBe(icon.sizes)
    }
    expect(manifest.icons.some((icon) => icon.purpose === 'maskable')).toBe(true)
    const session = await home.page.context().newCDPSession(home.page)
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors') as { installabilityErrors: { errorId: string }[] }
    // The browser of a test is never asked to install anything; everything else must be in order.
    expect(installabilityErrors.map((error) => error.errorId).filter((id) => id !== 'in-incognito')).toEqual([])
  })

  it('keeps the shell and its files, and neither an answer of the gateway nor an address with a token', async () => {
    await home.enter('settings', 'Settings')
    await expect.poll(async () => (await kept()).length).toBeGreaterThan(2)
    const addresses = await kept()
    for (const address of addresses) {
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/($|assets\/|icon|badge|apple|manifest)/)
      expect(address).not.toContain('token')
    }
    const all = await home.page.evaluate(async () => {
      const texts: string[] = []
      for (const cache of await caches.keys()) for (const request of await (await caches.open(cache)).keys()) texts.push(await (await (await caches.open(cache)).match(request))?.text() ?? '')
      return texts.join('\n')
    })
    expect(all).not.toContain(home.gateway.token)
    expect(all).not.toContain('sessionDefault":"agent')
  })

  it('opens without a connection, says so, and goes on when the gateway is back', async () => {
    await home.page.goto(home.url)
    await home.page.locator('.head .pill').last().waitFor()
    await home.page.context().setOffline(true)
    await home.page.reload()
    await home.page.getByText('Try now').waitFor()
    expect(await home.page.getByRole('textbox', { name: 'Message', exact: true }).count()).toBe(1)
    await home.page.context().setOffline(false)
    await home.page.getByText('Try now').click().catch(() => 'it may have come back by itself')
    await home.page.getByText('Try now').waitFor({ state: 'detached' })
  })

  it('begins a chat from the shortcut of its icon, and lists its keys', async () => {
    await home.page.goto(`${home.url}#/new`)
    await home.page.locator('.head .pill').last().waitFor()
    await home.page.waitForFunction(() => location.hash.startsWith('#agent:'))
    await home.page.getByRole('navigation', { name: 'Chats' }).focus().catch(() => undefined)
    await home.page.keyboard.press('Control+k')
    await home.page.getByRole('combobox', { name: 'Search and commands' }).fill('Keys')
    await home.page.keyboard.press('Enter')
    await home.page.getByRole('dialog', { name: 'Keys' }).getByText('Search, and everything else').waitFor()
    const { violations } = await new AxeBuilder({ page: home.page }).analyze()
    expect(violations.map((violation) => violation.id)).toEqual([])
    await home.page.keyboard.press('Escape')
    await home.page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' })
  })

  it('shows what is pushed as words of its own, leads to the place, and asks the gateway for every change', async () => {
    await home.page.context().grantPermissions(['notifications'])
    await home.enter('settings', 'Settings')
    const device = home.page.getByRole('region', { name: 'This device' })
    await device.getByText('No browser is told.').waitFor()
    await device.getByRole('checkbox', { name: 'Answers in chats of this page' }).uncheck()
    await expect.poll(() => home.gateway.gateway.rooms.push?.preferences('owner' as never)).toMatchObject({ replies: false, showText: false })
    const session = await home.page.context().newCDPSession(home.page)
    const registered = new Promise<string>((resolve) => {
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const [first] = registrations
        if (first !== undefined) resolve(first.registrationId)
      })
    })
    await session.send('ServiceWorker.enable')
    const registrationId = await registered
    const shown = (): Promise<string[]> => home.page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((note) => `${note.title} | ${note.body} | ${String((note.data as { place: string }).place)}`))
    const deliver = (data: string): Promise<unknown> => session.send('ServiceWorker.deliverPushMessage', { origin: new URL(home.url).origin, registrationId, data })
    await deliver(JSON.stringify({ kind: 'approval' }))
    await expect.poll(shown, { timeout: 10_000 }).toEqual(['Your assistant asks for a yes | Open the page to see it. | ./#/approvals'])
    await deliver(JSON.stringify({ kind: 'alert', body: '<b>x</b>', session: 'https://evil.example/' }))
    await expect.poll(shown, { timeout: 10_000 }).toContain('Your assistant needs you | <b>x</b> | ./#/home')
    await deliver('no json')
    await expect.poll(shown, { timeout: 10_000 }).toContain('Your assistant needs you | Open the page to see it. | ./#/home')
  })
})
