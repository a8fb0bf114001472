/** The grant of the browser tool. What a page shows comes from strangers: whoever shows it to a model says `origin: 'external'`. */

/** Pages, files of pages and everything else a browser leaves in the workspace stands below this folder, and counts as from outside. */
export const browserFolder = 'browser'

/** The target of `sends` when something is done on a page: the page's host gets to know of it. Never a person's name. */
export function siteRecipient(host: string): string {
  return `${sitePrefix}${host}`
}
const sitePrefix = 'the site '

/** Whether this would be taken for what `siteRecipient` gives. */
export function looksLikeSite(to: string): boolean {
  return to.toLowerCase().startsWith(sitePrefix)
}

/** A page as it is now. */
export interface PageView {
  /** Where it is, after redirects; `about:blank` before anything was opened. */
  url: string
  /** Empty when it has none. */
  title: string
  /** What it holds, one line each, things that can be acted on with a reference in brackets: `- button "Go" [e5]`. */
  text: string
  /** Where `text` begins, in characters of the whole. */
  from: number
  /** How long the whole is. `text` ends before it: there is more. */
  length: number
  /** What happened besides, in words of the gateway that may quote the page: dialogs, new tabs, offered files. */
  notes: readonly string[]
  /** The tab it is in, and how many there are. */
  tab: string
  tabs: number
  /** What to set around all of it so that nothing in it can pretend to end it. Random for every call. */
  boundary: string
}

/** One thing done on a page. */
export interface PageStep {
  do: 'click' | 'type' | 'press' | 'select' | 'hover'
  /** The thing, as the page showed it last (`e5`). */
  ref: string
  /** What stood before the reference: `button "Go"`. A thing that is now something else is left alone. */
  what: string
  /** What is typed, the key that is pressed (`Enter`), or the option that is chosen. Not for `click` and `hover`. */
  text?: string
}

/** Things that hold a choice or a text: clicking one changes what a form says, and sends nothing off by itself. */
const holdsInput: ReadonlySet<string> = new Set(['checkbox', 'radio', 'switch', 'option', 'menuitemcheckbox', 'menuitemradio', 'tab', 'textbox', 'searchbox', 'combobox', 'spinbutton', 'slider', 'listbox'])
/** Keys that move within a page or take back what was typed. */
const movingKeys: ReadonlySet<string> = new Set(['Tab', 'Shift+Tab', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', 'Escape', 'Backspace'])

/** Whether a step only types or chooses, by what its thing is called. A page that calls a button otherwise is caught when it is done: what sends something off is then left alone. */
export function fillsIn(step: Pick<PageStep, 'do' | 'what' | 'text'>): boolean {
  switch (step.do) {
    case 'type': case 'select': case 'hover': return true
    case 'press': return movingKeys.has(step.text ?? '')
    default: return holdsInput.has(/^[a-z]+/.exec(step.what.trim())?.[0] ?? '')
  }
}

/** A file that was made or taken, in the workspace. */
export interface PageFile { path: string; bytes: number; boundary: string; url: string }

export interface BrowserTab { id: string; url: string; title: string; current: boolean }

/** Where a file comes from: an address, or a thing on the page of a host that gives it when clicked. */
export type FileSource = { url: string } | { host: string; ref: string; what: string }

/**
 * The grant `browser`: one real browser for this person's conversations with one agent, isolated from the machine, each conversation with tabs
 * of its own. Everything rejects with a `Problem`: `browser-unavailable` (its `next` is the command that mends it), `browser-ref-gone` (take a
 * new snapshot), `browser-page` (there is no open page, or it is another host's), `web-address-unknown` (see `WebReader`). `signal` ends the
 * browser as long as a call waits.
 */
export interface WebBrowser {
  /** Opens one http or https address in the current tab, or in a new one. */
  open(url: string, how: { newTab: boolean }, signal: AbortSignal): Promise<PageView>
  /** The page as it is. `from`: goes on where the last one was cut. */
  snapshot(from: number, signal: AbortSignal): Promise<PageView>
  /** Does things on the page, in order, as long as it (or the frame the thing is in) belongs to `host`; stops at the first that fails. */
  act(host: string, steps: readonly PageStep[], signal: AbortSignal): Promise<PageView>
  scroll(to: 'up' | 'down' | 'top' | 'bottom', signal: AbortSignal): Promise<PageView>
  back(signal: AbortSignal): Promise<PageView>
  /** A picture of what is seen, or of the whole page; kept as a file and handed out. */
  screenshot(how: { whole: boolean }, signal: AbortSignal): Promise<PageFile & { mimeType: string; data: string }>
  pdf(signal: AbortSignal): Promise<PageFile>
  /** Takes a file from a page into the workspace. Files that pages push without being asked are refused. */
  download(from: FileSource, signal: AbortSignal): Promise<PageFile>
  tabs(): Promise<{ tabs: BrowserTab[]; boundary: string }>
  choose(tab: string, signal: AbortSignal): Promise<PageView>
  /** One tab, or all of this conversation. Closing what is not there is no error. */
  close(tab: string | undefined): Promise<void>
}
