import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startAuthorizationServer, type AuthorizationServer } from '../../test/fakes/authorization-server/index.ts'
import { expectNoObstacles } from '../testing/axe.ts'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'signing in with a provider (left out: no Chromium on this machine)' : 'signing in with a provider'
/** In a real browser. Left out by name where there is no Chromium. */
describe.skipIf(noBrowser)(name, () => {
  let auth: AuthorizationServer
  let provider: Server
  let home: Furnished
  beforeAll(async () => {
    auth = await startAuthorizationServer({ email: 'olga@example.org', lifeSeconds: null })
    provider = createServer((request, response) => {
      request.resume()
      const token = request.headers.authorization?.replace('Bearer ', '')
      if (!auth.accepts(token)) return void response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"choices":[{"delta":{"content":"Signed in and well."}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    home = await furnishPage({
      builtin: false,
      config: {
        models: { providers: { house: { baseUrl: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`, api: 'openai-completions', models: [{ id: 'm' }], oauth: { issuer: auth.issuer, clientId: 'moltbot-test' } } } },
        agents: { defaults: { model: { primary: 'house/m' } } },
      },
    })
    await home.enter('agents', 'Agents')
  })
  afterAll(async () => {
    await home?.close()
    await auth?.close()
    provider?.closeAllConnections()
    await new Promise<void>((resolve) => provider.close(() => resolve()))
  })
  beforeEach(({ task }) => home.begun(task))
  afterEach(async () => expect(await home.faults()).toEqual([]))

  const panel = (): Locator => home.page.getByRole('region', { name: 'Keys and sign-ins', exact: true })
  const signIn = (): Locator => panel().getByRole('group', { name: 'Sign in with house' })
  const row = (words: string): Locator => panel().getByRole('listitem').filter({ hasText: words })

  it('shows the code and where to type it, hears the yes by itself, and the answers come from then on', async () => {
    await panel().getByRole('button', { name: 'Sign in with house' }).click()
    await signIn().getByRole('button', { name: 'With a code, on any device' }).click()
    const code = signIn().getByLabel('Code to type')
    await code.waitFor()
    const link = signIn().getByRole('link', { name: `Open ${new URL(auth.issuer).host}` })
    expect([await link.getAttribute('href'), await link.getAttribute('target'), await link.getAttribute('rel')]).toEqual([`${auth.issuer}/type`, '_blank', 'noopener noreferrer'])
    await signIn().getByRole('img', { name: 'Code to scan' }).waitFor()
    await home.page.setViewportSize({ width: 390, height: 844 })
    await expectNoObstacles(home.page, 'a code to type')
    expect(await home.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    auth.approve((await code.textContent()) ?? '')
    await row('olga@example.org').getByText('ready', { exact: true }).waitFor()
    await row('olga@example.org').getByText('sign-in · signed in: now', { exact: false }).waitFor()
    expect(await signIn().count()).toBe(0)
    await home.page.setViewportSize({ width: 1440, height: 900 })
    const client = await home.gateway.connect()
    expect(await client.ask('and now?')).toContain('Signed in and well.')
    // Nothing of what counts is in the page.
    expect(await home.page.content()).not.toMatch(/\b(?:at|rt|dc)-[\w-]{20}/)
  })

  it('says what needs a person, and signs in again under the same name, in a browser elsewhere too', async () => {
    const client = await home.gateway.connect()
    auth.revokeAll()
    await expect(client.ask('and then?')).rejects.toThrow()
    await home.page.reload()
    await row('olga@example.org').getByText('needs you', { exact: true }).waitFor()
    await home.page.getByRole('button', { name: 'Sign in again: olga@example.org' }).click()
    await signIn().getByRole('button', { name: 'In this browser' }).click()
    const link = signIn().getByRole('link', { name: `Open ${new URL(auth.issuer).host}` })
    await signIn().getByText('The browser ends at an address that does not open?').click()
    const field = signIn().getByRole('textbox', { name: 'Address it ended at' })
    await field.fill('http://127.0.0.1:1/callback?code=made-up&state=made-up')
    await signIn().getByRole('button', { name: 'Hand in' }).click()
    await home.page.getByText('This is not the answer to the sign-in that was begun here.', { exact: false }).first().waitFor()
    await field.fill(await auth.visit((await link.getAttribute('href')) ?? ''))
    await signIn().getByRole('button', { name: 'Hand in' }).click()
    await row('olga@example.org').getByText('ready', { exact: true }).waitFor()
    expect(await row('olga@example.org').count()).toBe(1)
  })

  it('a sign-in that somebody refused, or called off, ends in words and lets nobody in', async () => {
    await panel().getByRole('button', { name: 'Sign in with house' }).click()
    await signIn().getByRole('button', { name: 'With a code, on any device' }).click()
    auth.deny((await signIn().getByLabel('Code to type').textContent()) ?? '')
    await signIn().getByRole('alert').getByText('Nobody was signed in.').waitFor()
    await signIn().getByRole('button', { name: 'Begin again' }).click()
    await signIn().getByRole('button', { name: 'With a code, on any device' }).click()
    await signIn().getByLabel('Code to type').waitFor()
    await signIn().getByRole('button', { name: 'Call off' }).click()
    await signIn().waitFor({ state: 'detached' })
    const client = await home.gateway.connect()
    await expect.poll(async () => (await client.request('models.auth.wait', { provider: 'house', timeoutMs: 0 }))['state'], { timeout: 60_000 }).toBe('failed')
  })

  it('keeps a key without showing it, and forgets and signs out after a second look', async () => {
    await panel().getByRole('button', { name: 'Add a key of house' }).click()
    const form = panel().getByRole('form', { name: 'Add a key of house' })
    await form.getByLabel('Key', { exact: true }).fill('a-key-of-mine-that-nobody-reads')
    await form.getByRole('textbox', { name: 'A name of your own' }).fill('spare')
    await home.page.keyboard.press('Enter')
    await row('spare').getByText('key · added: now', { exact: false }).waitFor()
    expect(await home.page.content()).not.toContain('a-key-of-mine')
    await row('spare').getByRole('button', { name: 'Forget spare' }).click()
    await row('spare').getByRole('group').getByRole('button', { name: 'Forget' }).click()
    await row('spare').waitFor({ state: 'detached' })
    await row('olga@example.org').getByRole('button', { name: 'Sign out: olga@example.org' }).click()
    await row('olga@example.org').getByRole('group').getByRole('button', { name: 'Sign out' }).click()
    await home.page.getByText('olga@example.org is forgotten here, and the provider took it back.').waitFor()
    await panel().getByText('Nothing yet.').first().waitFor()
  })
})
