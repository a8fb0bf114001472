import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret as Key, TOTP } from 'otpauth'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionKey } from '@moltbot/contract'
import { expectNoObstacles } from '../testing/axe.ts'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'the rooms on a real gateway (left out: no Chromium on this machine)' : 'the rooms on a real gateway'

/** One visit after the other on the same page; each test enters the room it is about. */
describe.skipIf(noBrowser)(name, () => {
  let home: Furnished
  beforeAll(async () => {
    home = await furnishPage({
      telegram: true, config: { backup: { every: 'week' } },
      async makeBackup(file) {
        writeFileSync(file, 'sealed')
        return { bytes: 6 }
      },
    })
  })
  afterAll(async () => home?.close())
  beforeEach(({ task }) => home.begun(task))
  afterEach(async () => expect(await home.faults()).toEqual([]))

  const panel = (title: string): Locator => home.page.getByRole('region', { name: title, exact: true })
  describe('the log', () => {
    const line = (words: string): Locator => home.page.getByRole('group', { name: 'Log lines' }).getByText(words, { exact: false })
    it('follows what the gateway writes, and says where it stands', async () => {
      await home.enter('logs', 'Logs')
      await line('The gateway is ready.').first().waitFor()
      home.gateway.gateway.rooms.log.warn('a tree fell', { where: 'garden' })
      await line('a tree fell').first().waitFor()
      await line('where=garden').first().waitFor()
      await home.page.getByText('gateway.log', { exact: false }).waitFor()
    })

    it('filters by level, part and words, stands still when asked, and shows no secret', async () => {
      await home.enter('logs', 'Logs')
      await home.page.getByLabel('From').selectOption({ label: 'Warnings' })
      await line('The gateway is ready.').first().waitFor({ state: 'detached' })
      await line('a tree fell').first().waitFor()
      await home.page.getByLabel('From').selectOption({ label: 'Everything' })
      await home.page.getByRole('searchbox', { name: 'Find in the log' }).fill('GARDEN')
      await home.page.getByText(/· [1-9] of \d/).waitFor()
      await home.page.getByRole('searchbox', { name: 'Find in the log' }).fill('')
      await home.page.getByRole('button', { name: 'Pause' }).click()
      home.gateway.gateway.rooms.log.error(`while paused ${home.gateway.token}`)
      await home.page.getByText(/Paused, [1-9]\d* new lines? waits?/).waitFor()
      expect(await line('while paused').count()).toBe(0)
      await home.page.getByRole('button', { name: 'Go on' }).click()
      await line('while paused').first().waitFor()
      expect(await home.page.content()).not.toContain(home.gateway.token)
    })
  })

  describe('the agents', () => {
    const soul = (): string => join(home.gateway.stateDir, 'workspace', 'SOUL.md')
    const area = (file: string): Locator => home.page.getByRole('textbox', { name: `Text of ${file}` })
    it('shows what an agent is made of, and writes it', async () => {
      await home.enter('logs', 'Logs')
      writeFileSync(soul(), 'Be long.\n')
      await home.enter('agents', 'Agents')
      await panel('Files').getByRole('button', { name: /^SOUL.md/ }).click()
      await area('SOUL.md').fill('Be brief.\n')
      await home.page.keyboard.press('Control+s')
      await home.page.getByText('SOUL.md is saved.', { exact: false }).waitFor()
      expect(readFileSync(soul(), 'utf8')).toBe('Be brief.\n')
    })

    it('writes over nobody else’s words unless a person says so, and keeps what was typed while looking elsewhere', async () => {
      await home.enter('logs', 'Logs')
      writeFileSync(soul(), 'Be brief.\n')
      await home.enter('agents', 'Agents')
      await panel('Files').getByRole('button', { name: /^SOUL.md/ }).click()
      await area('SOUL.md').fill('Be brief.\nAnd kind.\n')
      await home.enter('logs', 'Logs')
      await home.enter('agents', 'Agents')
      await panel('Files').getByRole('button', { name: /^SOUL.md/ }).click()
      expect(await area('SOUL.md').inputValue()).toBe('Be brief.\nAnd kind.\n')
      writeFileSync(soul(), 'Be brief.\nBe bold.\n')
      // The page read the file when it was entered again; what it read is older than what stands there now.
      await panel('Files').getByRole('button', { name: 'Save', exact: true }).click()
      await panel('Files').locator('.diff-out').filter({ hasText: 'Be bold.' }).waitFor()
      await panel('Files').locator('.diff-in').filter({ hasText: 'And kind.' }).waitFor()
      expect(readFileSync(soul(), 'utf8')).toBe('Be brief.\nBe bold.\n')
      await panel('Files').getByRole('button', { name: 'Write mine over it' }).click()
      await home.page.getByText('SOUL.md is saved.', { exact: false }).last().waitFor()
      await expect.poll(() => readFileSync(soul(), 'utf8')).toBe('Be brief.\nAnd kind.\n')
    })

    it('makes a skill, and no file of another kind', async () => {
      rmSync(join(home.gateway.stateDir, 'workspace', 'skills', 'garden'), { recursive: true, force: true })
      const wanted = panel('Files').getByRole('textbox', { name: 'New file' })
      await wanted.fill('notes/x.md')
      await panel('Files').getByText('Files begin with memory/ or skills/', { exact: false }).waitFor()
      expect(await panel('Files').getByRole('button', { name: 'Make' }).isDisabled()).toBe(true)
      await wanted.fill('skills/garden/SKILL.md')
      await panel('Files').getByRole('button', { name: 'Make' }).click()
      await area('skills/garden/SKILL.md').fill('Dig.\n')
      await panel('Files').getByRole('button', { name: 'Save', exact: true }).click()
      await panel('Files').getByRole('button', { name: 'garden/SKILL.md' }).waitFor()
      expect(readFileSync(join(home.gateway.stateDir, 'workspace', 'skills', 'garden', 'SKILL.md'), 'utf8')).toBe('Dig.\n')
    })

    it('says in words which tools whom, what the sandbox holds, and which model answers', async () => {
      await panel('Tools').getByText('read', { exact: true }).first().waitFor()
      await panel('Tools').getByRole('combobox', { name: 'In the hands of' }).selectOption({ label: 'a guest' })
      await panel('Tools').getByText('None.').waitFor()
      await panel('Model').getByRole('combobox', { name: 'Model for new turns' }).waitFor()
      await panel('Sandbox').getByText(/Commands (run inside|are refused)/).waitFor()
    })
  })

  it('keeps in the conversation what was stopped before its turn began, also when the page is opened anew', async () => {
    const { page, gateway } = home
    const session = `agent:main:stopped-${randomUUID()}`
    const box = page.getByRole('textbox', { name: 'Message', exact: true })
    const own = page.getByRole('article', { name: 'You' }).filter({ hasText: 'Never begun, please' })
    const said = async (): Promise<void> => {
      await own.getByText('Never begun, please').waitFor()
      await own.locator('.delivery.stopped').waitFor()
      await page.locator('.note').getByText('Stopped before it was begun.').waitFor()
      expect(await own.count()).toBe(1)
    }
    gateway.gateway.journey.sessions.hold()
    try {
      await page.evaluate((hash) => { location.hash = hash }, `#${session}`)
      await box.waitFor()
      await box.fill('Never begun, please')
      await box.press('Enter')
      await own.locator('.delivery.accepted').waitFor()
      await gateway.gateway.journey.sessions.abort(session as SessionKey, { reason: 'stop' })
      await said()
    } finally {
      gateway.gateway.journey.sessions.release()
    }
    await page.reload()
    await said()
  })

  describe('answers to tap', () => {
    const buttons = (): Locator => home.page.locator('.answer-buttons')
    const states = async (): Promise<(string | null)[]> => Promise.all((await buttons().getByRole('button').all()).map((button) => button.getAttribute('aria-disabled')))
    const conversation = async (): Promise<void> => {
      await home.page.evaluate(() => { location.hash = '#agent:main:main' })
      await home.page.locator('.column article').first().waitFor()
    }
    it('stand below a message of before too, and are shown as spent once the question is over', async () => {
      const client = await home.gateway.connect()
      await client.request('sessions.reset', { key: 'agent:main:main' })
      for (const { id } of await client.request('exec.approval.list') as unknown as { id: string }[]) await client.request('exec.approval.resolve', { id, decision: 'deny' })
      await client.ask('hello there')
      const asked = client.request('exec.approval.request', { command: 'make all', sessionKey: 'agent:main:errands', agentId: 'main' })
      await expect.poll(async () => (await client.request('exec.approval.list') as unknown as { code: string }[]).length).toBe(1)
      const [question] = await client.request('exec.approval.list') as unknown as { code: string; id: string }[]
      const code = question?.code ?? ''
      await home.gateway.gateway.rooms.outbox.send({
        chat: { channel: 'web', account: 'default', chat: 'agent:main:main', kind: 'direct' } as never, principal: 'owner' as never, markdown: 'May I make all?',
        buttons: [{ label: 'Allow once', says: `/approve ${code} once` }, { label: 'Deny', says: `/deny ${code}` }],
      })
      await home.page.reload()
      await conversation()
      await home.page.getByText('May I make all?').waitFor()
      expect(await states()).toEqual(['false', 'false'])
      await client.request('exec.approval.resolve', { id: question?.id, decision: 'deny' })
      await asked
      await buttons().getByText('No longer asked.').waitFor()
      expect(await states()).toEqual(['true', 'true'])
      await home.page.reload()
      await conversation()
      await buttons().getByText('No longer asked.').waitFor()
      expect(await states()).toEqual(['true', 'true'])
      await expectNoObstacles(home.page, 'answers that are spent')
    })
  })

  describe('what is done by itself', () => {
    const job = (title: string): Locator => home.page.locator('.job').filter({ hasText: title })
    it('is shown truly, is done at once for who asks, and what came of it is told as it ends', async () => {
      await home.enter('automations', 'Automations')
      await job('Security review').getByText('daily').waitFor()
      await job('Checkpoint of the record').getByText('every 15 minutes').waitFor()
      await job('Forgetting of the record').getByText('off', { exact: true }).waitFor()
      expect(await job('Forgetting of the record').getByRole('button', { name: /Do it now/ }).count()).toBe(0)
      await job('Security review').getByRole('button', { name: 'Do it now: Security review' }).click()
      await job('Security review').getByText(/^Last now, on request: \d+ critical, \d+ to mend, \d+ to know\.$/).waitFor()
      await job('Security review').getByText(/^Next in /).waitFor()
      await job('Security review').getByText('Earlier runs').click()
      await job('Security review').getByRole('list').getByText('on request').first().waitFor()
      await expectNoObstacles(home.page, 'what is done by itself')
    })

    it('says in words why something could not be done, and does it once that is mended', async () => {
      await home.enter('automations', 'Automations')
      await job('Backup').getByText('weekly').waitFor()
      await job('Backup').getByRole('button', { name: 'Do it now: Backup' }).click()
      await job('Backup').getByText(/^Failed now, on request: Nobody could open a backup/).waitFor()
      const client = await home.gateway.connect()
      await client.request('config.patch', { raw: JSON.stringify({ backup: { recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'] } }), baseHash: (await client.request('config.get', {}))['hash'] })
      await job('Backup').getByRole('button', { name: 'Do it now: Backup' }).click()
      await job('Backup').getByText(/^Last now, on request: .*moltbot-auto-.*\.age/).waitFor()
      const { entries } = await client.request('cron.runs', { id: 'house:backup' }) as { entries: { status: string; askedBy: string }[] }
      expect(entries.slice(-2).map(({ status, askedBy }) => [status, askedBy])).toEqual([['error', 'owner'], ['ok', 'owner']])
    })
  })

  describe('what people have done at set times', () => {
    const jobs = (): Locator => panel('Jobs of people')
    const job = (title: string): Locator => jobs().locator('.job').filter({ hasText: title })
    const kept = async (): Promise<unknown[]> => {
      const client = await home.gateway.connect()
      return (await client.request('cron.list', { includeDisabled: true }) as { jobs: { own?: unknown }[] }).jobs.filter(({ own }) => own !== undefined)
    }
    it('is set up with a time and words, done at once for who asks, paused, and removed', async () => {
      const client = await home.gateway.connect()
      for (const { id } of await kept() as { id: string }[]) await client.request('cron.remove', { id })
      await home.enter('automations', 'Automations')
      await jobs().getByText('There are none yet.').waitFor()
      await jobs().getByRole('button', { name: 'New job' }).click()
      const form = jobs().getByRole('form', { name: 'New job' })
      await form.getByLabel('What the assistant is told').fill('Say good morning')
      expect(await form.getByRole('button', { name: 'Set it up' }).isDisabled()).toBe(true)
      await form.getByLabel('When').selectOption({ label: 'again and again' })
      // A time nobody can read is refused in words, and what was typed stays.
      await form.getByRole('textbox', { name: 'Every' }).fill('soon')
      await form.getByRole('button', { name: 'Set it up' }).click()
      await home.page.locator('.toast.bad').filter({ hasText: 'is not a length of time' }).waitFor()
      expect(await form.getByLabel('What the assistant is told').inputValue()).toBe('Say good morning')
      expect(await kept()).toEqual([])
      await form.getByRole('textbox', { name: 'Every' }).fill('2h')
      await expectNoObstacles(home.page, 'a new job')
      await home.page.keyboard.press('Enter')
      await job('Say good morning').getByText('Not done yet.').waitFor()
      expect(await kept()).toMatchObject([{ enabled: true, schedule: { kind: 'every', everyMs: 7_200_000 }, payload: { message: 'Say good morning' } }])
      await job('Say good morning').getByRole('button', { name: 'Do it now' }).click()
      await job('Say good morning').getByText(/^Last now: /).waitFor()
      await job('Say good morning').getByText('Earlier runs').click()
      await job('Say good morning').getByRole('list').getByRole('listitem').first().waitFor()
      await job('Say good morning').getByRole('button', { name: 'Pause' }).click()
      await job('Say good morning').getByText('off', { exact: true }).waitFor()
      expect(await kept()).toMatchObject([{ enabled: false }])
      await job('Say good morning').getByRole('button', { name: 'Go on' }).click()
      await job('Say good morning').getByText(/^Next in /).waitFor()
    })

    it('is changed in the form it was made with: what is left as it was stays', async () => {
      const [before] = await kept() as { schedule: unknown; delivery: unknown }[]
      await job('Say good morning').getByText('every 2 hours', { exact: true }).waitFor()
      await job('Say good morning').getByRole('button', { name: 'Edit' }).click()
      const form = jobs().getByRole('form', { name: 'Edit: Say good morning' })
      expect(await form.getByLabel('What the assistant is told').inputValue()).toBe('Say good morning')
      expect(await form.getByRole('textbox', { name: 'Every' }).inputValue()).toBe('2h')
      await expectNoObstacles(home.page, 'a job being changed')
      await form.getByLabel('What the assistant is told').fill('Say good evening')
      await form.getByRole('button', { name: 'Save' }).click()
      await job('Say good evening').waitFor()
      expect(await kept()).toMatchObject([{ name: 'Say good evening', enabled: true, schedule: before?.schedule, delivery: before?.delivery, payload: { message: 'Say good evening' } }])
      await job('Say good evening').getByRole('button', { name: 'Edit' }).click()
      const again = jobs().getByRole('form', { name: 'Edit: Say good evening' })
      await again.getByLabel('When').selectOption({ label: 'by a pattern' })
      await again.getByRole('textbox', { name: 'Minute, hour, day, month, weekday' }).fill('30 18 * * 1-5')
      await home.page.keyboard.press('Enter')
      const tag = job('Say good evening').getByText('Mon–Fri 18:30', { exact: true })
      await tag.waitFor()
      expect(await tag.getAttribute('title')).toContain('30 18 * * 1-5 (')
      expect(await kept()).toMatchObject([{ name: 'Say good evening', schedule: { kind: 'cron', expr: '30 18 * * 1-5' }, payload: { message: 'Say good evening' } }])
      await job('Say good evening').getByRole('button', { name: 'Remove' }).click()
      await jobs().getByText('There are none yet.').waitFor()
      expect(await kept()).toEqual([])
    })
  })

  describe('the review', () => {
    const review = (): Locator => panel('Review')
    const limits = (): unknown => (JSON.parse(readFileSync(home.gateway.configFile, 'utf8')) as { gateway?: { controlUi?: unknown } }).gateway?.controlUi
    it('mends with one press what a setting is about, after a last look, and takes it back', async () => {
      const client = await home.gateway.connect()
      const patch = async (controlUi: unknown): Promise<unknown> => client.request('config.patch', { raw: JSON.stringify({ gateway: { controlUi } }), baseHash: (await client.request('config.get', {}))['hash'] })
      await patch({ sessionMinutes: 43_200, sessionIdleMinutes: 43_200 })
      await home.enter('security', 'Security')
      const fix = review().getByRole('button', { name: 'Fix gateway.controlUi.sessionIdleMinutes' })
      await fix.click()
      const dialog = home.page.getByRole('dialog', { name: 'Make this change?' })
      await dialog.locator('.change-before', { hasText: '43200' }).waitFor()
      await dialog.locator('.change-after', { hasText: '720' }).waitFor()
      await expectNoObstacles(home.page, 'a fix of the review')
      await home.page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      expect(limits()).toMatchObject({ sessionIdleMinutes: 43_200 })
      await fix.click()
      await dialog.getByRole('button', { name: 'Save' }).click()
      await fix.waitFor({ state: 'detached' })
      await dialog.waitFor({ state: 'detached' })
      expect(limits()).toMatchObject({ sessionIdleMinutes: 720 })
      await review().getByRole('button', { name: 'Undo the last save' }).click()
      await review().getByRole('group').getByRole('button', { name: 'Undo the last save' }).click()
      await fix.waitFor()
      expect(limits()).toMatchObject({ sessionIdleMinutes: 43_200 })
      await patch({ sessionMinutes: null, sessionIdleMinutes: null })
    })
  })

  describe('the second factor', () => {
    const factor = (): Locator => panel('Second factor')
    const localCode = (): string => readFileSync(join(home.gateway.stateDir, 'resume-code'), 'utf8').trim()
    let secret = ''
    const code = (later = 0): string => new TOTP({ secret: Key.fromBase32(secret) }).generate({ timestamp: Date.now() + later })

    it('is set up by the code on the machine, and counts only after its first code', async () => {
      await home.enter('security', 'Security')
      await factor().getByText('No authenticator is set up.').waitFor()
      // Looking makes no code.
      expect(existsSync(join(home.gateway.stateDir, 'resume-code'))).toBe(false)
      await factor().getByRole('button', { name: 'Set up' }).click()
      await factor().getByRole('textbox', { name: /^The code in .*resume-code/ }).fill('WRNG-CODE')
      await factor().getByRole('button', { name: 'Next' }).click()
      await factor().getByText('That code is not right', { exact: false }).waitFor()
      await factor().getByRole('textbox').fill(localCode())
      await home.page.keyboard.press('Enter')
      await factor().getByRole('img', { name: 'The code to scan for your authenticator app' }).waitFor()
      secret = ((await factor().locator('.factor-code code').textContent()) ?? '').replaceAll(' ', '')
      expect(secret).toMatch(/^[A-Z2-7]{32}$/)
      await factor().getByRole('textbox', { name: 'The six digits it shows now' }).fill(code() === '000000' ? '111111' : '000000')
      await home.page.keyboard.press('Enter')
      await factor().getByText('That is not a code of the new authenticator.', { exact: false }).waitFor()
      expect(await (await home.gateway.connect()).request('resume.challenge', { look: true })).toMatchObject({ factor: 'local' })
      await expectNoObstacles(home.page, 'a code to scan')
      await factor().getByRole('textbox').fill(code())
      await home.page.keyboard.press('Enter')
      await factor().getByText('An authenticator app is set up.').waitFor()
      expect(await home.page.content()).not.toContain(secret.match(/.{4}/g)?.join(' '))
    })

    it('is removed by the next of its codes only', async () => {
      await factor().getByRole('button', { name: 'Remove' }).click()
      await factor().getByRole('textbox', { name: /^The six digits/ }).fill(code(30_000))
      await factor().getByRole('button', { name: 'Remove' }).click()
      await factor().getByText('No authenticator is set up.').waitFor()
    })
  })

  it('the limits are those that hold, are saved after a last look, and undone', async () => {
    const limits = panel('Limits')
    const budgets = (): unknown => (JSON.parse(readFileSync(home.gateway.configFile, 'utf8')) as Record<string, unknown>)['budgets']
    const before = budgets()
    await home.enter('usage', 'Usage')
    await limits.getByText('Everything a turn', { exact: true }).waitFor()
    await limits.getByRole('button', { name: 'Add a limit' }).click()
    await limits.getByRole('combobox', { name: 'For' }).selectOption({ label: 'Agent' })
    await limits.getByRole('combobox', { name: 'Who' }).selectOption('main')
    await limits.getByRole('textbox', { name: 'US dollars' }).fill('2')
    await home.page.keyboard.press('Enter')
    await home.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await limits.getByText('Agent main a day', { exact: true }).waitFor()
    await limits.getByText('$0.00 of $2.00').waitFor()
    expect(budgets()).toMatchObject({ byAgent: { main: { daily: 2 } } })
    await limits.getByRole('button', { name: 'Undo the last save' }).click()
    await limits.getByRole('group').getByRole('button', { name: 'Undo the last save' }).click()
    await limits.getByText('Agent main a day', { exact: true }).waitFor({ state: 'detached' })
    expect(budgets()).toEqual(before)
  })

  describe('the channels', () => {
    const token = '123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi'
    const config = (): Record<string, unknown> => JSON.parse(readFileSync(home.gateway.configFile, 'utf8')) as Record<string, unknown>
    const messengers = (): Locator => panel('Messengers')
    const sure = async (label: string): Promise<void> => {
      await messengers().locator('summary').filter({ hasText: 'More' }).first().click()
      await messengers().getByRole('button', { name: `${label}: Telegram` }).click()
      await messengers().getByRole('group', { name: `${label}: Telegram` }).getByRole('button', { name: label }).click()
    }

    it('says how each is, checks it, and sends a test message', async () => {
      await home.gateway.pairOwner(1001)
      await home.enter('channels', 'Channels')
      await messengers().getByText('connected', { exact: true }).waitFor()
      await messengers().getByRole('button', { name: 'Check now' }).click()
      await messengers().getByText('It answered:', { exact: false }).waitFor()
      await messengers().getByRole('button', { name: 'Test message' }).click()
      await messengers().getByRole('combobox', { name: 'To' }).fill('1001')
      const arrived = home.gateway.telegram.nextSent((message) => message.chatId === 1001 && message.text.includes('A test from my own assistant.'))
      await messengers().getByRole('button', { name: 'Send' }).click()
      await arrived
      await home.page.getByText('Sent, and the network confirmed it.').waitFor()
    })

    it('the conversation says how far each message has come, also after a reload, in a second tab and of what came by a network', async () => {
      const client = await home.gateway.connect()
      await client.ask('hello again')
      const { telegram } = home.gateway
      telegram.block(1001)
      telegram.say(telegram.user(1001, { name: 'Olga Owner' }), 'can you hear me?')
      await home.gateway.quiet()
      const toConversation = (): Promise<void> => home.page.evaluate(() => { location.hash = '#agent:main:main' })
      const line = (page: Page, words: string): Locator => page.locator('.own').filter({ has: page.getByText(words, { exact: true }) }).locator('.delivery')
      const check = async (page: Page): Promise<void> => {
        await line(page, 'can you hear me?').getByText(/^The answer could not be delivered: .*blocked/).waitFor()
        expect(await line(page, 'hello again').getAttribute('aria-label')).toBe('Answered')
      }
      await toConversation()
      await check(home.page)
      await home.page.reload()
      await check(home.page)
      const second = await home.another()
      await check(second.page)
      // What comes now is told to both as it happens.
      telegram.unblock(1001)
      telegram.say(telegram.user(1001), 'and now?')
      for (const page of [home.page, second.page]) await line(page, 'and now?').getByText('Answered', { exact: true }).waitFor()
      await expectNoObstacles(home.page, 'how far messages have come')
      expect(await second.faults()).toEqual([])
      await second.page.context().close()
      await home.enter('channels', 'Channels')
    })

    it('says in words who may write, and changes it', async () => {
      const directly = messengers().getByRole('combobox', { name: 'Directly: Telegram' })
      await directly.selectOption({ label: 'Only the people on the list' })
      await home.page.getByText('This holds from now on.').waitFor()
      expect(config()).toMatchObject({ channels: { telegram: { dmPolicy: 'allowlist' } } })
      await messengers().getByRole('checkbox', { name: 'Answers in groups only when it is mentioned' }).uncheck()
      await expect.poll(config).toMatchObject({ channels: { telegram: { dmPolicy: 'allowlist', requireMention: false } } })
    })

    it('logs out, and connects anew with a token that only the vault keeps', async () => {
      await sure('Log out')
      await messengers().getByText('No messenger is connected yet.', { exact: false }).waitFor()
      expect(JSON.stringify(config())).not.toContain('botToken')
      await panel('Connect a messenger').getByRole('button', { name: 'Connect Telegram' }).click()
      await panel('Connect a messenger').getByLabel('Bot token').fill('123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhXXX')
      await panel('Connect a messenger').locator('form').getByRole('button', { name: 'Connect' }).click()
      await messengers().getByText('needs you', { exact: true }).waitFor()
      await messengers().getByRole('button', { name: 'New token' }).click()
      await messengers().getByLabel('Bot token').fill(token)
      await messengers().locator('form').getByRole('button', { name: 'Connect' }).click()
      await messengers().getByText('connected', { exact: true }).waitFor()
      expect(config()).toMatchObject({ channels: { telegram: { botToken: '${secret:channels.telegram.botToken}' } } })
      expect(await home.page.content()).not.toContain(token)
    })

    it('is switched off and removed with its login', async () => {
      await sure('Switch off')
      await panel('Connect a messenger').getByRole('button', { name: 'Switch on: Telegram' }).click()
      await messengers().getByText('connected', { exact: true }).waitFor()
      await sure('Remove')
      await messengers().getByText('No messenger is connected yet.', { exact: false }).waitFor()
      expect((config()['channels'] ?? {}) as object).not.toHaveProperty('telegram')
      const client = await home.gateway.connect()
      expect(JSON.stringify(await client.request('vault.list', {}))).not.toContain('channels.telegram')
    })
  })
})
