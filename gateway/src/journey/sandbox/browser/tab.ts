import type { Download, Frame, Page } from 'playwright-core'
import { fillsIn, Problem, type Clock, type PageStep, type PageView } from '@moltbot/contract'
import type { BrowserConfig } from './config.ts'
import { findThing, hostOf, nodesOf, oneLine, showTree, type PageNode } from './page-tree.ts'

/** A tab of a conversation. */
export interface Tab {
  id: string
  page: Page
  /** What happened since the page was shown last. */
  notes: string[]
  /** Takes the file the page offers; set while one was asked for. */
  takes?: (download: Download) => void
}

/** So many notes are kept of one tab between two looks at it. */
const notesMax = 20
/** How long a page may go on loading parts after it stands. */
const quietMs = 2_000
/** How long a page may take to answer what it has at hand. */
const answerMs = 5_000
/** How long a page may take to close before it is told again. */
const closeMs = 1_000
/** How long frames may take to show what they hold. */
const framesMs = 2_000
/** Inputs whose content is looked at for being a password. */
const inputsMax = 200

export function note(tab: Tab, words: string): void {
  if (tab.notes.length < notesMax) tab.notes.push(words)
}

/** What a page does of its own accord: questions are dismissed, files neither given nor taken, and all of it is told. `discard` ends a download and leaves nothing of it. */
export function attend(tab: Tab, discard: (download: Download) => Promise<void>): void {
  const { page } = tab
  page.on('dialog', (dialog) => {
    note(tab, `The page asked "${oneLine(dialog.message(), 300)}" (${dialog.type()}); it was dismissed.`)
    // Whoever leaves a page leaves it.
    void (dialog.type() === 'beforeunload' ? dialog.accept() : dialog.dismiss()).catch(() => {
      // The page that asked is gone.
    })
  })
  page.on('filechooser', () => note(tab, 'The page asked for a file; it got none.'))
  page.on('download', (download) => {
    if (tab.takes !== undefined) return tab.takes(download)
    note(tab, `The page offered the file "${oneLine(download.suggestedFilename(), 100)}" from ${oneLine(download.url(), 300)}; it was not taken. The action download takes one.`)
    void discard(download)
  })
  page.on('crash', () => note(tab, 'The page crashed.'))
}

/** Opens an address. Rejects with `Problem('browser-navigation')`, with what `why` says of the address, or with `browser-stuck` when the page before it lets nothing happen. */
export async function open(tab: Tab, url: string, { config, clock, why }: { config: BrowserConfig; clock: Clock; why(url: string): Promise<Problem | undefined> }): Promise<Awaited<ReturnType<Page['goto']>>> {
  const errorPage = errorPageOf(tab.page, clock)
  const go = () => tab.page.goto(url, { waitUntil: 'domcontentloaded', timeout: config.navigationSeconds * 1_000 })
  // What was open before may be on its way elsewhere at the same moment; once.
  const response = await go().catch((error: unknown) => (/interrupted by another navigation/.test(String(error)) ? go() : Promise.reject(error))).catch(async (error: unknown) => {
    if (isTimeout(error)) await answered(clock, tab.page.title())
    if (/net::ERR_(?!ABORTED)/.test(String(error))) await errorPage.stands()
    throw (await why(url)) ?? new Problem('browser-navigation', `${oneLine(url, 300)} could not be opened: ${failureWords(error)}.`, { cause: error, next: 'Check the address, or try again later.' })
  }).finally(errorPage.forget)
  // The proxy's own words for a host that may not be reached.
  if (response !== null && response.headers()['x-moltbot-refused'] !== undefined) {
    const refused = await why(response.url())
    if (refused !== undefined) throw refused
  }
  await settle(tab.page)
  return response
}

/** The page that the browser puts in the place of one that could not be opened, from now on: whatever is opened before it stands seems to be interrupted by it. */
function errorPageOf(page: Page, clock: Clock): { stands(): Promise<void>; forget(): void } {
  let come = (): void => undefined
  const came = new Promise<void>((resolve) => { come = resolve })
  const look = (frame: Frame): void => {
    if (frame === page.mainFrame() && frame.url().startsWith('chrome-error:')) come()
  }
  page.on('framenavigated', look)
  return {
    async stands() {
      const cancel = clock.after(answerMs, come)
      await came
      cancel()
    },
    forget: () => void page.off('framenavigated', look),
  }
}

export async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('domcontentloaded', { timeout: quietMs * 5 }).catch(tooSlow)
  await page.waitForLoadState('networkidle', { timeout: quietMs }).catch(tooSlow)
}

/** What `work` resolves with, if the page answers in time: one whose script never ends answers nothing. Rejects with `Problem('browser-stuck')`. */
export async function answered<T>(clock: Clock, work: Promise<T>): Promise<T> {
  let cancel = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(answerMs, () => reject(stuck()))
  })
  return Promise.race([work, late]).finally(() => cancel())
}

/** Resolves when the page is closed, or does not answer. Chromium loses the word to close that meets a page on its way to another address: it is said once more, in another way. */
export async function closePage(page: Pick<Page, 'close'>, clock: Clock): Promise<void> {
  const ignore = (): void => {
    // It is closed already, or does not answer.
  }
  const cancel = clock.after(closeMs, () => void page.close({ runBeforeUnload: true }).catch(ignore))
  await answered(clock, page.close()).catch(ignore).finally(cancel)
}

function stuck(cause?: unknown): Problem {
  return new Problem('browser-stuck', 'The page does not answer; the browser was ended.', { cause, next: 'Open another address.' })
}

function tooSlow(): void {
  // It is shown as far as it came.
}

/** Frames that answer nothing (blocked, or forever loading) are left out once the first time is over; a page that is merely slow gets all of it. */
async function treeOf(page: Page, config: BrowserConfig): Promise<PageNode[]> {
  const take = (timeout: number) => page.ariaSnapshotJSON({ mode: 'ai', timeout })
  return (await take(framesMs).catch(() => take(config.actionSeconds * 1_000)).catch((error: unknown) => { throw stuck(error) })) as PageNode[]
}

/** The page as it is. What it asked and offered meanwhile is told once. */
export async function view(tab: Tab, from: number, config: BrowserConfig, clock: Clock): Promise<Omit<PageView, 'tabs' | 'boundary'>> {
  const { page } = tab
  const url = page.url()
  if (hostOf(url) === undefined && url !== 'about:blank') {
    note(tab, url.startsWith('chrome-error:') ? 'The address could not be reached, or may not be: the page is empty.' : 'This is no page of the web, and is not shown.')
    const notes = tab.notes.splice(0)
    return { url: 'about:blank', title: '', text: '', from: 0, length: 0, notes, tab: tab.id }
  }
  const tree = await treeOf(page, config)
  const whole = showTree(tree, { base: url, hidden: await secretInputs(page, tree) })
  const start = Math.min(Math.max(0, from), whole.length)
  return { url: oneLine(url, 2_000), title: oneLine(await answered(clock, page.title()), 300), text: whole.slice(start, start + config.snapshotChars), from: start, length: whole.length, notes: tab.notes.splice(0), tab: tab.id }
}

/** Inputs that hold what nobody reads over a shoulder: passwords, one-time codes, cards. */
async function secretInputs(page: Page, tree: readonly PageNode[]): Promise<ReadonlySet<string>> {
  const filled = [...nodesOf(tree)].flatMap(({ role, ref, text }) => (ref !== undefined && text !== undefined && text !== '' && ['textbox', 'searchbox', 'combobox', 'spinbutton'].includes(role ?? '') ? [ref] : []))
  const hidden = new Set(filled.slice(inputsMax))
  await Promise.all(filled.slice(0, inputsMax).map(async (ref) => {
    const thing = page.locator(`aria-ref=${ref}`)
    const [type, purpose] = await Promise.all([thing.getAttribute('type', { timeout: 1_000 }), thing.getAttribute('autocomplete', { timeout: 1_000 })]).catch(() => ['password', ''])
    if (type?.toLowerCase() === 'password' || /password|one-time-code|cc-(?:number|csc)/i.test(purpose ?? '')) hidden.add(ref)
  }))
  return hidden
}

/** The thing itself, or what it stands in, is of the kind that sends a form off or leads elsewhere, whatever it is called. */
const sendsOff = 'xpath=ancestor-or-self::*[(local-name() = "input" and (translate(@type, "SUBMITAGE", "submitage") = "submit" or translate(@type, "SUBMITAGE", "submitage") = "image")) or (local-name() = "button" and not(translate(@type, "BUTONRES", "butonres") = "button" or translate(@type, "BUTONRES", "butonres") = "reset") and (@form or ancestor::form)) or (local-name() = "a" and @href and not(starts-with(@href, "#")))]'

/** One thing done, once it is sure that the thing is what it was called and belongs to whom it was said. */
export async function doStep(tab: Tab, step: PageStep, host: string, config: BrowserConfig): Promise<void> {
  const { page } = tab
  const { ref = '' } = findThing(await treeOf(page, config), step)
  const thing = page.locator(`aria-ref=${ref}`)
  const timeout = config.actionSeconds * 1_000
  const words = `${step.do} ${oneLine(step.what, 200)}`
  const needed = (): string => {
    if (step.text === undefined) throw new Problem('input-incomplete', `To ${step.do} needs text.`, { next: 'Give text.' })
    return step.text
  }
  try {
    const frame = await (await thing.elementHandle({ timeout })).ownerFrame()
    const actual = hostOfFrame(frame ?? page.mainFrame())
    if (actual === undefined || actual.toLowerCase() !== host.trim().toLowerCase()) {
      throw new Problem('browser-page', `${oneLine(step.what, 200)} belongs to ${actual ?? 'no host'}, not to ${oneLine(host, 200)}, and was left alone.`, { next: 'Name the host it belongs to.' })
    }
    switch (step.do) {
      case 'click':
        if (fillsIn(step) && (await thing.locator(sendsOff).count()) > 0) {
          throw new Problem('browser-act', `${oneLine(step.what, 200)} is called a thing to fill in, and would send something off; it was left alone.`, { next: 'Press Enter on it, which a person is asked about.' })
        }
        return await thing.click({ timeout })
      case 'type': return await thing.fill(needed(), { timeout })
      case 'press': return await thing.press(needed(), { timeout })
      case 'hover': return await thing.hover({ timeout })
      case 'select': return void (await thing.selectOption({ label: needed() }, { timeout }))
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem('browser-act', `It was not possible to ${words}: ${failureWords(error)}.`, { cause: error, next: 'Take a snapshot and look whether it is still there, or covered.' })
  }
}

/** Frames without an address of their own are their parents'. */
function hostOfFrame(frame: Frame): string | undefined {
  for (let at: Frame | null = frame; at !== null; at = at.parentFrame()) {
    const host = hostOf(at.url())
    if (host !== undefined) return host
    if (!/^about:(?:blank|srcdoc)$/.test(at.url())) return undefined
  }
  return undefined
}

/** Resolves with the file that a page offers while `work` runs, or undefined when it offered none within the time. */
export async function offeredFile<T>(tab: Tab, clock: Clock, waitMs: number, work: () => Promise<T>): Promise<{ download: Download | undefined; done: T | undefined }> {
  let cancel = (): void => undefined
  const offered = new Promise<Download>((resolve) => { tab.takes = resolve })
  const late = new Promise<undefined>((resolve) => { cancel = clock.after(waitMs, () => resolve(undefined)) })
  let failure: unknown
  const worked = work().catch((error: unknown) => {
    failure = error
    return undefined
  })
  try {
    // An address that is a file ends the opening with a failure; the file comes all the same.
    const first = await Promise.race([offered.then((download) => ({ download })), worked.then((done) => ({ done }))])
    if ('download' in first) return { download: first.download, done: undefined }
    if (failure === undefined && first.done !== undefined) return { download: undefined, done: first.done }
    if (failure !== undefined && !(failure instanceof Problem && failure.code === 'browser-navigation')) throw failure
    const download = await Promise.race([offered, late])
    if (download === undefined && failure !== undefined) throw failure
    return { download, done: undefined }
  } finally {
    cancel()
    delete tab.takes
  }
}

/** The browser's own words, without its protocol and its stack. */
function failureWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const net = /net::(ERR_[A-Z_]+)/.exec(text)?.[1]
  if (net !== undefined) return netWords[net] ?? net.slice(4).toLowerCase().replaceAll('_', ' ')
  if (isTimeout(error)) return 'it took too long'
  return oneLine(text.replace(/^[\w.]+: /, '').split('\n')[0] ?? '', 200)
}

function isTimeout(error: unknown): boolean {
  return /Timeout \d+ms exceeded/.test(String(error))
}

const netWords: Readonly<Record<string, string>> = {
  ERR_TUNNEL_CONNECTION_FAILED: 'the host could not be reached, or may not be', ERR_BLOCKED_BY_ADMINISTRATOR: 'such addresses are not opened', ERR_CERT_AUTHORITY_INVALID: 'its certificate is signed by nobody who is trusted',
  ERR_CERT_DATE_INVALID: 'its certificate ran out', ERR_CERT_COMMON_NAME_INVALID: 'its certificate belongs to another host', ERR_EMPTY_RESPONSE: 'it gave no answer', ERR_ABORTED: 'it was broken off, or is a file to be downloaded',
}
