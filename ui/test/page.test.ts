import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Locator, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectNoObstacles } from '../testing/axe.ts'
import { buildPage, launch, noBrowser, openPage, shareTab, type PageOptions, type SharedTab, type BuiltPage } from '../testing/browser.ts'
import { createFakeGateway, type FakeGateway, type Step } from '../testing/fake-gateway.ts'

const name = noBrowser ? 'the page (left out: no Chromium on this machine)' : 'the page'

// Generous, because a browser on a busy machine is slow; every wait below is for an event.
describe.skipIf(noBrowser)(name, () => {
  let browser: Browser
  let built: BuiltPage
  let tab: SharedTab
  let fake: FakeGateway

  beforeAll(async () => {
    built = await buildPage()
    browser = await launch()
    tab = await shareTab(browser)
  })
  afterAll(async () => {
    await browser?.close()
  })
  afterEach(async () => {
    const faults = await tab.leave()
    await fake?.close()
    if (faults.length > 0) throw new Error(`the page broke its own rules: ${faults.join(' | ')}`)
  })

  async function visit(options: Omit<PageOptions, 'language'> = {}, prepare: (fake: FakeGateway) => void = () => undefined): Promise<Page> {
    fake = await createFakeGateway(built.dir)
    prepare(fake)
    const page = await tab.visit(fake.url, options)
    await composer(page).waitFor()
    // With the list of chats the line stands, and what the gateway tells is heard.
    await page.locator('.row').first().waitFor({ state: 'attached' })
    return page
  }
  const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Message', exact: true })
  async function say(page: Page, words: string): Promise<void> {
    await composer(page).fill(words)
    await composer(page).press('Enter')
  }
  const own = (page: Page): Locator => page.getByRole('article', { name: 'You' })
  const answers = (page: Page): Locator => page.getByRole('article', { name: 'Assistant' })
  function latch(): { until: Promise<void>; open: () => void } {
    let release = (): void => undefined
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    return { until, open: release }
  }

  it('weighs at most 80 KB on the wire at first and 200 KB with everything but formulas, and brings the rooms only to those who enter one', () => {
    const files = readdirSync(join(built.dir, 'assets'))
    const weight = (names: string[]): number => names.reduce((sum, file) => sum + gzipSync(readFileSync(join(built.dir, file))).length, 0)
    const html = readFileSync(join(built.dir, 'index.html'), 'utf8')
    const first = files.filter((file) => html.includes(`assets/${file}`)).map((file) => `assets/${file}`)
    expect(first.length).toBeGreaterThanOrEqual(2)
    expect(first.length).toBeLessThan(files.length)
    // What reads TeX weighs as much as half the rest, and only who sees a formula loads it: it has a limit of its own.
    const formulas = files.filter((file) => file.startsWith('draw-formula-'))
    expect(formulas.map((file) => file.slice(file.lastIndexOf('.'))).toSorted()).toEqual(['.css', '.js'])
    expect(weight(formulas.map((file) => `assets/${file}`))).toBeLessThan(70_000)
    expect(first.filter((file) => file.includes('draw-formula-'))).toEqual([])
    expect(weight(['index.html', ...files.filter((file) => !formulas.includes(file)).map((file) => `assets/${file}`)])).toBeLessThan(200_000)
    expect(weight(['index.html', ...first])).toBeLessThan(80_000)
    for (const file of first) expect(readFileSync(join(built.dir, file), 'utf8')).not.toContain('security.audit')
  })

  it('contains no inline script or style', () => {
    const html = readFileSync(join(built.dir, 'index.html'), 'utf8')
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/)
  })

  it('sends a message and shows who answered it', async () => {
    const page = await visit()
    await say(page, 'Good morning')
    await answers(page).getByText('You said: Good morning').waitFor()
    await own(page).getByText('Answered').waitFor()
    await answers(page).getByText('Acme Large').waitFor()
    expect(await own(page).count()).toBe(1)
    expect(await answers(page).count()).toBe(1)
    expect(fake.sent.map((message) => [message.sessionKey, message.message])).toEqual([['agent:main:main', 'Good morning']])
  })

  it('shows words as they come, with thoughts and tools folded', async () => {
    const gate = latch()
    const page = await visit({}, (gateway) => {
      gateway.also['why'] = () => ({ lines: [], data: { toolCalls: Array.from({ length: 9 }, (_, at) => ({ callId: `call-${at}`, state: 'finished', startedAt: 1_000, finishedAt: 2_500 })), spent: { calls: 2, costUsd: 0.012 } } })
      gateway.answer = () => [
        { kind: 'thinking', text: 'Where are the files?' },
        { kind: 'text', text: 'I look.' },
        { kind: 'tool', name: 'list', input: { path: 'plan' }, result: 'spring.md' },
        { kind: 'text', text: 'There is **one** file' },
        { kind: 'wait', until: gate.until },
        { kind: 'text', text: ' in it.' },
      ]
    })
    await say(page, 'What is in plan?')
    await answers(page).getByText('There is one file', { exact: true }).waitFor()
    expect(await page.getByText('spring.md').count()).toBe(0)
    await page.getByText('list', { exact: true }).click()
    await page.getByText('spring.md').waitFor()
    await page.getByText('It took 1.5 secs. The whole answer: 2 model calls, $0.012.').waitFor()
    expect(await page.locator('.fold-state').first().textContent()).toMatch(/^done · \d/)
    await page.getByText('Thoughts').click()
    await page.getByText('Where are the files?').waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor()
    gate.open()
    await answers(page).getByText('There is one file in it.').waitFor()
    await own(page).getByText('Answered').waitFor()
    expect(await answers(page).getByText('I look.').count()).toBe(1)
    expect(await answers(page).getByText('There is one file').count()).toBe(1)
  })

  it('pages back through a long conversation without moving what is read, and keeps it', async () => {
    const page = await visit({}, (gateway) => {
      gateway.sessions.set('agent:main:main', {
        key: 'agent:main:main', row: { key: 'agent:main:main' },
        messages: Array.from({ length: 450 }, (_, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content: [{ type: 'text', text: `Message ${at + 1}.` }], timestamp: at + 1, __openclaw: { id: `e${at + 1}`, seq: at + 1 } })),
      })
    })
    await page.getByText('Message 450.').waitFor()
    expect(await page.getByText('Message 250.', { exact: true }).count()).toBe(0)
    const box = page.locator('.conversation')
    await box.evaluate((place) => { place.scrollTop = 300 })
    const read = page.getByText('Message 255.', { exact: true })
    const before = await read.evaluate((line) => line.getBoundingClientRect().top)
    const there = (): Promise<number> => box.evaluate((place) => place.scrollHeight)
    const asked = (offset: number): boolean => fake.requests.some(({ method, params }) => method === 'chat.history' && params['offset'] === offset)
    await expect.poll(there).toBeGreaterThan(20_000)
    expect(Math.abs(await read.evaluate((line) => line.getBoundingClientRect().top) - before)).toBeLessThanOrEqual(2)
    expect([asked(200), asked(400)]).toEqual([true, false])
    await box.evaluate((place) => { place.scrollTop = 0 })
    await expect.poll(() => asked(400)).toBe(true)
    await page.getByRole('button', { name: 'Show earlier messages' }).waitFor({ state: 'detached' })
    // What is read has stayed; the beginning is further up now.
    await page.getByText('Message 51.', { exact: true }).waitFor()
    await box.evaluate((place) => { place.scrollTop = 0 })
    await page.getByText('Message 1.', { exact: true }).waitFor()
    fake.cut()
    await expect.poll(() => fake.requests.filter(({ method, params }) => method === 'chat.history' && params['offset'] === undefined).length, { timeout: 60_000 }).toBeGreaterThan(1)
    await say(page, 'Still there?')
    await answers(page).getByText('You said: Still there?').waitFor()
    await box.evaluate((place) => { place.scrollTop = 0 })
    await page.getByText('Message 1.', { exact: true }).waitFor()
  })

  it('stops an answer by button and by Escape', async () => {
    const page = await visit({}, (gateway) => {
      gateway.answer = () => [{ kind: 'text', text: 'I could go on' }, { kind: 'wait', until: new Promise(() => undefined) }, { kind: 'text', text: ' for ever' }]
    })
    await say(page, 'Talk')
    await answers(page).getByText('I could go on').waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByText('Stopped here.').waitFor()
    await say(page, 'Talk again')
    await answers(page).nth(1).getByText('I could go on').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Stopped here.').nth(1).waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor({ state: 'detached' })
    expect(fake.requests.filter((request) => request.method === 'chat.abort').length).toBe(2)
  })

  it('keeps what was written while the gateway was away and sends it once', async () => {
    const page = await visit()
    await say(page, 'First')
    await own(page).getByText('Answered').waitFor()
    fake.down = true
    fake.cut()
    await page.getByText('No connection to the gateway.').waitFor()
    await say(page, 'While away')
    await own(page).getByText(/Not sent yet/).waitFor()
    expect(fake.sent.length).toBe(1)
    fake.down = false
    // It may come back by itself before the button is reached.
    const back = answers(page).getByText('You said: While away').waitFor()
    await Promise.race([back, page.getByRole('button', { name: 'Try now' }).click().catch(() => back)])
    await back
    expect(fake.sent.length).toBe(2)
    expect(await page.getByText('While away', { exact: true }).count()).toBe(1)
  })

  it('sends again under the same key when the receipt was lost, and shows one message and one answer', async () => {
    const page = await visit()
    fake.loseNextReceipt = true
    await say(page, 'Only once, please')
    await answers(page).getByText('You said: Only once, please').waitFor()
    await own(page).getByText('Answered').waitFor()
    expect(fake.sent.length).toBe(2)
    expect(new Set(fake.sent.map((message) => message.idempotencyKey)).size).toBe(1)
    expect(await own(page).count()).toBe(1)
    expect(await answers(page).count()).toBe(1)
  })

  it('takes words before the gateway has said hello: what was sent is answered once, what was begun stays', async () => {
    const hello = latch()
    fake = await createFakeGateway(built.dir)
    fake.holdHello = hello.until
    const page = await tab.visit(fake.url)
    await composer(page).waitFor()
    await say(page, 'early bird')
    await composer(page).fill('half a sent')
    hello.open()
    await answers(page).getByText('You said: early bird').waitFor()
    expect(fake.sent.map((sent) => sent.message)).toEqual(['early bird'])
    expect(fake.sent[0]?.sessionKey).toBe('agent:main:main')
    expect(await own(page).count()).toBe(1)
    expect(await composer(page).inputValue()).toBe('half a sent')
    await page.reload()
    await expect.poll(() => composer(page).inputValue()).toBe('half a sent')
  })

  it('keeps unsent words over a reload of the tab', async () => {
    const page = await visit()
    fake.down = true
    fake.cut()
    await page.getByText('No connection to the gateway.').waitFor()
    await say(page, 'Survive')
    await own(page).getByText(/Not sent yet/).waitFor()
    await page.reload()
    await own(page).getByText('Survive').waitFor()
    fake.down = false
    await answers(page).getByText('You said: Survive').waitFor()
    expect(fake.sent.length).toBe(1)
  })

  it('goes on with an answer whose line broke in the middle', async () => {
    const gate = latch()
    const page = await visit({}, (gateway) => {
      gateway.answer = (): Step[] => [{ kind: 'text', text: 'The first half' }, { kind: 'wait', until: gate.until }, { kind: 'text', text: ' and the second.' }]
    })
    await say(page, 'Tell me')
    await answers(page).getByText('The first half').waitFor()
    fake.cut()
    gate.open()
    await page.getByText('The first half and the second.').waitFor()
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor({ state: 'detached' })
    expect(await answers(page).getByText('The first half').count()).toBe(1)
  })

  it('says in words why there is no answer, and what to do', async () => {
    const page = await visit({}, (gateway) => {
      gateway.answer = () => [{ kind: 'fail', message: 'Acme answered 429: too many requests.', errorKind: 'rate_limit' }]
    })
    await say(page, 'Hello?')
    const alert = page.getByRole('alert')
    await alert.getByText('Acme answered 429: too many requests.').waitFor()
    await alert.getByText(/Wait a minute/).waitFor()
  })

  it('lets a refused message be taken back or tried again', async () => {
    const page = await visit()
    fake.refuseNext = 'This session takes no messages.'
    await say(page, 'Please')
    await own(page).getByText('Not sent: This session takes no messages.').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await answers(page).getByText('You said: Please').waitFor()
    fake.refuseNext = 'Not this one.'
    await say(page, 'Draft')
    await page.getByRole('button', { name: 'Take back' }).click()
    expect(await composer(page).inputValue()).toBe('Draft')
    expect(await own(page).count()).toBe(1)
  })

  it('asks to sign in again when the session is over', async () => {
    const page = await visit()
    await page.locator('.row').first().waitFor()
    fake.signedOut = true
    fake.cut()
    const link = page.getByRole('link', { name: 'Sign in' })
    await link.waitFor()
    expect(await link.getAttribute('href')).toBe('./login')
  })

  it('finds, renames, empties and deletes chats', async () => {
    const page = await visit({}, (gateway) => {
      for (const [key, title] of [['agent:main:dashboard:1', 'Garden'], ['agent:main:dashboard:2', 'Taxes']] as const) {
        gateway.sessions.set(key, { key, messages: [], row: { key, kind: 'direct', derivedTitle: title, updatedAt: 1 } })
      }
    })
    const list = page.getByRole('navigation')
    await list.getByRole('button', { name: /^Garden/ }).waitFor()
    await list.getByRole('searchbox').fill('tax')
    await list.getByRole('button', { name: /^Garden/ }).waitFor({ state: 'detached' })
    await list.getByRole('searchbox').fill('')
    await list.getByRole('button', { name: /^Garden/ }).click()
    const actions = list.getByRole('button', { name: 'Actions for Garden' })
    await actions.click()
    await page.getByRole('menu').waitFor()
    await actions.click()
    await page.getByRole('menu').waitFor({ state: 'detached' })
    await actions.click()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Roses')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { level: 1, name: 'Roses' }).waitFor()
    await say(page, 'Hello')
    await answers(page).first().waitFor()
    await own(page).getByText('Answered').waitFor()
    await list.getByRole('button', { name: 'Actions for Roses' }).click()
    await page.getByRole('menuitem', { name: 'Start over' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Start over' }).click()
    await page.getByText('What can I do for you?').waitFor()
    await list.getByRole('button', { name: 'Actions for Roses' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    expect(fake.sessions.has('agent:main:dashboard:1')).toBe(true)
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { level: 1, name: 'Main chat' }).waitFor()
    expect(fake.sessions.has('agent:main:dashboard:1')).toBe(false)
  })

  it('begins a new chat that exists once something was said', async () => {
    const page = await visit()
    await page.getByRole('button', { name: 'New chat' }).click()
    await say(page, 'A fresh start')
    await answers(page).getByText('You said: A fresh start').waitFor()
    expect(fake.sent[0]?.sessionKey).toMatch(/^agent:main:dashboard:[0-9a-f-]{36}$/)
    expect(decodeURIComponent(new URL(page.url()).hash.slice(1))).toBe(fake.sent[0]?.sessionKey)
  })

  it('chooses another model for one chat', async () => {
    const page = await visit()
    await page.getByRole('button', { name: /Acme Large/ }).click()
    const choices = page.getByRole('dialog', { name: 'Choose a model' })
    expect(await choices.getByRole('button', { name: /Other/ }).isDisabled()).toBe(true)
    await choices.getByRole('button', { name: /Acme Small/ }).click()
    await page.locator('.head').getByText('Acme Small').waitFor()
    expect(fake.requests.find((request) => request.method === 'sessions.patch')?.params).toEqual({ key: 'agent:main:main', model: 'acme/small' })
  })

  it('says plainly that no model is connected and how to add one', async () => {
    const page = await visit({}, (gateway) => {
      gateway.defaultModel = { provider: 'builtin', model: 'assistant' }
    })
    await page.getByText('No language model is connected yet').waitFor()
    await page.getByRole('button', { name: 'Set up, step by step' }).click()
    await page.getByRole('heading', { level: 1, name: 'Set up' }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: /Add a language model/ }).click()
    expect(await composer(page).inputValue()).toBe('How do I add a model?')
    await page.getByText('Show me how').click()
    await page.getByText(/secrets\.env/).waitFor()
  })

  it('shows who waits for approval, and approves', async () => {
    const page = await visit({}, (gateway) => {
      gateway.pairing = [{ channel: 'telegram', account: 'default', sender: '77', senderName: 'Berta', code: 'K7QX2M', createdAt: Date.now(), expiresAt: Date.now() + 1e6 }]
    })
    await page.getByRole('button', { name: '1 request waits for you' }).click()
    await page.getByText('K7QX2M').waitFor()
    await page.getByRole('button', { name: 'Approve Berta' }).click()
    await page.getByText('Nobody is waiting.', { exact: false }).waitFor()
    expect(fake.requests.find((request) => request.method === 'pairing.approve')?.params).toEqual({ channel: 'telegram', code: 'K7QX2M' })
  })

  it('shows a file the assistant sent with its name and size, a picture as one, and answers to tap', async () => {
    const page = await visit({}, (gateway) => {
      gateway.files.set('/files/de1', { type: 'image/png', bytes: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') })
    })
    const file = { id: 'de1', kind: 'image', fileName: 'holiday.png', mimeType: 'image/png', sizeBytes: 12_300 }
    const said = (more: object) => ({ role: 'assistant', timestamp: Date.now(), ...more })
    fake.emit('chat', { runId: 'notice-1', sessionKey: 'agent:main:main', seq: 0, state: 'final', message: said({ id: 'de1', content: [{ type: 'text', text: 'From the sea' }, { type: 'text', text: '📎 holiday.png, to be fetched' }], files: [file] }) })
    const card = answers(page).filter({ hasText: 'From the sea' })
    await card.getByRole('link', { name: 'Download holiday.png' }).waitFor()
    expect(await card.innerText()).toContain('12 kB')
    expect(await card.innerText()).not.toContain('to be fetched')
    await page.waitForFunction(() => (document.querySelector('.file-card img') as HTMLImageElement | null)?.naturalWidth === 1)
    await expectNoObstacles(page, 'a file')
    fake.emit('chat', { runId: 'notice-2', sessionKey: 'agent:main:main', seq: 0, state: 'final', message: said({ id: 'de2', content: [{ type: 'text', text: 'May I?' }], buttons: [{ label: 'Allow once', says: '/approve AB23 once' }, { label: 'Deny', says: '/deny AB23' }] }) })
    await answers(page).getByRole('button', { name: 'Allow once' }).click()
    await own(page).getByText('/approve AB23 once').waitFor()
    expect(fake.sent.map(({ message }) => message)).toEqual(['/approve AB23 once'])
  })

  it('explains a message from the records', async () => {
    const page = await visit()
    await say(page, 'Hello')
    await own(page).getByText('Answered').waitFor()
    await answers(page).getByRole('button', { name: 'Why?' }).click()
    await page.getByRole('complementary').getByText('accepted 10:00:00 from the page').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
  })

  it('completes commands and keeps their answers in place', async () => {
    const page = await visit()
    await page.locator('.conversation').click()
    await page.keyboard.press('/')
    await composer(page).pressSequentially('/sta')
    await page.getByRole('option', { name: /\/status/ }).waitFor()
    await composer(page).press('Enter')
    expect(await composer(page).inputValue()).toBe('/status')
    await composer(page).press('Enter')
    await answers(page).getByText('Ran /status').waitFor()
    await say(page, 'And now?')
    await answers(page).getByText('You said: And now?').waitFor()
    await own(page).nth(1).getByText('Answered').waitFor()
    expect(await page.locator('.own-words, .answer .prose').allInnerTexts()).toEqual(['/status', 'Ran /status', 'And now?', 'You said: And now?'])
  })

  it('asks again in the same words, or in others, and leaves what was said', async () => {
    const page = await visit()
    await say(page, 'Sow tomatoes')
    await page.getByText('You said: Sow tomatoes').waitFor()
    await page.locator('.own').last().hover()
    await page.getByRole('button', { name: 'Ask again' }).last().click()
    await expect.poll(() => page.getByText('You said: Sow tomatoes').count()).toBe(2)
    await page.locator('.own').first().hover()
    await page.getByRole('button', { name: 'Edit and ask anew' }).first().click()
    expect(await composer(page).inputValue()).toBe('Sow tomatoes')
    await say(page, 'Sow tomatoes inside')
    await page.getByText('You said: Sow tomatoes inside').waitFor()
    expect(fake.sent.map(({ message }) => message)).toEqual(['Sow tomatoes', 'Sow tomatoes', 'Sow tomatoes inside'])
    expect(new Set(fake.sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3)
  })

  it('opens chats and actions from the keyboard', async () => {
    const page = await visit({}, (gateway) => {
      gateway.sessions.set('agent:main:dashboard:1', { key: 'agent:main:dashboard:1', messages: [], row: { key: 'agent:main:dashboard:1', derivedTitle: 'Garden', updatedAt: 1 } })
    })
    await page.getByRole('navigation').getByText('Garden').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('gard')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Garden' }).waitFor()
  })

  it('what is shown has the keys at once: no picture is waited for, on however slow a machine', async () => {
    const page = await visit({}, (gateway) => {
      gateway.sessions.set('agent:main:dashboard:1', { key: 'agent:main:dashboard:1', messages: [], row: { key: 'agent:main:dashboard:1', derivedTitle: 'Garden', updatedAt: 1 } })
    })
    await page.getByRole('navigation').getByText('Garden').waitFor()
    // Each within one task, in which no picture is drawn and no timer ends.
    const has = (does: 'palette' | 'chat' | 'menu' | 'models' | 'leave models'): Promise<string> => page.evaluate(async (what) => {
      const box = document.querySelector('#composer') as HTMLTextAreaElement
      const press = (place: string): void => document.querySelector<HTMLElement>(place)?.click()
      if (what === 'palette') dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }))
      if (what === 'chat') [...document.querySelectorAll<HTMLElement>('.row-open')].find((row) => row.textContent?.includes('Garden') === true)?.click()
      if (what === 'menu') press('.row-more')
      if (what === 'models') press('.head .pill')
      if (what === 'leave models') {
        document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))
        box.focus()
      }
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve()
      if (what === 'chat') {
        box.value = 'typed at once'
        box.dispatchEvent(new InputEvent('input', { bubbles: true }))
      }
      const at = document.activeElement
      return at?.getAttribute('role') ?? at?.id ?? ''
    }, does)
    expect(await has('palette')).toBe('combobox')
    await page.keyboard.press('Escape')
    await page.getByRole('combobox').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('composer')
    expect(await has('menu')).toBe('menuitem')
    await page.keyboard.press('Escape')
    await page.getByRole('menu').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: /Acme Large/ }).waitFor()
    await has('models')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search')
    expect(await has('leave models')).toBe('composer')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await has('chat')).toBe('composer')
    await page.getByRole('heading', { level: 1, name: 'Garden' }).waitFor()
    await page.keyboard.press('Enter')
    await answers(page).getByText('You said: typed at once').waitFor()
    expect(fake.sent.map(({ sessionKey }) => sessionKey)).toEqual(['agent:main:dashboard:1'])
    // A dialog that goes leaves the focus where it was before it came.
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('Rename')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Name' }).fill('Roses')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Roses' }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('composer')
  })

  it('makes a new line with Shift+Enter', async () => {
    const page = await visit()
    await composer(page).pressSequentially('one')
    await composer(page).press('Shift+Enter')
    await composer(page).pressSequentially('two')
    await composer(page).press('Enter')
    await own(page).first().waitFor()
    await own(page).getByText('Answered').waitFor()
    expect(fake.sent[0]?.message).toBe('one\ntwo')
  })

  it('takes pictures and refuses what is none', async () => {
    const page = await visit()
    const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
    await page.locator('input[type=file]').setInputFiles([{ name: 'dot.png', mimeType: 'image/png', buffer: dot }, { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }])
    await page.getByText('a.txt is a document, and this gateway reads none').waitFor()
    await page.getByRole('img', { name: 'Image dot.png' }).waitFor()
    await page.getByRole('button', { name: 'Send' }).click()
    await own(page).getByText('Answered').waitFor()
    expect(fake.sent[0]?.attachments).toEqual([{ type: 'image', mimeType: 'image/png', fileName: 'dot.png', content: dot.toString('base64') }])
  })

  it('speaks German where the browser does', async () => {
    fake = await createFakeGateway(built.dir)
    const { page, faults } = await openPage(browser, fake.url, { language: 'de-DE' })
    await page.getByText('Was kann ich für Sie tun?').waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    expect(await faults()).toEqual([])
    await page.context().close()
  })

  it('has a drawer of chats on a phone', async () => {
    const page = await visit({ width: 390, height: 844 })
    expect(await page.getByRole('navigation').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Open the list of chats' }).click()
    await page.getByRole('navigation').getByRole('button', { name: /^Main chat/ }).click()
    await page.getByRole('navigation').waitFor({ state: 'hidden' })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })

  const hostile = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x dur=1s>',
    '<svg><script>alert(1)</script></svg>',
    '<iframe src="javascript:alert(1)"></iframe><iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<details open ontoggle=alert(1)><summary>x</summary></details>',
    '<a href="javascript:alert(1)" id=attack>link</a>',
    '<p><a href="java\tscript:alert(1)" style="position:fixed;inset:0">cover</a></p>',
    '[link](javascript:alert(1)) [link](java&#x73;cript:alert(1)) [link](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
    '![x](https://tracker.example/pixel.png) ![x](javascript:alert(1)) ![x](data:image/svg+xml;base64,PHN2Zy8+)',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<form action="https://evil.example"><input name=token><button>Sign in</button></form>',
    '<style>body{display:none}</style><link rel=stylesheet href=https://evil.example/a.css>',
    '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example">',
    '<object data="data:text/html,<script>alert(1)</script>"></object><embed src="javascript:alert(1)">',
    '<div id=page>overwritten</div><img name=cookie><form id=getElementById></form>',
    '<b onmouseover=alert(1)>hover</b> <kbd style="x">key</kbd> <video src=x onerror=alert(1)></video>',
    '```"><img src=x onerror=alert(1)>\ncode </code></pre><script>alert(1)</script>\n```',
    '| <img src=x onerror=alert(1)> | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script><xss style="xss:expression(alert(1))">',
    'https://example.com/"onmouseover="alert(1) <https://example.com/><img src=x onerror=alert(1)>',
  ]
  it('stays harmless whatever an answer contains', async () => {
    const page = await visit({}, (gateway) => {
      gateway.answer = (words) => [
        { kind: 'thinking', text: hostile[Number(words)] ?? '' },
        { kind: 'tool', name: '<img src=x onerror=alert(1)>', input: { path: '<script>alert(1)</script>' }, result: '<script>alert(1)</script>' },
        { kind: 'text', text: hostile[Number(words)] ?? '' },
      ]
    })
    const outside: string[] = []
    const note = (request: Request): void => {
      if (!request.url().startsWith(fake.url) && !request.url().startsWith('data:')) outside.push(request.url())
    }
    page.on('request', note)
    for (let index = 0; index < hostile.length; index += 1) {
      await say(page, String(index))
      await own(page).nth(index).getByText('Answered').waitFor()
    }
    const touched = await page.locator('.conversation').evaluate((place) => {
      const folds = [...place.querySelectorAll<HTMLElement>('.fold > summary')]
      for (const fold of folds) fold.click()
      for (const element of place.querySelectorAll('*')) for (const kind of ['mouseover', 'mouseenter', 'mousemove', 'focus', 'focusin']) element.dispatchEvent(new Event(kind, { bubbles: true }))
      return folds.length
    })
    expect(touched).toBeGreaterThanOrEqual(2 * hostile.length)
    const found = await page.locator('.conversation').evaluate((place) => {
      const bad: string[] = []
      for (const element of place.querySelectorAll('*')) {
        const tag = element.tagName.toLowerCase()
        if (['script', 'iframe', 'object', 'embed', 'form', 'style', 'link', 'meta', 'base', 'math', 'video', 'animate'].includes(tag)) bad.push(tag)
        for (const attribute of element.attributes) {
          if (/^on/i.test(attribute.name)) bad.push(`${tag} ${attribute.name}`)
          if (attribute.name === 'style' || attribute.name === 'name' || (attribute.name === 'id' && !['page', 'composer'].includes(attribute.value))) bad.push(`${tag} ${attribute.name}=${attribute.value}`)
          if (['href', 'src'].includes(attribute.name) && !/^(https?:|mailto:|data:image\/(png|jpeg|gif|webp);base64,)/.test(attribute.value)) bad.push(`${tag} ${attribute.name}=${attribute.value}`)
        }
        if (tag === 'a' && element.hasAttribute('href') && (element.getAttribute('target') !== '_blank' || !/noopener/.test(element.getAttribute('rel') ?? ''))) bad.push(`a without noopener: ${element.outerHTML}`)
        if (tag === 'img' && !(element.getAttribute('src') ?? '').startsWith('data:')) bad.push(element.outerHTML)
      }
      return bad
    })
    page.off('request', note)
    expect(found).toEqual([])
    expect(outside).toEqual([])
  })

  const hostileTex = [
    String.raw`\href{javascript:alert(1)}{x}`, String.raw`\class{overlay}{x}`, String.raw`\style{position:fixed;inset:0}{x}`, String.raw`\includegraphics{https://evil.example/a.png}`, String.raw`\htmlData{on=x}{y}`,
    String.raw`\id{page}{x}`, String.raw`\ref{composer}`, String.raw`\def\a{\a\a}\a`, String.raw`\newcommand{\b}{xxxxxxxx}\b\b`, String.raw`\text{<img src=x onerror=alert(1)>}`, '\\sqrt{'.repeat(300) + 'x' + '}'.repeat(300), String.raw`\rule{9999em}{9999em}`,
    String.raw`\kern-9999em x`, String.raw`\color{red;position:fixed}x`, String.raw`\frac{1}{`, 'x+'.repeat(1_500),
  ]
  it('draws formulas in place, keeps their source, and lets TeX be nothing more', async () => {
    const words = ['Inline $a^2+b^2=c^2$ and \\(\\frac{1}{2}\\), for $5 and $10, and `$x$`.', String.raw`$$\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$$`, `\\[\n${Array.from({ length: 40 }, (_, at) => `a_{${at}}`).join('\n+ ')}\n\\]`, ...hostileTex.map((tex) => `$$${tex}$$`)]
    const page = await visit({ width: 390, height: 844 }, (gateway) => { gateway.answer = () => words.map((text): Step => ({ kind: 'text', text: `${text}\n\n` })) })
    await say(page, 'go')
    await own(page).getByText('Answered').waitFor()
    const answer = answers(page)
    await answer.locator('math').nth(3).waitFor()
    const drawn = await answer.locator('math').evaluateAll((all) => all.map((one) => one.getAttribute('alttext')))
    expect(drawn.slice(0, 3)).toEqual(['a^2+b^2=c^2', String.raw`\frac{1}{2}`, String.raw`\sum_{k=1}^{n} k = \frac{n(n+1)}{2}`])
    expect(drawn).toContain(String.raw`\text{<img src=x onerror=alert(1)>}`)
    expect(await answer.getByText('for $5 and $10').count()).toBe(1)
    expect(await answer.locator('p code').allInnerTexts()).toEqual(expect.arrayContaining(['$x$', '$$\\href{javascript:alert(1)}{x}$$', '$$\\frac{1}{$$', '$$\\def\\a{\\a\\a}\\a$$']))
    const found = await answer.evaluate((place) => {
      const bad = [...place.querySelectorAll('script, style, link, iframe, math a, math img, math [href], math [src], math [id], math semantics, math [class*=overlay]')].map((one) => one.outerHTML)
      for (const one of place.querySelectorAll<HTMLElement>('math *')) {
        if (one.namespaceURI !== 'http://www.w3.org/1998/Math/MathML') bad.push(one.outerHTML)
        if (['fixed', 'sticky'].includes(getComputedStyle(one).position)) bad.push(one.outerHTML)
        for (const { name: attribute } of one.attributes) if (/^on/i.test(attribute)) bad.push(attribute)
      }
      return bad
    })
    expect(found).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    expect(await answer.locator('.formula-block').nth(1).evaluate((one) => [one.scrollWidth > one.clientWidth, one.getBoundingClientRect().right <= innerWidth])).toEqual([true, true])
    expect(await answer.locator('math').first().evaluate((one) => one.getBoundingClientRect().height)).toBeGreaterThan(8)
    await expectNoObstacles(page, 'formulas')
  })

  const rich = '# Title\n\nWords with `code` and a [link](https://example.com).\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\n```ts\nlet a = 1\n```\n\n> quote\n\n![map](https://example.com/map.png)'
  it('can be used by everyone where there is least room, light and dark', async () => {
    const page = await visit({ width: 390, height: 844 }, (gateway) => {
      gateway.defaultModel = { provider: 'builtin', model: 'assistant' }
      gateway.sessions.set('agent:main:dashboard:1', { key: 'agent:main:dashboard:1', messages: [], row: { key: 'agent:main:dashboard:1', derivedTitle: 'Garden', lastMessagePreview: 'Roses', updatedAt: Date.now() } })
      gateway.pairing = [{ channel: 'telegram', account: 'default', sender: '77', senderName: 'Berta', code: 'K7QX2M', createdAt: Date.now(), expiresAt: Date.now() + 1e6 }]
      gateway.channels = [{ id: 'telegram', label: 'Telegram', accounts: [{ accountId: 'default', enabled: true, configured: true, state: 'needs-you', detail: 'Set a token.' }] }]
      gateway.answer = (words) => words === 'fail'
        ? [{ kind: 'fail', message: 'No credit left.' }]
        : [{ kind: 'thinking', text: 'Hm.' }, { kind: 'tool', name: 'read', input: { path: 'a' }, result: 'no', isError: true }, { kind: 'text', text: rich }]
    })
    const check = (where: string): Promise<void> => expectNoObstacles(page, where)
    await check('empty')
    await say(page, 'Show me everything')
    await own(page).getByText('Answered').waitFor()
    for (const fold of await page.locator('.fold > summary').all()) await fold.click()
    await say(page, 'fail')
    await page.getByText('No credit left.').waitFor()
    await check('answered')
    await page.getByRole('button', { name: '1 request waits for you' }).click()
    await page.getByText('K7QX2M').waitFor()
    await check('pairing')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').waitFor()
    await check('palette')
    await page.keyboard.press('Escape')
    await page.locator('.head .pill').last().click()
    await page.getByRole('dialog').waitFor()
    await composer(page).fill('/')
    await page.getByRole('option').first().waitFor()
    await check('models and commands')
    await composer(page).fill('')
    await page.keyboard.press('Escape')
    fake.down = true
    fake.cut()
    await page.getByText('No connection to the gateway.').waitFor()
    await page.getByRole('button', { name: 'Open the list of chats' }).click()
    await page.getByRole('button', { name: 'Actions for Garden' }).click()
    await check('menu')
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await check('dialog')
  })
})
