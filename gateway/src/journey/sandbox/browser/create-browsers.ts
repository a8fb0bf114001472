import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Browser, BrowserContext, CDPSession, Download, Page } from 'playwright-core'
import {
  browserFolder, describeError, Problem, type AgentId, type BrowserFacts, type Clock, type Logger, type NewId, type PageFile, type PageView, type PrincipalId, type SessionKey, type WebBrowser,
} from '@moltbot/contract'
import type { Egress } from '../../../foundation/egress/index.ts'
import type { SandboxConfig } from '../config.ts'
import type { CallLabel } from '../file-labels.ts'
import type { IsolatedProcess, Isolation } from '../isolation.ts'
import { workspaceInside } from '../isolation.ts'
import { workspaceFiles } from '../workspace-files.ts'
import { chromiumProgram, findChromium } from './chromium-program.ts'
import type { BrowserConfig } from './config.ts'
import { loadPlaywright } from './load-playwright.ts'
import { oneLine } from './page-tree.ts'
import { pipeTransport } from './pipe-transport.ts'
import { answered, attend, closePage, doStep, note, offeredFile, open, settle, view, type Tab } from './tab.ts'

export interface BrowserSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
  /** It is the owner's own turn. */
  owner?: boolean
  /** Nobody else reads along. Absent: somebody may, and the profile is one in which nobody is signed in privately. */
  privy?: boolean
  /** Absent: no address is reached. */
  label?: CallLabel
}

export interface BrowsersOptions {
  stateDir: string
  config(): BrowserConfig
  sandbox(): Pick<SandboxConfig, 'backend' | 'diskReserveMb'>
  /** The gateway's own folders, of which nothing is shown to a browser. */
  own: readonly string[]
  /** Bubblewrap; nothing else can isolate a browser here. Asked once, when somebody first wants to know. */
  isolation(): Isolation
  /** The way out: a door for each browser. */
  egress: Pick<Egress, 'reachesAnything' | 'listenFor' | 'refusal'>
  clock: Clock
  newId: NewId
  random(bytes: number): Buffer
  log: Logger
}

/** The room's side of the grant: one for all sessions. */
export interface BrowserRoom {
  /** `keep` puts a file into the subject's workspace, marked as from outside. */
  grant(subject: BrowserSubject, keep: (path: string, bytes: Buffer) => Promise<void>): WebBrowser
  /** Why there is no browser for anybody, as far as can be said without trying; undefined: there seems to be one. */
  missing(): string | undefined
  facts(): Promise<BrowserFacts>
  /** Browsers that run. */
  running(): number
  /** Ends the browser a session uses, with everything in it. Resolves with how many there were, when nothing of them is left. */
  stop(session: SessionKey): Promise<number>
  stopAll(): Promise<number>
  /** Ends everything, gently, and takes no more. */
  close(): Promise<void>
}

interface Conversation { tabs: Tab[]; current: Tab | undefined; made: number }
interface Running {
  key: string
  folder: string
  process: IsolatedProcess
  browser: Browser
  context: BrowserContext
  protocol: CDPSession
  conversations: Map<SessionKey, Conversation>
  /** Whose call is carried out now, and whether it is making a tab of its own. */
  active: { conversation: Conversation; making: boolean } | undefined
  /** Pages of which nobody knows yet whose they are. */
  arriving: Set<Promise<void>>
  /** Pages that pages opened, as the browser calls them: it tells of them at once, playwright when something of them has come. */
  opening: Set<string>
  /** Wakes whoever waits for them. */
  openingChanged: () => void
  /** Calls come one after the other. */
  last: Promise<unknown>
  usedAt: number
  cancelIdle: () => void
  /** It was asked to end and writes down what it must: the end of its pipes is no reason to kill it. */
  leaving: boolean
  state: { kind: 'open' } | { kind: 'over'; why: string }
  /** Nothing of it is left. */
  ended: Promise<void>
}
interface Starting { session: SessionKey; cancelled: boolean; browser: Promise<Running> }

/** How long starting, and ending gently, may take. */
const startMs = 60_000
const gentleMs = 3_000
const watchMs = 1_000
/** The largest picture of a whole page, in pixels of height. */
const pictureHeightMax = 8_000
const mib = 1_048_576

/** Real browsers, each isolated by bubblewrap and with no way out but the egress proxy. Nothing runs until somebody opens a page. */
export function createBrowsers(options: BrowsersOptions): BrowserRoom {
  const { clock, log } = options
  let made: Isolation | undefined
  const isolation = (): Isolation => (made ??= options.isolation())
  const all = new Map<string, Running>()
  const starting = new Map<string, Starting>()
  /** What runs or is being ended, by profile, until nothing of it is left. */
  const alive = new Map<string, Running>()
  let closed = false

  const boundary = (): string => options.random(9).toString('base64url')

  function found(): ReturnType<typeof findChromium> {
    const { backend } = options.sandbox()
    if (!options.config().enabled) return { reason: 'The browser is switched off.', remedy: 'moltbot config set browser.enabled true' }
    if (process.platform !== 'linux' || (backend !== 'auto' && backend !== 'bwrap')) return { reason: 'A browser is isolated by bubblewrap only, on Linux.', remedy: process.platform === 'linux' ? 'moltbot config set agents.defaults.sandbox.backend auto' : 'run the gateway on Linux' }
    return findChromium(options.config(), options.own)
  }

  async function facts(): Promise<BrowserFacts> {
    const chromium = found()
    if ('reason' in chromium) return { available: false, ...chromium }
    const isolated = await isolation().check()
    return isolated.available ? { available: true, reason: null, remedy: null } : { available: false, reason: isolated.reason, remedy: isolated.remedy }
  }

  /** One profile for each person with each agent; where others read along, one of its own in which nobody is signed in privately. */
  const keyOf = ({ agent, principal, privy }: BrowserSubject): string => JSON.stringify([agent, principal, privy === true])
  const folderOf = (key: string, agent: AgentId): string => join(options.stateDir, 'browser', agent.replaceAll(/[^\w-]/g, '_'), createHash('sha256').update(key).digest('hex').slice(0, 16))

  async function start(key: string, subject: BrowserSubject): Promise<Running> {
    const config = options.config()
    const chromium = found()
    const { available, reason, remedy } = await facts()
    if (!available || 'reason' in chromium) throw new Problem('browser-unavailable', `There is no browser. ${reason ?? ''}`.trim(), { next: `The owner can mend it with: ${remedy ?? 'moltbot sandbox explain'}` })
    if (!options.egress.reachesAnything('browser', subject.agent)) throw new Problem('browser-unavailable', 'No host is granted to the browser of this agent.', { next: 'The owner can name hosts in egress.browser.allow.' })
    // Two in one profile would spoil it.
    await alive.get(key)?.ended
    await makeRoom(config)
    const folder = folderOf(key, subject.agent)
    await prepare(folder)
    const freeBefore = await freeBytes(folder)
    if (freeBefore < options.sandbox().diskReserveMb * mib) throw new Problem('disk-full', `No browser is started while less than ${options.sandbox().diskReserveMb} MiB of the disk are free.`, { next: 'Make room on the disk.' })
    const door = await options.egress.listenFor({ use: 'browser', agent: subject.agent, principal: subject.principal, owner: subject.owner === true, session: subject.session })
    let program: IsolatedProcess | undefined
    try {
      program = isolation().start(chromiumProgram(chromium, { folder, socket: door.socketPath }, config))
      const it = await attach(program, { key, folder, closeDoor: door.close })
      watch(it, config, freeBefore)
      return it
    } catch (error) {
      program?.kill()
      await program?.ended
      await door.close()
      throw error instanceof Problem ? error : new Problem('browser-failed', `The browser could not be started: ${describeError(error)}.`, { cause: error, next: 'See: moltbot sandbox explain' })
    }
  }

  async function attach(program: IsolatedProcess, about: { key: string; folder: string; closeDoor(): Promise<void> }): Promise<Running> {
    const { control } = program
    if (control === undefined) throw new Error('there is no way to talk to it')
    let said = ''
    let running: Running | undefined
    program.output.on('data', (data: Buffer) => { said = (said + data.toString('utf8')).slice(-2_000) })
    const { chromium } = await loadPlaywright()
    const browser = await chromium.connectOverCDP(pipeTransport(control, () => { if (running?.leaving !== true) program.kill() }), { timeout: startMs, artifactsDir: about.folder, isLocal: true }).catch((error: unknown) => {
      log.warn('The browser did not start.', { error: describeError(error), said: oneLine(said, 1_000) })
      throw error
    })
    const [context] = browser.contexts()
    if (context === undefined) throw new Error('it has no profile')
    const config = options.config()
    context.setDefaultTimeout(config.actionSeconds * 1_000)
    context.setDefaultNavigationTimeout(config.navigationSeconds * 1_000)
    const protocol = await browser.newBrowserCDPSession()
    // Where its files are inside; playwright names the same folder as it is called here.
    await protocol.send('Browser.setDownloadBehavior', { behavior: 'allowAndName', downloadPath: workspaceInside, eventsEnabled: true })
    protocol.on('Browser.downloadProgress', ({ guid, receivedBytes, totalBytes, state }) => {
      if (state === 'inProgress' && Math.max(receivedBytes, totalBytes) > options.config().downloadMb * mib) {
        void protocol.send('Browser.cancelDownload', { guid }).catch(() => {
          // It ended already; its size is looked at before it is kept.
        })
      }
    })
    const it: Running = {
      key: about.key, folder: about.folder, process: program, browser, context, protocol, conversations: new Map(), active: undefined, arriving: new Set(), opening: new Set(), openingChanged: () => undefined, last: Promise.resolve(), usedAt: clock.now(), cancelIdle: () => undefined, leaving: false, state: { kind: 'open' },
      ended: program.ended.then(async ({ code }) => {
        if (it.state.kind === 'open') {
          it.state = { kind: 'over', why: 'it ended by itself' }
          log.warn('A browser ended by itself.', { code, said: oneLine(said, 1_000) })
        }
        it.cancelIdle()
        if (all.get(it.key) === it) all.delete(it.key)
        await about.closeDoor()
      }),
    }
    running = it
    alive.set(it.key, it)
    void it.ended.finally(() => alive.delete(it.key))
    context.on('page', (page) => {
      const adopted = adopt(it, page)
      it.arriving.add(adopted)
      void adopted.finally(() => it.arriving.delete(adopted))
    })
    protocol.on('Target.targetCreated', ({ targetInfo }) => {
      if (targetInfo.type === 'page' && targetInfo.openerId !== undefined) it.opening.add(targetInfo.targetId)
    })
    protocol.on('Target.targetDestroyed', ({ targetId }) => opened(it, targetId))
    await protocol.send('Target.setDiscoverTargets', { discover: true })
    return it
  }

  /** A page that a page opened becomes a tab of the conversation it belongs to; what belongs to nobody is closed. */
  async function adopt(it: Running, page: Page): Promise<void> {
    const opener = await page.opener().catch(() => null)
    if (opener === null && it.active?.making === true) return
    // Which of them it is nobody says: if several come at once, one may be waited for in vain, and only until the wait is over.
    opened(it, it.opening.values().next().value)
    const owner = [...it.conversations.values()].find(({ tabs }) => tabs.some((tab) => tab.page === opener)) ?? (opener === null ? it.active?.conversation : undefined)
    const from = owner?.tabs.find((tab) => tab.page === opener) ?? owner?.current
    if (owner === undefined || tabCount(it) >= options.config().tabsMax) {
      if (from !== undefined) note(from, 'The page opened a further tab; it was closed, because there are too many.')
      void closePage(page, clock)
      return
    }
    const tab = addTab(it, owner, page)
    note(tab, `The page opened this tab${from === undefined ? '' : ` from ${from.id}`}.`)
  }

  function opened(it: Running, target: string | undefined): void {
    if (target === undefined || !it.opening.delete(target)) return
    it.openingChanged()
  }

  /** Resolves when what pages opened has its tab, or takes too long: then a later look tells of it. */
  async function arrivals(it: Running): Promise<void> {
    const here = async (): Promise<void> => {
      while (it.opening.size > 0) await new Promise<void>((resolve) => { it.openingChanged = resolve })
      await Promise.all(it.arriving)
    }
    await answered(clock, here()).catch(() => it.opening.clear())
  }

  const tabCount = (it: Running): number => [...it.conversations.values()].reduce((sum, { tabs }) => sum + tabs.length, 0)

  /** Ends a download, and takes away what may have arrived of it. Its name is the browser's word: it is looked up in this one folder, and never through a link. */
  async function discard(it: Running, download: Download): Promise<void> {
    const path = await download.cancel().then(() => download.path()).catch(() => undefined)
    if (path !== undefined) await rm(join(it.folder, basename(path)), { force: true }).catch(gone)
  }

  function addTab(it: Running, conversation: Conversation, page: Page): Tab {
    const tab: Tab = { id: `t${(conversation.made += 1)}`, page, notes: [] }
    conversation.tabs.push(tab)
    conversation.current = tab
    attend(tab, (download) => discard(it, download))
    page.once('close', () => {
      conversation.tabs = conversation.tabs.filter((each) => each !== tab)
      if (conversation.current === tab) conversation.current = conversation.tabs.at(-1)
    })
    return tab
  }

  async function newTab(it: Running, conversation: Conversation): Promise<Tab> {
    if (tabCount(it) >= options.config().tabsMax) throw new Problem('browser-tabs-full', `${options.config().tabsMax} tabs are open already.`, { next: 'Close one.' })
    const adopted = new Set([...it.conversations.values()].flatMap(({ tabs }) => tabs.map(({ page }) => page)))
    const unused = it.context.pages().find((page) => !adopted.has(page) && page.url() === 'about:blank')
    if (unused !== undefined) return addTab(it, conversation, unused)
    const active = it.active ?? { conversation, making: false }
    active.making = true
    try {
      return addTab(it, conversation, await it.context.newPage())
    } finally {
      active.making = false
    }
  }

  /** Ends what takes more memory or disk than it may. */
  function watch(it: Running, config: BrowserConfig, freeBefore: number): void {
    const look = async (): Promise<void> => {
      const free = await freeBytes(it.folder).catch(() => freeBefore)
      if ((it.process.usage?.().memory ?? 0) > config.memoryMb * mib) kill(it, `it took more than ${config.memoryMb} MiB of memory`)
      else if (freeBefore - free > config.profileMb * mib) kill(it, `the disk became more than ${config.profileMb} MiB fuller`)
      else if (free < options.sandbox().diskReserveMb * mib) kill(it, 'the disk is nearly full')
      if (it.state.kind === 'open') cancel = clock.after(watchMs, () => void look())
    }
    let cancel = clock.after(watchMs, () => void look())
    void it.ended.then(() => cancel())
  }

  function kill(it: Running, why: string): void {
    if (it.state.kind === 'over') return
    it.state = { kind: 'over', why }
    if (all.get(it.key) === it) all.delete(it.key)
    it.process.kill()
  }

  /** What it is signed in to is written down before it ends. */
  async function closeGently(it: Running, why: string): Promise<void> {
    if (it.state.kind === 'over') return it.ended
    it.state = { kind: 'over', why }
    if (all.get(it.key) === it) all.delete(it.key)
    it.leaving = true
    const cancel = clock.after(gentleMs, () => it.process.kill())
    await it.protocol.send('Browser.close').catch(() => {
      // It closes the pipe before it answers.
    })
    await it.ended
    cancel()
  }

  /** The one that nobody used for the longest time gives way. */
  async function makeRoom(config: BrowserConfig): Promise<void> {
    while (alive.size >= config.browsersMax) {
      const leaving = [...alive.values()].filter(isOver)
      if (leaving.length > 0) {
        await Promise.race(leaving.map((it) => it.ended))
        continue
      }
      const oldest = [...all.values()].filter((it) => it.active === undefined).sort((a, b) => a.usedAt - b.usedAt)[0]
      if (oldest === undefined) throw new Problem('browsers-full', `${config.browsersMax} browsers are in use already.`, { next: 'Try again in a moment.' })
      await closeGently(oldest, 'another one was needed')
    }
  }

  function touch(it: Running): void {
    it.usedAt = clock.now()
    it.cancelIdle()
    it.cancelIdle = clock.after(options.config().idleMinutes * 60_000, () => void closeGently(it, 'nobody used it for a while'))
  }

  /** The browser of a subject; started where there is none. */
  async function browserFor(subject: BrowserSubject): Promise<Running> {
    if (closed) throw new Problem('sandbox-closed', 'The gateway is stopping.')
    const key = keyOf(subject)
    const known = all.get(key)
    if (known !== undefined) return known
    let begun = starting.get(key)
    if (begun === undefined) {
      const made: Starting = { session: subject.session, cancelled: false, browser: start(key, subject) }
      starting.set(key, (begun = made))
      made.browser.then((it) => {
        if (made.cancelled || closed) kill(it, 'someone said stop')
        else if (it.state.kind === 'open') all.set(key, it)
      }).catch(() => {
        // Told to whoever waits for it.
      }).finally(() => starting.delete(key))
    }
    const it = await begun.browser
    if (it.state.kind === 'over') throw over(it)
    return it
  }

  /** Carries a call out, after those before it. A call that is called off takes the browser with it: nothing goes on in it unseen. */
  async function use<T>(subject: BrowserSubject, signal: AbortSignal, it: Running, work: (it: Running, conversation: Conversation) => Promise<T>): Promise<T> {
    const before = it.last
    const mine = (async () => {
      await before.catch(() => undefined)
      if (signal.aborted) throw stopped()
      if (it.state.kind === 'over') throw over(it)
      let conversation = it.conversations.get(subject.session)
      if (conversation === undefined) it.conversations.set(subject.session, (conversation = { tabs: [], current: undefined, made: 0 }))
      it.active = { conversation, making: false }
      const stop = (): void => kill(it, 'someone said stop')
      signal.addEventListener('abort', stop, { once: true })
      try {
        return await Promise.race([work(it, conversation), it.ended.then((): never => { throw over(it) })])
      } catch (error) {
        if (isOver(it)) throw over(it)
        // Other tabs may share the process in which it hangs: whatever came next would wait as long.
        if (error instanceof Problem && error.code === 'browser-stuck') kill(it, 'a page did not answer')
        throw error
      } finally {
        signal.removeEventListener('abort', stop)
        it.active = undefined
        if (it.state.kind === 'open') touch(it)
      }
    })()
    it.last = mine.catch(() => undefined)
    return mine
  }

  async function end(these: readonly Running[], pending: readonly Starting[]): Promise<number> {
    for (const each of pending) each.cancelled = true
    for (const it of these) kill(it, 'someone said stop')
    await Promise.all([...these.map((it) => it.ended), ...pending.map((each) => each.browser.then((it) => it.ended, () => undefined))])
    return these.length + pending.length
  }

  return {
    grant(subject, keep) {
      const took = (): void => subject.label?.tookStrange()
      const mayReach = (url: string): void => {
        if (!/^https?:\/\//i.test(url.trim()) || !URL.canParse(url)) throw new Problem('browser-address', 'Only addresses of the web are opened: http and https.', { next: 'Files of the workspace are read with other tools.' })
        if (subject.label?.mayReach(url) !== true) {
          throw new Problem('web-address-unknown', 'This conversation has read something from outside. Without a yes it reaches only addresses that stood in what it read, and hosts that a person named.', {
            next: 'Use an address exactly as it stood there, or ask the person to name the host.',
          })
        }
      }
      const opening = () => ({ config: options.config(), clock, why: (url: string) => options.egress.refusal(url, 'browser', subject.agent).catch(() => undefined) })
      const show = async (conversation: Conversation, tab: Tab, from = 0): Promise<PageView> => {
        took()
        return { ...(await view(tab, from, options.config(), clock)), tabs: conversation.tabs.length, boundary: boundary() }
      }
      /** Only where something is open already. */
      const onPage = <T>(signal: AbortSignal, work: (tab: Tab, conversation: Conversation, it: Running) => Promise<T>): Promise<T> => {
        const it = all.get(keyOf(subject))
        if (it === undefined || it.conversations.get(subject.session)?.current === undefined) return Promise.reject(noPage())
        return use(subject, signal, it, (running, conversation) => {
          if (conversation.current === undefined) throw noPage()
          return work(conversation.current, conversation, running)
        })
      }
      const kept = async (url: string, kind: string, name: string, bytes: Buffer): Promise<PageFile> => {
        const { downloadMb } = options.config()
        if (bytes.length > downloadMb * mib) throw new Problem('browser-file-large', `The file has more than ${downloadMb} MiB, and was not kept.`, { next: 'The owner can raise browser.downloadMb.' })
        const path = `${browserFolder}/${kind}/${options.newId('web').slice(-8)}-${name}`
        took()
        await keep(path, bytes)
        return { path, bytes: bytes.length, url: oneLine(url, 2_000), boundary: boundary() }
      }
      const fileOf = async (it: Running, download: Download): Promise<PageFile> => {
        const failure = await download.failure()
        if (failure !== null) {
          throw failure === 'canceled'
            ? new Problem('browser-file-large', `The file has more than ${options.config().downloadMb} MiB, or was broken off; it was not kept.`, { next: 'The owner can raise browser.downloadMb.' })
            : new Problem('browser-download', `The file did not arrive: ${oneLine(failure, 200)}.`, { next: 'Try again later.' })
        }
        const name = basename(await download.path())
        try {
          const bytes = await workspaceFiles({ root: it.folder, clock, newId: options.newId }).readBytes(name, options.config().downloadMb * mib)
          return await kept(download.url(), 'downloads', plainName(download.suggestedFilename()), bytes)
        } finally {
          await discard(it, download)
        }
      }

      return {
        async open(url, how, signal) {
          mayReach(url)
          return use(subject, signal, await browserFor(subject), async (it, conversation) => {
            const tab = conversation.current === undefined || how.newTab ? await newTab(it, conversation) : conversation.current
            await open(tab, url, opening())
            return show(conversation, tab)
          })
        },
        snapshot: (from, signal) => onPage(signal, (tab, conversation) => show(conversation, tab, from)),
        act: (host, steps, signal) => onPage(signal, async (_tab, conversation, it) => {
          for (const step of steps) {
            const { current } = conversation
            if (current === undefined) throw noPage()
            await doStep(current, step, host, options.config())
            await settle(current.page)
            await arrivals(it)
            if (conversation.current !== undefined && conversation.current !== current) await settle(conversation.current.page)
          }
          if (conversation.current === undefined) throw noPage()
          return show(conversation, conversation.current)
        }),
        scroll: (to, signal) => onPage(signal, async (tab, conversation) => {
          await answered(clock, tab.page.evaluate({ up: 'scrollBy(0, -innerHeight * 0.9)', down: 'scrollBy(0, innerHeight * 0.9)', top: 'scrollTo(0, 0)', bottom: 'scrollTo(0, document.documentElement.scrollHeight)' }[to]))
          await settle(tab.page)
          return show(conversation, tab)
        }),
        back: (signal) => onPage(signal, async (tab, conversation) => {
          await tab.page.goBack({ waitUntil: 'domcontentloaded' }).catch((error: unknown) => note(tab, `Going back failed: ${oneLine(describeError(error), 200)}.`))
          await settle(tab.page)
          return show(conversation, tab)
        }),
        screenshot: ({ whole }, signal) => onPage(signal, async (tab) => {
          const height = whole ? Math.max(1, Math.min(pictureHeightMax, Number(await answered(clock, tab.page.evaluate('document.documentElement.scrollHeight'))) || 900)) : 0
          const bytes = await tab.page.screenshot({ type: 'jpeg', quality: 75, animations: 'disabled', ...(whole ? { fullPage: true, clip: { x: 0, y: 0, width: 1_280, height } } : {}) })
          return { ...(await kept(tab.page.url(), 'pictures', 'page.jpg', bytes)), mimeType: 'image/jpeg', data: bytes.toString('base64') }
        }),
        pdf: (signal) => onPage(signal, async (tab) => kept(tab.page.url(), 'pdf', 'page.pdf', await answered(clock, tab.page.pdf({ printBackground: true })))),
        async download(from, signal) {
          const waitMs = options.config().navigationSeconds * 1_000
          if ('url' in from) {
            mayReach(from.url)
            return use(subject, signal, await browserFor(subject), async (it, conversation) => {
              const tab = conversation.current ?? (await newTab(it, conversation))
              const { download, done } = await offeredFile(tab, clock, Math.min(waitMs, 5_000), () => open(tab, from.url, opening()))
              if (download !== undefined) return fileOf(it, download)
              // It was shown instead of being offered: then what was shown is the file.
              if (done === undefined || done === null) throw noFile()
              return kept(done.url(), 'downloads', plainName(decodeURIComponentOrNot(new URL(done.url()).pathname.split('/').at(-1) ?? '')), await done.body())
            })
          }
          return onPage(signal, async (tab, _conversation, it) => {
            const { download } = await offeredFile(tab, clock, waitMs, () => doStep(tab, { do: 'click', ref: from.ref, what: from.what }, from.host, options.config()))
            if (download === undefined) throw noFile()
            return fileOf(it, download)
          })
        },
        async tabs() {
          const conversation = all.get(keyOf(subject))?.conversations.get(subject.session)
          if (conversation !== undefined) took()
          const tabs = await Promise.all((conversation?.tabs ?? []).map(async (tab) => ({ id: tab.id, url: oneLine(tab.page.url(), 500), title: oneLine(await answered(clock, tab.page.title()).catch(() => ''), 200), current: tab === conversation?.current })))
          return { tabs, boundary: boundary() }
        },
        choose: (id, signal) => onPage(signal, async (_tab, conversation) => {
          const chosen = conversation.tabs.find((tab) => tab.id === id)
          if (chosen === undefined) throw new Problem('browser-page', `There is no tab ${id.slice(0, 20)}.`, { next: 'List the tabs.' })
          conversation.current = chosen
          await answered(clock, chosen.page.bringToFront())
          return show(conversation, chosen)
        }),
        async close(id) {
          const it = all.get(keyOf(subject))
          const conversation = it?.conversations.get(subject.session)
          if (it === undefined || conversation === undefined) return
          await use(subject, new AbortController().signal, it, async () => {
            await Promise.all(conversation.tabs.filter((tab) => id === undefined || tab.id === id).map((tab) => closePage(tab.page, clock)))
          })
          // The last one out.
          if (it.active === undefined && tabCount(it) === 0) await closeGently(it, 'every tab was closed')
        },
      }
    },
    missing() {
      const chromium = found()
      return 'reason' in chromium ? chromium.reason : undefined
    },
    facts,
    running: () => all.size + starting.size,
    stop: (session) => end([...all.values()].filter((it) => it.conversations.has(session)), [...starting.values()].filter((each) => each.session === session)),
    stopAll: () => end([...all.values()], [...starting.values()]),
    async close() {
      closed = true
      await Promise.all([...[...all.values()].map((it) => closeGently(it, 'the gateway stopped')), end([], [...starting.values()])])
      await Promise.all([...alive.values()].map((it) => it.ended))
    },
  }
}

/** A folder for the browser's own files, as it may be found: an earlier browser, which nobody vouches for, could write in it. */
async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const profile = join(folder, 'profile')
  const there = await lstat(profile).catch(() => undefined)
  if (there !== undefined && !there.isDirectory()) await rm(profile, { force: true })
  await mkdir(profile, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) if (name !== 'profile') await rm(join(folder, name), { recursive: true, force: true })
  // What tells the next one that the last one still runs.
  for (const name of ['SingletonLock', 'SingletonSocket', 'SingletonCookie']) await rm(join(profile, name), { force: true })
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** A name for a file that came from outside: no folders, nothing hidden, nothing that programs obey. */
function plainName(name: string): string {
  const plain = oneLine(name, 100).replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^[._ -]+/, '').trim()
  return plain === '' ? 'file' : plain
}

function decodeURIComponentOrNot(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not encoded as it should be: as it stands, then.
    return text
  }
}

function gone(): void {
  // It is closed or taken away already.
}

function noPage(): Problem {
  return new Problem('browser-page', 'No page is open in this conversation.', { next: 'Open one first.' })
}

function noFile(): Problem {
  return new Problem('browser-download', 'No file was offered.', { next: 'Take a snapshot and look what the page says.' })
}

/** Asked anew each time: it may end while something is waited for. */
function isOver({ state }: Running): boolean {
  return state.kind === 'over'
}

function over({ state }: Running): Problem {
  return new Problem('browser-over', `The browser was ended: ${state.kind === 'over' ? state.why : 'it is gone'}.`, { next: 'Open the page again.' })
}

function stopped(): Problem {
  return new Problem('tool-stopped', 'The call was stopped before it began.')
}
