import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** `{}`: all rules. */
type Rules = { runOnly?: string[] }
type Axe = { run(options: { resultTypes: string[] } & Rules): Promise<{ violations: Violation[] }> }
interface Violation { id: string; nodes: { target: unknown[] }[] }

/** Nothing keeps anybody from using the page as it stands now, by axe's rules, neither in light nor in dark colours; in light ones it is left. */
export async function expectNoObstacles(page: Page, where: string): Promise<void> {
  expect(page.frames().length, 'frames, of which only the outermost is looked at').toBe(1)
  // One rule alone is about colours; all the others say the same twice.
  for (const [colorScheme, rules] of [['dark', { runOnly: ['color-contrast'] }], ['light', {}]] satisfies ['dark' | 'light', Rules][]) {
    await page.emulateMedia({ colorScheme })
    await settle(page)
    let found = await obstacles(page, rules, `${where}, ${colorScheme}`)
    // What was found while something still changed is looked at again; what is in the way stays.
    for (let looks = 1; found.length > 0 && looks < 3; looks += 1) {
      await settle(page)
      found = await obstacles(page, rules, `${where}, ${colorScheme}`)
    }
    expect(found, found.join('; ')).toEqual([])
  }
}

async function obstacles(page: Page, rules: Rules, where: string): Promise<string[]> {
  return (await rulesBroken(page, rules)).map(({ id, nodes }) => `${where}: ${id} ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

/** The colours are changed by the next frame, and by changes that take their time. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))
    const ending = document.getAnimations().filter(({ effect }) => Number.isFinite(Number(effect?.getComputedTiming().endTime)))
    await Promise.allSettled(ending.map(({ finished }) => finished))
  })
}

/** The rules are brought in once for a document; bringing them takes far longer than asking them. */
async function rulesBroken(page: Page, rules: Rules): Promise<Violation[]> {
  const options = { resultTypes: ['violations' as const], ...rules }
  if (await page.evaluate(() => 'axe' in globalThis)) {
    return page.evaluate(async (asked) => {
      const { axe } = globalThis as unknown as { axe: Axe }
      return (await axe.run(asked)).violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => ({ target })) }))
    }, options)
  }
  return (await new AxeBuilder({ page }).setLegacyMode().options(options).analyze()).violations
}
