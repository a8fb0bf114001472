/**
 * Pictures of every room of a gateway in use, on a desktop, a tablet and a telephone, light and dark:
 *
 *   npm run screenshots -- [folder] [--docs] [--whole]
 *
 * into `screenshots/` or the named folder. `--docs` also puts the ones that the README and the guides show in their place;
 * `--whole` makes each picture as tall as what stands in the room.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { moveIn } from './lived-in.ts'
import { furnishPage, type Furnished } from './real-gateway.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const given = process.argv.slice(2)
const folder = given.find((word) => !word.startsWith('--')) ?? join(root, 'screenshots')

/** By room, what shows that it has its answers. */
const rooms: Readonly<Record<string, string>> = {
  conversation: '.column article', home: '.panel .figure', approvals: '.past', people: '.panel select', channels: '.login', agents: '.panel textarea', automations: '.job', usage: '.plot-part',
  security: 'table.record td', logs: '[role="group"]', settings: '.setting',
}
/** Of setting up, in their order. */
const steps = ['model', 'chat', 'device', 'message']
const sizes = { desktop: { width: 1440, height: 900 }, tablet: { width: 820, height: 1_100 }, phone: { width: 390, height: 844 } }
const isWhole = given.includes('--whole')
const heightMax = 6_000
/** A picture of the docs, and which of these it is. */
const shown: Readonly<Record<string, string>> = { 'page-desktop.png': 'conversation-desktop-light.png', 'page-phone.png': 'conversation-phone-light.png', 'page-usage-dark.png': 'usage-desktop-dark.png' }

/** In every size, with this name; `isWhole` as asked for. */
async function shoot(page: Page, name: string, scheme: string): Promise<void> {
  for (const [size, view] of Object.entries(sizes)) {
    await page.setViewportSize(view)
    if (isWhole) {
      const more = await page.locator('.room, .view:not([hidden]) .conversation').first().evaluate((place) => place.scrollHeight - place.clientHeight)
      await page.setViewportSize({ ...view, height: Math.min(heightMax, view.height + more) })
    }
    await page.screenshot({ path: join(folder, `${name}-${size}-${scheme}.png`), animations: 'disabled' })
  }
}

async function close(home: Furnished): Promise<void> {
  const faults = await home.faults()
  await home.close()
  if (faults.length > 0) throw new Error(`The page broke its own rules while it was looked at:\n${faults.join('\n')}`)
}

mkdirSync(folder, { recursive: true })
/** A gateway nobody has set up yet. */
const empty = await furnishPage()
for (const scheme of ['light', 'dark'] as const) {
  await empty.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  await empty.enter('onboarding', 'Set up')
  for (const [index, step] of steps.entries()) {
    await empty.page.setViewportSize(sizes.desktop)
    await empty.page.locator('.setup-steps button').nth(index).click()
    if (step === 'message') {
      await empty.page.locator('.setup-step [type=submit]').click()
      await empty.page.locator('.setup-step .plain-lines').waitFor()
    }
    await shoot(empty.page, `onboarding-${step}`, scheme)
  }
}
await close(empty)

const home = await moveIn()
for (const scheme of ['light', 'dark'] as const) {
  await home.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  for (const [room, there] of Object.entries(rooms)) {
    await home.page.setViewportSize(sizes.desktop)
    await home.page.evaluate((hash) => { location.hash = hash }, room === 'conversation' ? '#agent:main:main' : `#/${room}`)
    await home.page.locator(`main ${there}`).first().waitFor()
    // Every panel has its answer, and what is asked can be answered.
    await home.page.waitForFunction(() => document.querySelector('.panel > [role="status"], .panel .primary[aria-disabled="true"]') === null)
    await shoot(home.page, room, scheme)
  }
}
await close(home)
if (given.includes('--docs')) for (const [name, from] of Object.entries(shown)) copyFileSync(join(folder, from), join(root, 'docs', 'images', name))
console.log(`${(Object.keys(rooms).length + steps.length) * Object.keys(sizes).length * 2} pictures in ${folder}`)
process.exit(0)
