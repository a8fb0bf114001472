import type { Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startWhatsAppServer, type WhatsAppServer } from '../../test/fakes/whatsapp-server/index.ts'
import { expectNoObstacles } from '../testing/axe.ts'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

/** When a code is too old is decided by a timer of WhatsApp's library: here it is in the hands of the test. */
function holdCodes(): { nextCode(): void; release(): void } {
  const real = globalThis.setTimeout
  const due: (() => void)[] = []
  globalThis.setTimeout = ((task: () => void, ms?: number, ...more: unknown[]) => {
    if (task.name === 'genPairQR') due.push(task)
    return real(task.name === 'genPairQR' ? () => undefined : task, ms, ...(more as []))
  }) as typeof setTimeout
  return {
    nextCode() {
      const task = due.pop()
      if (task === undefined) throw new Error('no code is shown')
      due.length = 0
      task()
    },
    release: () => void (globalThis.setTimeout = real),
  }
}

const name = noBrowser ? 'linking a telephone (left out: no Chromium on this machine)' : 'linking a telephone'
// Left out by name where there is no browser.
describe.skipIf(noBrowser)(name, () => {
  let whatsapp: WhatsAppServer
  let home: Furnished
  let codes: ReturnType<typeof holdCodes>
  beforeAll(async () => {
    codes = holdCodes()
    whatsapp = await startWhatsAppServer()
    home = await furnishPage({ config: { channels: { whatsapp: { enabled: true, apiRoot: whatsapp.apiRoot } } } })
    await home.enter('channels', 'Channels')
  })
  afterAll(async () => {
    codes.release()
    await home?.close()
    await whatsapp?.close()
  })
  afterEach(async () => expect(await home.faults()).toEqual([]))

  const panel = (): Locator => home.page.locator('.phone-login')
  const says = (words: string): Promise<void> => panel().getByText(words, { exact: false }).waitFor()
  const code = (): Locator => panel().getByRole('img', { name: 'Code to scan with the telephone' })
  const picture = async (): Promise<string> => (await code().locator('path').getAttribute('d')) ?? ''

  it('shows a code, then the next one in its place, and says when time ran out', async () => {
    await home.page.getByRole('button', { name: 'Link with a telephone' }).click()
    await code().waitFor()
    expect(await panel().locator('[aria-current=step]').textContent()).toContain('Scan')
    await expectNoObstacles(home.page, 'a code to scan')
    const seen = [await picture()]
    for (const _ of [2, 3]) {
      codes.nextCode()
      await expect.poll(picture, { timeout: 60_000 }).not.toBe(seen.at(-1))
      await says('A new code: scan this one.')
      seen.push(await picture())
    }
    expect(new Set(seen).size).toBe(3)
    codes.nextCode()
    await panel().getByRole('alert').getByText('Time ran out.').waitFor()
    await says('Nobody scanned in time.')
    expect(await code().count()).toBe(0)
    await expectNoObstacles(home.page, 'a login that ran out of time')
  })

  it('says that it was refused, and lets one try again', async () => {
    whatsapp.refuseLogins(403)
    await panel().getByRole('button', { name: 'Link again' }).click()
    await panel().getByRole('alert').getByText('The login was refused.').waitFor()
    whatsapp.refuseLogins(undefined)
    await panel().getByRole('button', { name: 'Link again' }).click()
    await code().waitFor()
  })

  it('gives a code to type where the page is on the telephone itself, and goes back to scanning', async () => {
    await panel().getByText('This page is on the telephone itself?').click()
    await panel().getByRole('textbox', { name: 'Its number, with country code' }).fill('12')
    await panel().getByRole('button', { name: 'Get a code to type' }).click()
    await says('This is no telephone number in international form.')
    await panel().getByRole('button', { name: 'Link again' }).click()
    await panel().getByText('This page is on the telephone itself?').click()
    await panel().getByRole('textbox', { name: 'Its number, with country code' }).fill('+49 151 00000001')
    await panel().getByRole('button', { name: 'Get a code to type' }).click()
    await expect.poll(() => panel().locator('.phone-code').textContent(), { timeout: 60_000 }).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    await panel().getByRole('button', { name: 'Scan a code instead' }).click()
    await code().waitFor()
  })

  it('an attempt that another page began anew ends here in words', async () => {
    const client = await home.gateway.connect()
    await client.request('web.login.start', { channel: 'whatsapp', force: true })
    await panel().getByRole('alert').getByText(/The login was (called off|refused)\./).waitFor()
    await panel().getByRole('button', { name: 'Link again' }).click()
    await code().waitFor()
  })

  it('is linked as soon as the telephone agreed, and the row says so by itself', async () => {
    const client = await home.gateway.connect()
    const { qr } = await client.request('web.login.wait', { channel: 'whatsapp', timeoutMs: 0 }) as { qr: string }
    await whatsapp.scan(qr)
    await home.page.getByText('WhatsApp is linked: +4915100000001.').first().waitFor()
    await panel().waitFor({ state: 'detached' })
    await home.page.locator('.login').filter({ hasText: 'WhatsApp' }).getByText('connected', { exact: true }).waitFor()
    // What a telephone is linked by is nowhere on the page once it is.
    expect(await home.page.content()).not.toContain(qr)
  })
})
