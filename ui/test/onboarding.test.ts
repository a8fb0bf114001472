import type { Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startAuthorizationServer, type AuthorizationServer } from '../../test/fakes/authorization-server/index.ts'
import { fail, say, type Script, type SeenRequest } from '../../test/fakes/model-servers/index.ts'
import { botToken } from '../../test/support/test-gateway.ts'
import { expectNoObstacles } from '../testing/axe.ts'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'setting up in the page (left out: no Chromium on this machine)' : 'setting up in the page'
const rightKey = 'a-key-that-this-house-knows'

let auth: AuthorizationServer
const isKnown: (request: SeenRequest) => boolean = ({ headers }) => headers['x-api-key'] === rightKey || auth.accepts(headers['authorization']?.replace('Bearer ', ''))
const answer: Script = (request) => (!isKnown(request) ? [fail(401, 'invalid x-api-key', { type: 'authentication_error' })]
  : /one word/.test(request.lastUserText) ? [say('ready')] : [say('I am your assistant. '), say(`You said: ${request.lastUserText}`)])

/** From nothing to the first answer, each test going on where the one before ended. */
describe.skipIf(noBrowser)(name, () => {
  let home: Furnished
  beforeAll(async () => {
    auth = await startAuthorizationServer({ email: 'olga@example.org', lifeSeconds: null })
    home = await furnishPage({
      script: answer,
      config: (model) => ({ models: { providers: { anthropic: { baseUrl: model.baseUrl('anthropic-messages') }, house: { baseUrl: model.baseUrl('openai-completions'), api: 'openai-completions', models: [{ id: 'large' }], oauth: { issuer: auth.issuer, clientId: 'moltbot-test' } } } } }),
    }, { width: 390, height: 844 })
    const client = await home.gateway.connect()
    await client.request('config.patch', { raw: JSON.stringify({ channels: { telegram: { apiRoot: home.gateway.telegram.apiRoot } } }), baseHash: (await client.request('config.get'))['hash'] })
  })
  afterAll(async () => {
    await home?.close()
    await auth?.close()
  })
  beforeEach(({ task }) => home.begun(task))
  afterEach(async () => expect(await home.faults()).toEqual([]))

  const main = (): Locator => home.page.locator('main')
  const station = (words: string): Locator => home.page.getByRole('list', { name: 'Steps' }).getByRole('button', { name: words })
  const isDone = (words: string): Promise<void> => station(`${words} (done)`).waitFor()
  /** The step that is shown, and that the keyboard is at its heading. */
  const arrived = async (step: string, heading: string): Promise<void> => {
    await home.page.getByRole('heading', { level: 2, name: heading }).waitFor()
    expect(await station(step).getAttribute('aria-current')).toBe('step')
    await home.page.waitForFunction((words) => document.activeElement?.textContent === words, heading)
    expect(await main().locator('.button.primary:visible').count(), 'accent buttons').toBeLessThanOrEqual(1)
  }
  /** Nothing in anybody's way here, on a telephone. */
  const look = async (where: string): Promise<void> => {
    await expectNoObstacles(home.page, where)
    for (const direction of ['rtl', 'ltr']) {
      expect(await home.page.evaluate((dir) => {
        document.documentElement.dir = dir
        const { scrollWidth, clientWidth } = document.querySelector('.room') ?? document.body
        return [document.documentElement.scrollWidth, scrollWidth - clientWidth]
      }, direction), `${where}, ${direction}`).toEqual([390, 0])
    }
  }

  it('begins at the notice of an empty gateway, says why a key does not work and keeps nothing of it', async () => {
    const { page } = home
    await page.evaluate(() => { location.hash = '' })
    await page.getByRole('button', { name: 'Set up, step by step' }).click()
    await arrived('Which model answers', 'Which model should answer?')
    expect(page.url()).toContain('#/onboarding')
    await main().getByRole('radio', { name: 'A key of a provider' }).check()
    await main().getByRole('combobox', { name: 'Provider' }).selectOption({ label: 'Anthropic (Claude)' })
    await main().getByLabel('Key', { exact: true }).fill('a key')
    await page.keyboard.press('Enter')
    await main().getByRole('alert').getByText('That is too short for a key.').waitFor()
    await look('a key is asked for')
    await main().getByLabel('Key', { exact: true }).fill('a-key-of-somewhere-else')
    await page.keyboard.press('Enter')
    await main().getByRole('alert').getByText(/anthropic\/\S+ did not answer: .+The key was not kept\./).waitFor()
    const client = await home.gateway.connect()
    expect(JSON.stringify(await client.request('models.authStatus'))).not.toContain('anthropic:default')
    expect((await client.request('models.status'))['primary']).toBe('builtin/assistant')
    expect(await station('Which model answers (done)').count()).toBe(0)
  })

  it('goes on with the built-in assistant when that is chosen, and knows it after a reload', async () => {
    const { page } = home
    await main().getByRole('radio', { name: 'The built-in assistant for now' }).check()
    await look('the built-in assistant')
    await main().getByRole('button', { name: 'Go on with the built-in assistant' }).click()
    await arrived('A chat', 'Where else do you want to talk to it?')
    await isDone('Which model answers')
    await home.enter('home', 'Home')
    const open = main().getByRole('region', { name: 'Set up' })
    await open.getByText('2 steps of setting up are open.').waitFor()
    await page.evaluate(() => { location.hash = '' })
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Set up, step by step' }).count()).toBe(0)
    await page.evaluate(() => { location.hash = '#/home' })
    await page.reload()
    await open.getByRole('button', { name: 'Go on' }).click()
    await arrived('A chat', 'Where else do you want to talk to it?')
    await station('Which model answers (done)').click()
    await main().getByText('Chosen in this browser.', { exact: false }).waitFor()
    expect(await main().getByRole('radio', { name: 'The built-in assistant for now' }).isChecked()).toBe(true)
    // Nothing was set: a model that is found later answers.
    expect((await (await home.gateway.connect()).request('models.status'))['why']).toMatch(/^No key is set/)
  })

  it('takes the right key, with the keyboard alone, and knows it after a reload', async () => {
    const { page } = home
    await main().getByRole('radio', { name: 'A key of a provider' }).check()
    await main().getByRole('combobox', { name: 'Provider' }).selectOption({ label: 'Anthropic (Claude)' })
    await main().getByLabel('Key', { exact: true }).fill(rightKey)
    await page.keyboard.press('Enter')
    await main().getByRole('radio', { name: /^Keep anthropic/ }).waitFor()
    await isDone('Which model answers')
    const client = await home.gateway.connect()
    expect((await client.request('models.status'))['primary']).toMatch(/^anthropic\//)
    // Nothing of the rehearsal is left, nor of the key.
    expect((await client.request('sessions.list'))['sessions']).toEqual([])
    expect(await page.content()).not.toContain(rightKey)
    await home.enter('home', 'Home')
    const open = main().getByRole('region', { name: 'Set up' })
    await open.getByText('2 steps of setting up are open.').waitFor()
    await page.reload()
    await open.getByRole('button', { name: 'Go on' }).click()
    await arrived('A chat', 'Where else do you want to talk to it?')
    await isDone('Which model answers')
  })

  it('says why a token does not work, then connects, and lets the person in whose code is the same', async () => {
    const { page, gateway } = home
    const token = main().getByLabel('Bot token', { exact: true })
    await main().getByRole('combobox', { name: 'Messenger' }).selectOption({ label: 'Telegram' })
    await token.fill('123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhXXX')
    await page.keyboard.press('Enter')
    await main().getByRole('alert').getByText('Telegram is not connected.', { exact: false }).waitFor()
    await look('a wrong token')
    await token.fill(botToken)
    await page.keyboard.press('Enter')
    await main().getByText('Telegram is connected', { exact: false }).waitFor()
    expect(await page.content()).not.toContain(botToken)
    await page.reload()
    await arrived('A chat', 'Where else do you want to talk to it?')
    await main().getByText('Nobody has written yet.', { exact: false }).waitFor()
    const told = gateway.telegram.nextSent((message) => message.chatId === 1001)
    gateway.telegram.say(gateway.telegram.user(1001, { name: 'Olga Owner' }), 'hello?')
    const code = await main().locator('.request-code code').textContent()
    expect((await told).text).toContain(code)
    await look('somebody asks to be let in')
    await main().getByRole('button', { name: 'Approve Olga Owner' }).click()
    await main().getByText('Known on Telegram as the owner: 1001.').waitFor()
    await isDone('A chat')
    expect((await gateway.gateway.rooms.guard.people()).find(({ id }) => id === 'owner')?.senders).toMatchObject([{ channel: 'telegram', sender: '1001' }])
  })

  it('shows what this browser may be, may be left and entered anew by the palette, and ends with an answer', async () => {
    const { page } = home
    await main().getByRole('button', { name: 'Next' }).click()
    await arrived('This device', 'This page as an app, and what it may tell you')
    await main().getByRole('region', { name: 'This device' }).waitFor()
    expect(await station('This device (done)').count()).toBe(0)
    // A browser without a window has nobody who brings it pushes; this one says that it was switched on meanwhile.
    await page.evaluate(() => {
      Object.defineProperty(Notification, 'permission', { get: () => 'granted' })
      PushManager.prototype.getSubscription = async () => ({ endpoint: 'https://push.example/x' }) as PushSubscription
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await isDone('This device')
    await look('this device')
    await main().getByRole('button', { name: 'Later' }).click()
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search and commands' }).fill('set up')
    await page.keyboard.press('Enter')
    await station('The first message').click()
    await arrived('The first message', 'Say something to it')
    let isIll = true
    home.gateway.model.use((request) => (isIll ? [fail(400, 'out of order today')] : answer(request)))
    const field = page.getByRole('textbox', { name: 'First message' })
    await field.fill('Is anybody there?')
    await page.keyboard.press('Enter')
    await main().getByRole('button', { name: 'Choose another model' }).waitFor()
    expect([await station('The first message (done)').count(), await main().getByText('Ready: it answered.').count()]).toEqual([0, 0])
    await look('no answer')
    isIll = false
    await field.fill('Are you there?')
    await page.keyboard.press('Enter')
    await main().getByText('You said: Are you there?').filter({ visible: true }).waitFor()
    await main().getByText('Ready: it answered.').waitFor()
    await isDone('The first message')
    await look('ready')
    await main().getByRole('button', { name: 'Go to the conversation' }).click()
    await page.locator('.column').getByText('You said: Are you there?').waitFor()
    await page.evaluate(() => { location.hash = '#/home' })
    await main().locator('.figure').first().waitFor()
    await expect.poll(() => main().getByRole('region', { name: 'Set up' }).count()).toBe(0)
  })

  it('signs in with a provider in place of a key, and takes a model that is ready back', async () => {
    const { page } = home
    const primary = async (): Promise<unknown> => (await (await home.gateway.connect()).request('models.status'))['primary']
    const before = String(await primary())
    await home.enter('onboarding', 'Set up')
    await station('Which model answers').click()
    await main().getByRole('radio', { name: 'Sign in with a provider' }).check()
    await main().getByRole('combobox', { name: 'Provider' }).selectOption('house')
    await main().getByRole('button', { name: 'With a code, on any device' }).click()
    auth.approve((await main().getByLabel('Code to type').textContent()) ?? '')
    await main().getByRole('radio', { name: 'Keep house/large' }).waitFor()
    expect(await primary()).toBe('house/large')
    await main().getByRole('radio', { name: 'A model that is ready' }).check()
    await main().getByRole('combobox', { name: 'Model', exact: true }).selectOption(before)
    await main().getByRole('button', { name: 'Try and use it' }).click()
    await main().getByRole('radio', { name: `Keep ${before}` }).waitFor()
    expect(await primary()).toBe(before)
    expect(await page.getByRole('navigation').getByText('Answer with the one word').count()).toBe(0)
  })
})
