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
import { moveIn } from './lived-in.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const given = process.argv.slice(2)
const folder = given.find((word) => !word.startsWith('--')) ?? join(root, 'screenshots')

/** By room, what shows that it has its answers. */
const rooms: Readonly<Record<string, string>> = {
  conversation: '.column article', home: '.panel .figure', approvals: '.past', people: '.panel select', channels: '.login', agents: '.panel', automations: '.job', usage: '.plot-part',
  security: 'table.record td', logs: '[role="group"]', settings: '.setting',
}
const sizes = { desktop: { width: 1440, height: 900 }, tablet: { width: 820, height: 1_100 }, phone: { width: 390, height: 844 } }
const isWhole = given.includes('--whole')
const heightMax = 6_000
/** A picture of the docs, and which of these it is. */
const shown: Readonly<Record<string, string>> = { 'page-desktop.png': 'conversation-desktop-light.png', 'page-phone.png': 'conversation-phone-light.png', 'page-usage-dark.png': 'usage-desktop-dark.png' }

mkdirSync(folder, { recursive: true })
const home = await moveIn()
try {
  for (const scheme of ['light', 'dark'] as const) {
    await home.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    for (const [room, there] of Object.entries(rooms)) {
      await home.page.setViewportSize(sizes.desktop)
      await home.page.evaluate((hash) => { location.hash = hash }, room === 'conversation' ? '#agent:main:main' : `#/${room}`)
      await home.page.locator(`main ${there}`).first().waitFor()
      for (const [size, view] of Object.entries(sizes)) {
        await home.page.setViewportSize(view)
        if (isWhole) {
          const more = await home.page.locator('.room, .conversation').first().evaluate((place) => place.scrollHeight - place.clientHeight)
          await home.page.setViewportSize({ ...view, height: Math.min(heightMax, view.height + more) })
        }
        await home.page.screenshot({ path: join(folder, `${room}-${size}-${scheme}.png`), animations: 'disabled' })
      }
    }
  }
  const faults = await home.faults()
  if (faults.length > 0) throw new Error(`The page broke its own rules while it was looked at:\n${faults.join('\n')}`)
} finally {
  await home.close()
}
if (given.includes('--docs')) for (const [name, from] of Object.entries(shown)) copyFileSync(join(folder, from), join(root, 'docs', 'images', name))
console.log(`${Object.keys(rooms).length * Object.keys(sizes).length * 2} pictures in ${folder}`)
process.exit(0)
