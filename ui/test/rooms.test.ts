import { readFileSync } from 'node:fs'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectNoObstacles } from '../testing/axe.ts'
import { buildPage, launch, noBrowser, openPage, shareTab, type PageOptions, type SharedTab, type BuiltPage } from '../testing/browser.ts'
import { createFakeGateway, type FakeGateway } from '../testing/fake-gateway.ts'
import { furnish } from '../testing/furnished.ts'

const name = noBrowser ? 'questions and rooms (left out: no Chromium on this machine)' : 'questions and rooms'

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

  async function visit(address = '', options: Omit<PageOptions, 'language'> = {}, prepare: (fake: FakeGateway) => void = () => undefined): Promise<Page> {
    fake = await createFakeGateway(built.dir)
    prepare(fake)
    const page = await tab.visit(`${fake.url}${address}`, options)
    await page.locator(address === '' ? '.head .pill' : '.panel').last().waitFor()
    return page
  }
  const question = (page: Page): Locator => page.locator('main').getByRole('region', { name: 'May it do this?' })
  const panel = (page: Page, title: string): Locator => page.getByRole('region', { name: title, exact: true })
  const called = (method: string): unknown[] => fake.requests.filter((request) => request.method === method).map((request) => request.params)

  it('asks in the conversation, sends one answer, and keeps it in its place', async () => {
    const page = await visit()
    let release = (): void => undefined
    fake.holdAnswers = new Promise((resolve) => {
      release = resolve
    })
    fake.ask({ command: 'run: curl https://api.example', always: 'reach api.example' })
    await question(page).getByText('run: curl https://api.example').first().waitFor()
    await question(page).getByText('“Always” allows: reach api.example').waitFor()
    expect(await page.getByRole('alert').filter({ hasText: 'The assistant asks for a yes: run: curl https://api.example' }).count()).toBe(1)
    const yes = question(page).getByRole('button', { name: 'Allow once' })
    await yes.dblclick()
    await question(page).getByRole('button', { name: 'Deny' }).dispatchEvent('click')
    await question(page).getByText('Sending your answer…').waitFor()
    release()
    await page.getByRole('heading', { name: 'Allowed once' }).waitFor()
    expect(called('exec.approval.resolve')).toEqual([{ id: fake.approvals[0]?.['id'], decision: 'allow-once' }])
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('And then?')
    await page.keyboard.press('Enter')
    await page.getByText('You said: And then?').waitFor()
  })

  it('an answered question stands before what was said after it, also after a reload', async () => {
    const page = await visit()
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('First')
    await page.keyboard.press('Enter')
    await page.getByText('You said: First').waitFor()
    fake.ask({ command: 'run: make' })
    await question(page).getByRole('button', { name: 'Deny' }).click()
    await page.getByRole('heading', { name: 'Denied' }).waitFor()
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Second')
    await page.keyboard.press('Enter')
    await page.getByText('You said: Second').waitFor()
    const order = (): Promise<string[]> => page.locator('.column > *').evaluateAll((nodes) => nodes.map((node) => /Denied|You said: (First|Second)/.exec(node.textContent ?? '')?.[0] ?? '').filter((words) => words !== ''))
    expect(await order()).toEqual(['You said: First', 'Denied', 'You said: Second'])
    await page.reload()
    await page.getByRole('heading', { name: 'Denied' }).waitFor()
    await page.getByText('You said: Second').waitFor()
    expect(await order()).toEqual(['You said: First', 'Denied', 'You said: Second'])
  })

  it('a chat that is started over shows no old questions', async () => {
    const page = await visit()
    fake.ask({ command: 'run: make' })
    await question(page).getByRole('button', { name: 'Deny' }).click()
    await page.getByRole('heading', { name: 'Denied' }).waitFor()
    fake.emit('sessions.changed', { sessionKey: 'agent:main:main', reason: 'reset', ts: Date.now() })
    await page.getByText('What can I do for you?').waitFor()
    expect(await page.locator('.ask').count()).toBe(0)
    await page.reload()
    await page.getByText('What can I do for you?').waitFor()
    expect(await page.locator('.ask').count()).toBe(0)
  })

  it('is answered with the keyboard alone, found by the palette', async () => {
    const page = await visit()
    fake.ask({ command: 'run: true' })
    await question(page).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search and commands' }).fill('answer the open')
    // The key is held a moment too long: it was meant for the palette.
    await page.keyboard.down('Enter')
    await page.waitForFunction(() => document.activeElement?.textContent === 'Allow once')
    await question(page).locator('button[aria-disabled=false]', { hasText: 'Allow once' }).waitFor()
    for (let count = 0; count < 3; count += 1) await page.keyboard.down('Enter')
    await page.keyboard.up('Enter')
    expect(called('exec.approval.resolve')).toEqual([])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Denied' }).waitFor()
    // Whoever listens is still at the card.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe(`ask-${String(fake.approvals[0]?.['id'])}`)
  })

  it('that came while a room was looked at is not taken as read in whole', async () => {
    const page = await visit('#/usage', {}, furnish)
    fake.ask({ command: `run: ${'echo one more line; '.repeat(200)}` })
    const card = page.locator('.view .ask').last()
    await card.locator('pre').first().filter({ hasText: 'echo' }).waitFor({ state: 'attached' })
    await page.getByRole('button', { name: '3 questions wait for your answer' }).waitFor()
    await page.evaluate(() => { location.hash = '#agent:main:main' })
    await card.getByText('Read it to its end', { exact: false }).waitFor()
    expect(await card.getByRole('button', { name: 'Allow once' }).getAttribute('aria-disabled')).toBe('true')
    await card.locator('pre').first().evaluate((place) => { place.scrollTop = place.scrollHeight })
    await card.locator('button[aria-disabled=false]', { hasText: 'Allow once' }).waitFor()
  })

  it('of another chat is found by the palette as well, and has the focus there', async () => {
    const page = await visit('', {}, (gateway) => {
      gateway.sessions.set('agent:main:dashboard:1', { key: 'agent:main:dashboard:1', messages: [], row: { key: 'agent:main:dashboard:1', derivedTitle: 'Garden', updatedAt: 1 } })
    })
    await page.getByRole('navigation').getByText('Garden').waitFor()
    fake.ask({ command: 'run: dig', sessionKey: 'agent:main:dashboard:1' })
    await page.getByRole('navigation').getByText('asks you').waitFor()
    for (const from of ['#agent:main:main', '#/usage']) {
      await page.evaluate((hash) => { location.hash = hash }, from)
      await question(page).waitFor({ state: 'detached' })
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: 'Search and commands' }).fill('answer the open')
      await page.keyboard.press('Enter')
      await question(page).waitFor()
      await page.waitForFunction(() => document.activeElement?.textContent === 'Allow once')
    }
  })

  it('shows a question of another chat as a badge and in the approvals, and closes it when someone else answers', async () => {
    const page = await visit('', {}, (gateway) => {
      gateway.sessions.set('agent:main:dashboard:1', { key: 'agent:main:dashboard:1', messages: [], row: { key: 'agent:main:dashboard:1', derivedTitle: 'Garden', updatedAt: 1 } })
    })
    await page.getByRole('navigation').getByText('Garden').waitFor()
    fake.ask({ command: 'run: dig', sessionKey: 'agent:main:dashboard:1' })
    await page.getByRole('navigation').getByText('asks you').waitFor()
    expect(await question(page).count()).toBe(0)
    await page.getByRole('button', { name: '1 question waits for your answer' }).click()
    await question(page).getByRole('button', { name: 'Asked in Garden' }).waitFor()
    expect(new URL(page.url()).hash).toBe('#/approvals')
    Object.assign(fake.approvals[0] ?? {}, { state: 'denied', decision: 'deny' })
    fake.emit('exec.approval.resolved', { id: fake.approvals[0]?.['id'], decision: 'deny', resolvedBy: 'ann', ts: Date.now() })
    await panel(page, 'Open questions').getByText('No question is open.', { exact: false }).waitFor()
    await panel(page, 'Answered before').getByText('run: dig').first().waitFor()
  })

  it('goes between rooms and the conversation by address, history and palette, and keeps what was written', async () => {
    const page = await visit('', {}, furnish)
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('half a thought')
    await page.getByRole('navigation').getByRole('button', { name: 'Usage' }).click()
    await page.getByRole('heading', { level: 1, name: 'Usage' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search and commands' }).fill('Security')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Security' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Usage' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Main chat' }).waitFor()
    expect(await page.getByRole('textbox', { name: 'Message', exact: true }).inputValue()).toBe('half a thought')
    await page.goForward()
    await page.getByRole('heading', { level: 1, name: 'Usage' }).waitFor()
    fake.cut()
    await panel(page, 'Limits').waitFor()
    expect(new URL(page.url()).hash).toBe('#/usage')
  })

  it('calls no method that this gateway does not name', async () => {
    const page = await visit('#/security')
    await page.getByRole('navigation').getByRole('button', { name: 'Home' }).click()
    await panel(page, 'Waiting for you').waitFor()
    for (const room of ['Approvals', 'People', 'Security', 'Usage']) {
      await page.getByRole('navigation').getByRole('button', { name: room, exact: true }).click()
      await page.getByRole('heading', { level: 1, name: room }).waitFor()
    }
    const known = ['connect', 'sessions.list', 'sessions.subscribe', 'sessions.messages.subscribe', 'chat.history', 'models.list', 'models.status', 'commands.list', 'channels.status', 'pairing.list', 'device.pair.list', 'exec.approval.list', 'approval.history']
    expect(fake.requests.map((request) => request.method).filter((method) => !known.includes(method))).toEqual([])
    expect(await page.getByText('This could not be read.').count()).toBe(0)
  })

  it('takes standing grants back, after asking once more', async () => {
    const page = await visit('#/approvals', {}, furnish)
    const standing = panel(page, 'Allowed for good')
    await standing.getByRole('button', { name: 'Take back: reach github.com by git' }).click()
    expect(called('exec.approval.grants.revoke')).toEqual([])
    await page.keyboard.press('Escape')
    await standing.getByRole('button', { name: 'Take back: reach github.com by git' }).click()
    await standing.getByRole('group').getByRole('button', { name: 'Take back' }).click()
    await standing.getByText('reach github.com by git', { exact: true }).waitFor({ state: 'detached' })
    expect(called('exec.approval.grants.revoke')).toEqual([{ id: 'g1' }])
  })

  it('finds an answer by how it ended and by its words, and leads to its chat', async () => {
    const page = await visit('#/approvals', {}, (gateway) => {
      furnish(gateway)
      gateway.ask({ command: 'run: rm \u202Enotes', state: 'denied', decision: 'deny', decidedBy: 'pr_2', decidedAtMs: 5, createdAtMs: 5 })
    })
    const past = panel(page, 'Answered before')
    await past.getByText('run: git fetch origin').first().waitFor()
    // Nothing hides in what was asked.
    await past.getByText('run: rm ⟨U+202E⟩notes').first().waitFor()
    await past.getByRole('combobox', { name: 'How they ended' }).selectOption({ label: 'Denied' })
    await past.getByText('run: git fetch origin').first().waitFor({ state: 'detached' })
    await past.getByRole('searchbox').fill('carl')
    await expect.poll(() => past.locator('.past').count()).toBe(1)
    await past.getByRole('searchbox').fill('no such words')
    await past.getByText('No answer matches.').waitFor()
    await past.getByRole('combobox', { name: 'How they ended' }).selectOption({ label: 'All' })
    await past.getByRole('searchbox').fill('report.pdf')
    await past.locator('summary').click()
    await past.getByRole('button', { name: 'Asked in Main chat' }).click()
    await page.getByRole('heading', { level: 1, name: 'Main chat' }).waitFor()
  })

  it('takes a command off the list of those that need no question', async () => {
    const page = await visit('#/approvals', {}, furnish)
    const listed = panel(page, 'Commands without a question')
    await listed.getByRole('button', { name: 'Take back: git status' }).click()
    await listed.getByRole('group').getByRole('button', { name: 'Take back' }).click()
    await page.getByText('Taken back. It is asked again next time.').waitFor()
    expect(called('config.patch')).toEqual([{ raw: '{"tools":{"exec":{"allowlist":["ls *"]}}}', baseHash: 'abc' }])
  })

  it('narrows the record down, keeps it in a file, and says what may be reached', async () => {
    const page = await visit('#/security', {}, furnish)
    const record = panel(page, 'The record')
    const kind = record.getByRole('textbox', { name: 'Kind' })
    await kind.pressSequentially('egress')
    // Whatever comes meanwhile takes nothing of what is being typed.
    const asked = called('audit.log').length
    fake.cut()
    await expect.poll(() => called('audit.log').length).toBeGreaterThan(asked)
    await record.locator('.panel-body[aria-busy=false]').waitFor()
    expect(await kind.inputValue()).toBe('egress')
    await page.keyboard.press('Tab')
    await expect.poll(() => called('audit.log').at(-1)).toEqual({ limit: 25, kind: 'egress' })
    await record.getByRole('combobox', { name: 'Outcome' }).selectOption({ label: 'failed' })
    await record.getByText('No entry matches.').waitFor()
    const download = page.waitForEvent('download')
    await record.getByRole('button', { name: 'Export' }).click()
    expect(readFileSync(await (await download).path(), 'utf8')).toBe('{"seq":1}\n{"seq":2}\n{"seq":3}\n')
    expect(called('audit.export')).toEqual([{ limit: 1000, kind: 'egress', outcome: 'failed' }, { limit: 1000, kind: 'egress', outcome: 'failed', after: 2 }])
    const left = panel(page, 'What left this machine')
    await left.getByRole('combobox', { name: 'Day' }).selectOption({ label: 'Yesterday' })
    await expect.poll(() => called('egress.today').at(-1)).toEqual({ daysAgo: 1 })
    await left.getByRole('textbox', { name: 'May a tool reach' }).fill('github.com')
    await page.keyboard.press('Enter')
    await left.getByText('Yes, github.com, by egress.web.').waitFor()
    await left.getByRole('textbox', { name: 'May a tool reach' }).fill('http://169.254.169.254/')
    await page.keyboard.press('Enter')
    await left.getByText('No, 169.254.169.254: It is an address').waitFor()
    expect(called('egress.test')).toEqual([{ url: 'https://github.com' }, { url: 'http://169.254.169.254/' }])
  })

  it('offers a telephone the addresses at which the gateway answers, and says what each is worth', async () => {
    const page = await visit('#/people', {}, furnish)
    await panel(page, 'Devices').getByRole('button', { name: 'Link a telephone' }).click()
    const addresses = page.getByRole('combobox', { name: 'Address the telephone opens' })
    expect(await addresses.locator('option').allTextContents()).toEqual(['https://box.tailnet.ts.net/', 'https://192.0.2.7:18789/', 'Another address'])
    await page.getByRole('img', { name: 'Code to scan with the telephone' }).waitFor()
    const own = page.getByText('The gateway signs its own certificate here', { exact: false })
    expect(await own.count()).toBe(0)
    await addresses.selectOption('https://192.0.2.7:18789/')
    await own.waitFor()
    await page.getByText('https://192.0.2.7:18789/login', { exact: false }).waitFor({ state: 'attached' })
    await addresses.selectOption({ label: 'Another address' })
    await page.getByRole('textbox', { name: 'Other address' }).fill('https://')
    await page.getByText('That is no web address.', { exact: false }).waitFor()
    expect(await page.getByRole('img', { name: 'Code to scan with the telephone' }).count()).toBe(0)
    await expectNoObstacles(page, 'an address for a telephone')
  })

  it('approves people, gives roles, and signs browsers out', async () => {
    const page = await visit('#/people', {}, furnish)
    await page.getByRole('button', { name: 'Approve Berta' }).click()
    await panel(page, 'Asking to be let in').getByText('Nobody is waiting.', { exact: false }).waitFor()
    await page.getByRole('combobox', { name: 'Role of Carl' }).selectOption('guest')
    await page.getByText('Carl: Guest from now on.').waitFor()
    await expect.poll(() => called('principals.role')).toEqual([{ id: 'pr_2', role: 'guest' }])
    await panel(page, 'People').getByText('Anna (you)', { exact: true }).waitFor()
    expect(await page.getByRole('combobox', { name: /^Role of Anna/ }).count()).toBe(0)
    const browsers = panel(page, 'Signed-in browsers')
    await browsers.getByRole('button', { name: 'Sign out everywhere else' }).click()
    await browsers.getByRole('group').getByRole('button', { name: 'Sign out everywhere else' }).click()
    await browsers.getByText('Safari on iPhone', { exact: true }).waitFor({ state: 'detached' })
    await expect.poll(() => called('sessions.browser.end')).toEqual([{ others: true }])
  })

  it('says the old role when a new one was refused', async () => {
    const page = await visit('#/people', {}, (gateway) => {
      furnish(gateway)
      gateway.also['principals.role'] = () => {
        throw new Error('You signed in more than 30 minutes ago.')
      }
    })
    const role = page.getByRole('combobox', { name: 'Role of Carl' })
    await role.selectOption('owner')
    await page.getByText('You signed in more than 30 minutes ago.').waitFor()
    expect(await role.inputValue()).toBe('member')
  })

  it('mends what the page can mend, verifies the record, and shows no value of a secret', async () => {
    const page = await visit('#/security', {}, furnish)
    await page.getByRole('button', { name: 'Fix logging.redactSensitive' }).click()
    const dialog = page.getByRole('dialog', { name: 'Make this change?' })
    await dialog.getByText('logging.redactSensitive').waitFor()
    await dialog.locator('.change-after', { hasText: 'tools' }).waitFor()
    expect(called('config.patch')).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Fixed. The review looks again.').waitFor()
    expect(called('config.patch')).toEqual([{ raw: '{"logging":{"redactSensitive":"tools"}}', baseHash: 'abc' }])
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('Unbroken: 1204 entries are as they were written.').waitFor()
    await page.getByRole('button', { name: 'Older entries' }).click()
    await page.getByText('gateway.started').waitFor()
    await panel(page, 'Secrets').getByText('older than 90 days').waitFor()
    await page.getByRole('button', { name: 'Try to break out' }).click()
    await panel(page, 'Sandbox').getByText('All 2 attempts were held.').waitFor()
  })

  it('looks again by itself when the gateway found something else', async () => {
    let findings: unknown[] = []
    const page = await visit('#/security', {}, (gateway) => {
      furnish(gateway)
      const first = gateway.also['security.audit']?.({}) as Record<string, unknown>
      findings = first['findings'] as unknown[]
      gateway.also['security.audit'] = () => ({ ...first, findings })
    })
    await page.getByRole('button', { name: 'Fix logging.redactSensitive' }).waitFor()
    findings = []
    fake.emit('security.changed', { takenAt: 1, critical: 0, warn: 0, info: 0 })
    await page.getByRole('button', { name: 'Fix logging.redactSensitive' }).waitFor({ state: 'detached' })
    expect(called('security.audit')).toHaveLength(2)
  })

  it('says plainly when the record is broken', async () => {
    const page = await visit('#/security', {}, (gateway) => {
      furnish(gateway)
      gateway.also['audit.verify'] = () => ({ ok: false, fault: 'edited', at: 17, rows: 20, from: 1, to: 20, anchors: 0, sentence: 'Entry 17 was edited.', next: 'Keep the file and look who was here.', notes: [] })
    })
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('Entry 17 was edited. Keep the file and look who was here.').waitFor()
    expect(await page.getByText('Unbroken', { exact: false }).count()).toBe(0)
  })

  it('panics only after the word was typed, and resumes with the code', async () => {
    const page = await visit('#/security', {}, furnish)
    const emergency = panel(page, 'Emergency')
    await emergency.getByRole('button', { name: 'Panic' }).click()
    await emergency.getByRole('textbox').fill('pan')
    expect(await emergency.getByRole('button', { name: 'Panic' }).isDisabled()).toBe(true)
    await emergency.getByRole('textbox').press('Enter')
    expect(called('panic')).toEqual([])
    await emergency.getByRole('textbox').fill('panic')
    await emergency.getByRole('textbox').press('Enter')
    await emergency.getByText('In panic since', { exact: false }).waitFor()
    await emergency.getByRole('textbox', { name: 'Code of your authenticator' }).fill('000000')
    await emergency.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('That code is wrong.').waitFor()
    await emergency.getByRole('textbox', { name: 'Code of your authenticator' }).fill('123456')
    await emergency.getByRole('button', { name: 'Resume' }).click()
    await emergency.getByText('In panic since', { exact: false }).waitFor({ state: 'detached' })
    expect(called('resume')).toEqual([{ code: '000000' }, { code: '123456' }])
  })

  it('changes, adds and takes back a limit after a last look', async () => {
    const page = await visit('#/usage', {}, furnish)
    const limits = panel(page, 'Limits')
    const dialog = page.getByRole('dialog', { name: 'Save this limit?' })
    await limits.getByRole('button', { name: 'Change the limit: Everything a day' }).click()
    const amount = limits.getByRole('textbox', { name: 'New limit in US dollars: Everything a day' })
    await amount.fill('three')
    expect(await limits.getByRole('button', { name: 'Look and save' }).isDisabled()).toBe(true)
    await amount.fill('3,5')
    await page.keyboard.press('Enter')
    await dialog.getByText('budgets.daily').waitFor()
    await dialog.locator('.change-before', { hasText: '2.5' }).waitFor()
    expect(called('config.patch')).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The new limits hold from now on.').waitFor()
    // One that holds by the limit for everybody gets an own one; no number means that there is none.
    await limits.getByRole('button', { name: 'Set an own limit: Person Carl a day' }).click()
    await limits.getByRole('checkbox', { name: 'No limit' }).check()
    await limits.getByRole('button', { name: 'Look and save' }).click()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    await limits.getByRole('button', { name: 'Change the limit: Each person who is not named a day' }).click()
    await limits.getByRole('button', { name: 'Take away' }).click()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    await limits.getByRole('button', { name: 'Add a limit' }).click()
    const add = limits.getByRole('form', { name: 'Add a limit' })
    await add.getByRole('combobox', { name: 'For' }).selectOption({ label: 'Channel' })
    await add.getByRole('combobox', { name: 'Who' }).selectOption({ label: 'Telegram' })
    await add.getByRole('combobox', { name: 'In' }).selectOption({ label: 'a month' })
    await add.getByRole('textbox', { name: 'US dollars' }).fill('20')
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(called('config.patch')).toEqual([
      '{"budgets":{"daily":3.5}}', '{"budgets":{"byPrincipal":{"pr_2":{"daily":"off"}}}}', '{"budgets":{"byPrincipal":{"*":null}}}', '{"budgets":{"byChannel":{"telegram":{"monthly":20}}}}',
    ].map((raw) => ({ raw, baseHash: 'abc' })))
    await limits.getByRole('button', { name: 'Undo the last save' }).click()
    await limits.getByRole('group').getByRole('button', { name: 'Undo the last save' }).click()
    await page.getByText('Undone. The file is as it was before.').waitFor()
    expect(called('config.set')).toEqual([{ raw: '{}\n', baseHash: 'abc' }])
  })

  it('says in the dialog why a limit was not saved, and keeps it there', async () => {
    const page = await visit('#/usage', {}, (gateway) => {
      furnish(gateway)
      gateway.also['config.patch'] = () => {
        throw new Error('You signed in more than 30 minutes ago.')
      }
    })
    await page.getByRole('combobox', { name: 'When a limit is reached' }).selectOption({ label: 'the turn waits, and you are asked' })
    const dialog = page.getByRole('dialog', { name: 'Save this limit?' })
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('You signed in more than 30 minutes ago.').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await page.getByRole('combobox', { name: 'When a limit is reached' }).inputValue()).toBe('stop')
  })

  it('shows what it went to day by day, in money and in tokens, as a picture and as a table', async () => {
    const page = await visit('#/usage', {}, furnish)
    const where = panel(page, 'Where it went')
    await where.getByRole('img', { name: 'Day by day' }).waitFor()
    const drawn = await where.locator('.plot-part').count()
    await where.getByText('As a table').click()
    // What is drawn is what the table says: one part a number above nothing.
    expect(await where.locator('tbody td').evaluateAll((cells) => cells.filter((cell) => cell.textContent !== '' && cell.nextElementSibling !== null).length)).toBe(drawn)
    expect(await where.locator('tbody tr').count()).toBe(30)
    await where.getByRole('combobox', { name: 'Shown' }).selectOption('tokens')
    expect(await where.locator('.plot-number').first().textContent()).not.toContain('$')
    await where.getByRole('combobox', { name: 'By' }).selectOption('agent')
    await expect.poll(() => [called('usage.spend').at(-1), called('usage.daily').at(-1)]).toEqual([{ by: 'agent', days: 30 }, { by: 'agent', days: 30 }])
    await where.getByRole('combobox', { name: 'Period' }).selectOption('7')
    await expect.poll(() => where.locator('tbody tr').count()).toBe(7)
  })

  it('stays harmless whatever a question, a name or a record contains', async () => {
    const bad = '<img src=x onerror=alert(1)>"\'><script>alert(1)</script>'
    const page = await visit('#/home', {}, (gateway) => {
      furnish(gateway)
      gateway.ask({ command: bad, detail: bad, reason: bad, always: bad, id: `ap" onfocus=alert(1) x="` })
      gateway.pairing = [{ channel: 'telegram', account: 'default', sender: bad, senderName: bad, code: 'K7QX2M', createdAt: Date.now(), expiresAt: Date.now() + 1e6 }]
      gateway.also['audit.log'] = () => ({ lines: [{ seq: 1, id: 'a', at: 1, act: bad, class: 'access', principal: bad, subject: bad, outcome: bad, reason: bad, place: null, correlation: null }], next: null })
      gateway.also['vault.list'] = () => ({ secrets: [{ name: bad, version: 1, createdAt: 1, changedAt: 1, ageMs: 1 }] })
      gateway.also['egress.today'] = () => ({ date: '', connections: 1, refused: 0, bytesOut: 1, bytesIn: 1, rows: [{ host: bad, agent: bad, principal: bad, use: bad, connections: 1, refused: 0, bytesOut: 1, bytesIn: 1 }] })
    })
    for (const room of ['Approvals', 'People', 'Security', 'Usage', 'Home']) {
      await page.getByRole('navigation').getByRole('button', { name: new RegExp(`^${room}`) }).click()
      await page.getByRole('heading', { level: 1, name: room }).waitFor()
      await page.locator('.panel').last().waitFor()
      const found = await page.locator('main').evaluate((place) => [...place.querySelectorAll('*')].flatMap((element) =>
        [...(/^(script|iframe|img|style|object)$/i.test(element.tagName) ? [element.tagName] : []), ...[...element.attributes].filter((attribute) => /^(on|style$)/i.test(attribute.name)).map((attribute) => attribute.name)]))
      expect(found).toEqual([])
    }
  })

  it('a question can be answered by everyone, on a phone too', async () => {
    const page = await visit('', { width: 390, height: 844 }, furnish)
    await question(page).first().waitFor()
    const check = async (where: string): Promise<void> => {
      await expectNoObstacles(page, where)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBe(390)
    }
    await check('question')
    await question(page).first().getByRole('button', { name: 'Allow once' }).click()
    await page.getByRole('heading', { name: 'Allowed once' }).waitFor()
    await check('answered')
    await page.evaluate(() => { location.hash = '#/usage' })
    await panel(page, 'Limits').getByRole('button', { name: 'Add a limit' }).click()
    await panel(page, 'Limits').getByRole('button', { name: 'Change the limit: Everything a day' }).click()
    await check('limits')
  })

  it('speaks German in every room', async () => {
    fake = await createFakeGateway(built.dir)
    furnish(fake)
    const { page, faults } = await openPage(browser, `${fake.url}#/home`, { language: 'de-DE' })
    await panel(page, 'Wartet auf Sie').waitFor()
    await page.getByRole('button', { name: 'Einmal erlauben' }).first().waitFor()
    await page.getByRole('navigation').getByRole('button', { name: 'Sicherheit' }).click()
    await panel(page, 'Die Aufzeichnung').waitFor()
    expect(await faults()).toEqual([])
    await page.context().close()
  })
})
