import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
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
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // A microphone that beeps, and a person who allows it.
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  })
}

/** `dir` is for reading only. */
export interface BuiltPage { dir: string }

const folderName = 'moltbot-page-'
/** Files of tests share a process but not their modules: what they share hangs on the process. */
const shared: { moltbotPage?: Promise<BuiltPage> } = globalThis as object

/**
 * The page as it ships, built once for all who ask in this process: a build costs more than most of what is tested with it. The folder goes
 * with the process, and where that was killed, with the next build of another.
 */
export function buildPage(): Promise<BuiltPage> {
  return (shared.moltbotPage ??= buildOnce())
}

async function buildOnce(): Promise<BuiltPage> {
  for (const left of readdirSync(tmpdir())) {
    const [owner] = left.startsWith(folderName) ? left.slice(folderName.length).split('-') : []
    if (owner !== undefined && /^\d+$/.test(owner) && !isAlive(Number(owner))) rmSync(join(tmpdir(), left), { recursive: true, force: true })
  }
  const dir = mkdtempSync(join(tmpdir(), `${folderName}${process.pid}-`))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const usual = process.env['NODE_ENV']
  // The test runner names another, and what is built for that is heavier and slower than what people get.
  process.env['NODE_ENV'] = 'production'
  try {
    await build({ configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)), logLevel: 'error', build: { outDir: dir, emptyOutDir: true } })
  } finally {
    if (usual === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = usual
  }
  return { dir }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process may not be asked, but is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export interface OpenPage {
  page: Page
  /** Broken page rules and uncaught errors so far, those from before a reload included. Empty is the only good value. */
  faults(): Promise<string[]>
}

export interface PageOptions { width?: number; height?: number; dark?: boolean; language?: string }

/** An address in a window of its own, which shares nothing with any other. */
export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: viewportOf(options), colorScheme: schemeOf(options), locale: options.language ?? 'en-GB', reducedMotion: 'reduce' })
  const page = await context.newPage()
  const faults = await noteFaults(page)
  await page.goto(url)
  return { page, faults }
}

export interface SharedTab {
  /** Opens an address as a browser does that was never there. Faults count from here. */
  visit(url: string, options?: Omit<PageOptions, 'language'>): Promise<Page>
  /** Goes away and forgets all that the address left in the browser; what it broke until then. */
  leave(): Promise<string[]>
}

/**
 * One tab for the visits of many tests: a window for each takes longer than what happens in it. They are kept apart by their
 * origin, so every test needs a server (a port) of its own.
 */
export async function shareTab(browser: Browser): Promise<SharedTab> {
  const { page, faults } = await openPage(browser, 'about:blank')
  const tools = await page.context().newCDPSession(page)
  return {
    async visit(url, options = {}) {
      await page.setViewportSize(viewportOf(options))
      await page.emulateMedia({ colorScheme: schemeOf(options) })
      await page.goto(url)
      return page
    },
    async leave() {
      const { origin } = new URL(page.url())
      const found = await faults()
      await page.goto('about:blank')
      if (origin !== 'null') await tools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
      return found
    },
  }
}

const viewportOf = ({ width, height }: PageOptions): { width: number; height: number } => ({ width: width ?? 1440, height: height ?? 900 })
const schemeOf = ({ dark }: PageOptions): 'dark' | 'light' => (dark === true ? 'dark' : 'light')

/** What went wrong since it was asked last. */
async function noteFaults(page: Page): Promise<() => Promise<string[]>> {
  // A step that hangs should say which one it was, before the test as a whole runs out of time; one that is only slow should not.
  page.setDefaultTimeout(60_000)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message}`))
  page.on('dialog', (dialog) => {
    errors.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.exposeFunction('ruleBroken', (words: string) => void errors.push(words))
  await page.addInitScript(() => {
    const { ruleBroken } = globalThis as unknown as { ruleBroken(words: string): void }
    document.addEventListener('securitypolicyviolation', (event) => ruleBroken(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
  })
  return async () => {
    // What the page reported comes before its answer to this.
    await page.evaluate(() => undefined)
    return errors.splice(0)
  }
}
