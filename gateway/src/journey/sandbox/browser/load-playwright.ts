import { Problem } from '@moltbot/contract'

type Playwright = typeof import('playwright-core')

/** What is said by a loader, of either kind, that found nothing. */
const missing = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

/** What speaks to a browser. It stands beside the program and not in it. Rejects with `browser-unavailable` where it was never installed. */
export async function loadPlaywright(load: () => Promise<Playwright> = () => import('playwright-core')): Promise<Playwright> {
  try {
    return await load()
  } catch (error) {
    if (!missing.has((error as { code?: unknown } | null)?.code)) throw error
    throw new Problem('browser-unavailable', 'There is no browser: playwright-core, which speaks to it, is not installed.', {
      next: 'The owner can mend it with `npm install` in the clone, or with `npm install -g playwright-core@1` where Moltbot itself was installed with -g.', cause: error,
    })
  }
}
