import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'

/** Where Debian and Ubuntu put it; `CHROMIUM` names another place. */
export const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** Without a browser these tests can't run; on CI that is a failure, elsewhere they are left out by name. */
export const noBrowser = chromiumPath === undefined && process.env['CI'] === undefined
if (noBrowser) console.warn('Left out: the tests of the page need Chromium (apt-get install chromium).')

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

/** Builds the page as it ships, into a folder of its own. */
export async function buildPage(): Promise<{ dir: string; remove: () => void }> {
  const dir = mkdtempSync(join(tmpdir(), 'moltbot-page-'))
  await build({ configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)), logLevel: 'error', build: { outDir: dir, emptyOutDir: true } })
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export interface OpenPage {
  page: Page
  /** Broken page rules and uncaught errors so far. Empty is the only good value. */
  faults(): Promise<string[]>
}

export async function openPage(browser: Browser, url: string, options: { width?: number; height?: number; dark?: boolean; language?: string } = {}): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    locale: options.language ?? 'en-GB',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  // A step that hangs should say which one it was, before the test as a whole runs out of time.
  page.setDefaultTimeout(15_000)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message}`))
  page.on('dialog', (dialog) => {
    errors.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.addInitScript(() => {
    const broken: string[] = []
    Object.assign(globalThis, { brokenRules: broken })
    document.addEventListener('securitypolicyviolation', (event) => broken.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
  })
  await page.goto(url)
  return {
    page,
    faults: async () => [...errors, ...(await page.evaluate(() => (globalThis as unknown as { brokenRules: string[] }).brokenRules))],
  }
}
