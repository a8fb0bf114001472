import AxeBuilder from '@axe-core/playwright'
import { encode } from 'uqr'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectNoObstacles } from '../testing/axe.ts'
import { noBrowser, openPage } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'the installed page (left out: no Chromium on this machine)' : 'the installed page'

/** Left out by name where there is no Chromium; on CI that is a failure. */
describe.skipIf(noBrowser)(name, () => {
  let home: Furnished
  beforeAll(async () => {
    home = await furnishPage()
    await home.page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  })
  afterAll(async () => home?.close())
  beforeEach(({ task }) => home.begun(task))
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
    // It may come back by itself before the button is reached.
    const back = home.page.getByText('Try now').waitFor({ state: 'detached' })
    await Promise.race([back, home.page.getByText('Try now').click().catch(() => back)])
    await back
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

  it('links a telephone by a code that opens once, lists it as a device, and signs it out', async () => {
    // Another part of the settings is open: the way to a key leads to its own.
    await home.enter('settings', 'Settings')
    await home.page.getByRole('navigation', { name: 'Parts of the configuration' }).getByRole('button', { name: 'Channels' }).click()
    await home.enter('people', 'People')
    const devices = home.page.getByRole('region', { name: 'Devices', exact: true })
    await devices.getByRole('button', { name: 'Link a telephone' }).click()
    // A code for an address that no telephone reaches would only disappoint.
    await devices.getByText('The gateway listens on this computer only', { exact: false }).waitFor()
    const picture = devices.getByRole('img', { name: 'Code to scan with the telephone' })
    expect(await picture.count()).toBe(0)
    await expectNoObstacles(home.page, 'no address for a telephone')
    await devices.getByRole('button', { name: 'gateway.bind in the settings' }).click()
    await home.page.waitForFunction(() => document.activeElement?.closest('.setting')?.querySelector('.setting-path')?.textContent === 'gateway.bind')
    await home.enter('people', 'People')
    await devices.getByRole('button', { name: 'Link a telephone' }).click()
    const other = devices.getByLabel('Another address')
    await other.fill('http://127.0.0.1:18789')
    await devices.getByText('Only this machine reaches that address.').waitFor()
    await other.fill('http://192.168.1.5:18789')
    await devices.getByText('Without https', { exact: false }).waitFor()
    await other.fill('https://box.tailnet.ts.net')
    await devices.getByText('Code to paste').click()
    const token = (await devices.locator('.device-words').textContent()) ?? ''
    expect(token).toMatch(/^link-[A-Za-z0-9_-]{43}$/)
    const squares = encode(`https://box.tailnet.ts.net/?token=${token}`, { border: 3 }).data.flat().filter(Boolean).length
    expect((await picture.locator('path').getAttribute('d'))?.match(/M/g)?.length).toBe(squares)
    await expectNoObstacles(home.page, 'a code for a telephone')

    const telephone = await openPage(home.browser, `${home.url}?token=${token}`, { width: 390, height: 844 })
    await telephone.page.getByRole('textbox', { name: 'Message', exact: true }).waitFor()
    expect(telephone.page.url()).not.toContain('token')
    await home.page.getByText('is linked.', { exact: false }).first().waitFor()
    await devices.getByText('linked by a code, stays until', { exact: false }).waitFor()
    expect(await home.page.content(), 'what it was linked by is gone').not.toContain(token)
    const [linked, ...others] = (await home.gateway.gateway.rooms.signIns.list()).filter(({ kind }) => kind === 'device')
    expect([others.length, Math.round(((linked?.expiresAt ?? 0) - (linked?.createdAt ?? 0)) / 86_400_000)]).toEqual([0, 30])

    const stranger = await openPage(home.browser, `${home.url}?token=${token}`)
    await stranger.page.getByText('This link was used already', { exact: false }).waitFor()
    await stranger.page.context().close()

    await devices.getByRole('button', { name: /^Sign .+ out$/ }).click()
    await devices.getByRole('group').getByRole('button', { name: 'Sign out' }).click()
    await telephone.page.getByText('Please sign in again').waitFor()
    await devices.getByText('No device is paired.').waitFor()
    expect(await telephone.faults()).toEqual([])
    await telephone.page.context().close()
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
    await expect.poll(shown, { timeout: 60_000 }).toEqual(['Your assistant asks for a yes | Open the page to see it. | ./#/approvals'])
    await deliver(JSON.stringify({ kind: 'alert', body: '<b>x</b>', session: 'https://evil.example/' }))
    await expect.poll(shown, { timeout: 60_000 }).toContain('Your assistant needs you | <b>x</b> | ./#/home')
    await deliver('no json')
    await expect.poll(shown, { timeout: 60_000 }).toContain('Your assistant needs you | Open the page to see it. | ./#/home')
  })
})
