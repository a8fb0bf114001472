import { readFileSync, writeFileSync } from 'node:fs'
import type { Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'settings (left out: no Chromium on this machine)' : 'settings'

/** The tests follow one visit, in order: what one saved, the next undoes. */
describe.skipIf(noBrowser)(name, () => {
  let home: Furnished
  beforeAll(async () => {
    home = await furnishPage({ telegram: true })
    await home.enter('settings', 'Settings')
  })
  afterAll(async () => home?.close())
  beforeEach(({ task }) => home.begun(task))
  afterEach(async () => expect(await home.faults()).toEqual([]))

  const file = (): string => readFileSync(home.gateway.configFile, 'utf8')
  const part = (key: string): Promise<void> => home.page.getByRole('navigation', { name: 'Parts of the configuration' }).getByRole('button', { name: key }).click()
  const dialog = (): Locator => home.page.getByRole('dialog', { name: 'Save these changes?' })
  const field = (label: string): Locator => home.page.getByLabel(label, { exact: true }).first()

  it('offers every key with its help and default, and finds one by its words', async () => {
    await home.page.getByRole('searchbox', { name: 'Find a setting' }).fill('sessionIdleMinutes')
    const idle = home.page.getByRole('textbox', { name: 'Session idle minutes' })
    await idle.waitFor()
    expect(await idle.getAttribute('placeholder')).toBe('15')
    await home.page.getByText('After how many minutes without use').waitFor()
    await home.page.getByText('1 setting', { exact: true }).waitFor()
    await home.page.getByRole('searchbox', { name: 'Find a setting' }).fill('customBindHost')
    await home.page.getByRole('searchbox', { name: 'Find a setting' }).fill('')
  })

  it('shows no secret anywhere, in neither view', async () => {
    await part('Channels')
    await home.page.locator('summary').filter({ hasText: 'Telegram, by a bot' }).waitFor()
    const token = home.page.locator('input[type=password]').first()
    await token.waitFor()
    expect(await token.inputValue()).toBe('')
    expect(await token.getAttribute('placeholder')).toBe('Stored. Leave empty to keep it.')
    await home.page.getByRole('button', { name: 'File', exact: true }).click()
    const raw = await home.page.getByRole('textbox', { name: 'The configuration file' }).inputValue()
    expect(raw).toContain('__MOLTBOT_REDACTED__')
    const shown = await home.page.content() + raw
    for (const secret of [home.gateway.token, '123456789:AAaa']) expect(shown).not.toContain(secret)
    await home.page.getByRole('button', { name: 'Form', exact: true }).click()
  })

  it('says what would change before it is saved, saves it, and undoes it', async () => {
    await part('Gateway')
    const before = file()
    await field('Mode').selectOption({ label: 'remote' })
    await field('Port').fill('18790')
    await home.page.getByText('2 changes, not saved').waitFor()
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().getByText('gateway.port').waitFor()
    await dialog().getByText('Some of this takes effect only after the gateway was restarted.').waitFor()
    await home.page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
    expect(file()).toBe(before)
    await home.page.getByRole('button', { name: 'Back to the default: Port' }).click()
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await dialog().waitFor({ state: 'detached' })
    expect(JSON.parse(file())).toMatchObject({ gateway: { mode: 'remote', auth: { token: home.gateway.token } }, channels: { telegram: { botToken: expect.stringContaining('123456789:') } } })
    expect((JSON.parse(file()) as { gateway: object }).gateway).not.toHaveProperty('port')
    await home.page.getByRole('button', { name: 'Undo the last save' }).click()
    await home.page.getByRole('group', { name: 'Undo the last save' }).getByRole('button', { name: 'Undo the last save' }).click()
    await home.page.getByText('Undone. The file is as it was before.').waitFor()
    expect(file()).toBe(before)
  })

  it('puts the words of the gateway at the field it refuses, and nothing is written', async () => {
    const before = file()
    await field('Port').fill('99999')
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await home.page.getByText('This was not saved', { exact: false }).waitFor()
    expect(await field('Port').getAttribute('aria-invalid')).toBe('true')
    await home.page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true')
    expect(await home.page.locator('.setting .bad-words').innerText()).toMatch(/65535|gateway\.port/)
    expect(file()).toBe(before)
    await home.page.getByRole('button', { name: 'Discard' }).click()
    await home.page.getByRole('group', { name: 'Discard' }).getByRole('button', { name: 'Discard' }).click()
    await home.page.getByText('not saved', { exact: false }).first().waitFor({ state: 'detached' })
  })

  it('leads to the field it refuses in a part that was left, also where everything takes long', async () => {
    const tools = await home.page.context().newCDPSession(home.page)
    await field('Port').fill('99998')
    await part('Logging')
    await field('Port').waitFor({ state: 'detached' })
    await tools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
    try {
      await home.page.getByRole('button', { name: 'Look and save' }).click()
      await dialog().getByRole('button', { name: 'Save' }).click()
      await home.page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true')
    } finally {
      await tools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    }
    expect(await field('Port').evaluate((input) => input === document.activeElement)).toBe(true)
    await home.page.getByRole('button', { name: 'Discard' }).click()
    await home.page.getByRole('group', { name: 'Discard' }).getByRole('button', { name: 'Discard' }).click()
    await home.page.getByText('not saved', { exact: false }).first().waitFor({ state: 'detached' })
  })

  it('CFG-08 keeps what somebody else wrote meanwhile, and the changes made here', async () => {
    await field('Mode').selectOption({ label: 'remote' })
    writeFileSync(home.gateway.configFile, file().replace('"port": 0', '"port": 0, "allowedHosts": ["box.example"]'))
    await expect.poll(() => JSON.stringify(home.gateway.gateway.rooms.config.snapshot().parsed)).toContain('box.example')
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await home.page.getByText('The file was changed elsewhere in the meantime.', { exact: false }).waitFor()
    await home.page.getByText('1 change, not saved').waitFor()
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await dialog().waitFor({ state: 'detached' })
    expect(JSON.parse(file())).toMatchObject({ gateway: { mode: 'remote', allowedHosts: ['box.example'] } })
  })

  it('edits the file itself: comments stay, secrets stay, the difference is shown', async () => {
    await home.page.getByRole('button', { name: 'File', exact: true }).click()
    const area = home.page.getByRole('textbox', { name: 'The configuration file' })
    await area.fill((await area.inputValue()).replace(/^\{/, '{\n  // Written in the page.'))
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().locator('.diff-in').filter({ hasText: 'Written in the page.' }).waitFor()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await dialog().waitFor({ state: 'detached' })
    expect(file()).toContain('// Written in the page.')
    expect(file()).toContain(home.gateway.token)
    await area.fill(`${await area.inputValue()}}`)
    await home.page.getByRole('button', { name: 'Look and save' }).click()
    await dialog().getByRole('button', { name: 'Save' }).click()
    await home.page.getByRole('alert').filter({ hasText: 'not valid JSON5' }).waitFor()
    await home.page.getByRole('button', { name: 'Discard' }).click()
    await home.page.getByRole('group', { name: 'Discard' }).getByRole('button', { name: 'Discard' }).click()
    await home.page.getByRole('button', { name: 'Form', exact: true }).click()
  })
})
