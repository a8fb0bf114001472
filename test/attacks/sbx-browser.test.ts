import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PageView, SessionKey, WebBrowser } from '@moltbot/contract'
import { realClock } from '@moltbot/contract/testing'
import { otherPublicAddress, secretOf } from '../../gateway/src/foundation/egress/testing/egress-world.ts'
import type { BrowserConfig } from '../../gateway/src/journey/sandbox/browser/index.ts'
import { findChromium } from '../../gateway/src/journey/sandbox/browser/chromium-program.ts'
import { bwrapIsolation } from '../../gateway/src/journey/sandbox/index.ts'
import { bundleProgram } from '../support/bundle-program.ts'
import { argumentsOf, browserSubject, browserWorld, chromiumsBelow, patientLimits, portsAround, saysAtOnce, type BrowserWorld } from './browser-room.ts'

const available = (await bwrapIsolation({ clock: realClock }).check()).available && 'path' in findChromium({}, [])
if (!available) console.warn('Attacks through the browser are not tried: bubblewrap or Chromium is missing (apt-get install bubblewrap chromium).')
const never = new AbortController().signal
/** Browsers that tests before this one may have left behind in this process. */
const strangers = new Set<number>()
const ownChromiums = (): number[] => chromiumsBelow(process.pid).filter((pid) => !strangers.has(pid))
const forwarderPort = 3_128
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'it went through', (error: { code?: string }) => error.code ?? String(error))
/** The reference of a thing, by what it is called. */
const refOf = ({ text }: PageView, what: string): { ref: string; what: string } => ({ ref: text.split('\n').find((line) => line.includes(what))?.match(/\[(\w+)\]/)?.[1] ?? 'none', what })

// Said above why it is skipped where it is.
describe.skipIf(!available)('a browser', () => {
  let at: BrowserWorld
  let browser: WebBrowser
  const kept = new Map<string, Buffer>()
  const settings: Partial<BrowserConfig> = { downloadMb: 1 }
  /** How many times longer than people wait a page may take to say something. */
  let patience = 10
  /** What would happen once nobody had used it for some minutes. */
  let idle = (): void => undefined
  /** What the page says of itself when its script is done. */
  const reports: string[] = []
  let html = ''
  let inside: { server: ReturnType<typeof createServer>; port: number; reached: number }
  /** A gateway as a program of its own; made while the browser waits for this and that. */
  let gateway: Promise<string>
  beforeAll(async () => {
    gateway = bundleProgram({ file: 'test/attacks/browser-worker.ts' })
    gateway.catch(() => 'said where it is used')
    for (const pid of chromiumsBelow(process.pid)) strangers.add(pid)
    at = await browserWorld(settings, { isolation: () => saysAtOnce(bwrapIsolation({ clock: realClock })), clock: { ...realClock, after: (delayMs, task) => (delayMs < 60_000 ? realClock.after(delayMs < 5_000 ? delayMs : delayMs * patience, task) : (idle = task, () => undefined)) } })
    browser = at.room.grant(browserSubject, async (path, bytes) => void kept.set(path, bytes))
    inside = { server: createServer((socket: Socket) => { inside.reached += 1; socket.destroy() }), port: 0, reached: 0 }
    inside.server.listen(0, '127.0.0.1')
    await once(inside.server, 'listening')
    inside.port = (inside.server.address() as AddressInfo).port
    await at.world.serve('site.example', (request, response) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://site.example')
      if (pathname === '/report') {
        reports.push(decodeURIComponent(search.slice(1)))
        return void response.end()
      }
      if (pathname === '/zip') return void response.writeHead(200, { 'content-type': 'application/zip', 'content-disposition': 'attachment; filename="../../.bashrc"' }).end('PK')
      if (pathname === '/crx') return void response.writeHead(200, { 'content-type': 'application/x-chrome-extension', 'content-disposition': 'attachment; filename="evil.crx"' }).end('Cr24')
      if (pathname === '/bomb') {
        response.writeHead(200, { 'content-type': 'application/zip', 'content-disposition': 'attachment; filename="bomb.zip"' })
        const more = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536))); }
        response.on('drain', more)
        return more()
      }
      if (pathname === '/to-file') return void response.writeHead(302, { location: 'file:///etc/passwd' }).end()
      if (pathname === '/to-metadata') return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
      const answer = (): void => void response.writeHead(200, { 'content-type': 'text/html' }).end(html)
      if (pathname === '/late') return void setTimeout(answer, 1_000)
      answer()
    })
  })
  afterAll(async () => {
    inside?.server.close()
    await at?.close()
  })
  /** Opens a page made of this, and resolves with what its script reported. */
  async function report(body: string, script: string): Promise<string> {
    html = `<title>Page</title>${body}<script>(async () => { const said = []; const say = (words) => said.push(words); try { ${script} } catch (error) { say('threw ' + error) } await fetch('/report?' + encodeURIComponent(said.join('|'))) })()</script>`
    const before = reports.length
    await browser.open('http://site.example/', { newTab: false }, never)
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(before), { timeout: 60_000, interval: 20 })
    return reports.at(-1) ?? ''
  }

  it('SBX-22 only addresses of the web are opened: no file, no page of the browser itself, no source view, no data, no script', async () => {
    const before = [...at.world.opened]
    for (const url of ['file:///etc/passwd', 'chrome://settings', 'chrome://version', 'view-source:http://site.example/', 'data:text/html,<b>x</b>', 'javascript:alert(1)', 'devtools://devtools/', 'blob:http://site.example/x', 'ftp://site.example/', 'about:blank', '/etc/passwd', 'FILE:///etc/passwd', 'filesystem:http://site.example/']) {
      expect(await codeOf(browser.open(url, { newTab: false }, never)), url).toBe('browser-address')
      expect(await codeOf(browser.download({ url }, never)), url).toBe('browser-address')
    }
    expect(at.world.opened).toEqual(before)
  })

  it('SBX-22 a page gets nowhere else either: by script, frame, window, form, worker or redirect', async () => {
    // Some of these frames never answer, and are waited for.
    Object.assign(settings, { actionSeconds: 10, navigationSeconds: 30 })
    patience = 1
    const said = await report('<iframe id=f src="file:///etc/passwd"></iframe><iframe src="view-source:http://site.example/"></iframe><object data="file:///etc/passwd"></object><img src="file:///etc/passwd">', `
      for (const url of ['file:///etc/passwd', 'chrome://version', 'chrome-extension://abc/manifest.json', 'filesystem:http://x/']) await fetch(url).then(() => say('fetched ' + url), () => 0)
      for (const url of ['file:///etc/passwd', 'chrome://version', 'view-source:http://site.example/']) { const w = window.open(url); try { if (w && w.document.body.textContent) say('window ' + url) } catch { say('foreign window ' + url) } }
      try { if (document.getElementById('f').contentDocument.body.textContent) say('frame') } catch {}
      try { importScripts('file:///etc/passwd'); say('imported') } catch {}
      say('done')`)
    expect(said).toBe('done')
    patience = 10
    // One after the other at once: none is taken for an interruption by the one before it.
    for (const [path, code] of [['to-file', 'browser-navigation'], ['to-file', 'browser-navigation'], ['to-metadata', 'egress-host-refused']]) expect(await codeOf(browser.open(`http://site.example/${path}`, { newTab: false }, never)), path).toBe(code)
    const { tabs } = await browser.tabs()
    expect(tabs.filter(({ url }) => /^(?:file|chrome|view-source):/.test(url) && !url.startsWith('chrome-error:'))).toEqual([])
    await browser.close(undefined)
    expect(at.room.running()).toBe(0)
    Object.assign(settings, patientLimits)
  })

  it('SBX-22 nobody else on this machine can take it over: no port, no file that names one, only pipes', async () => {
    await report('<h1>Here</h1>', 'say("here")')
    const [first = 0] = ownChromiums()
    expect(first).toBeGreaterThan(0)
    expect(argumentsOf(first).filter((word) => word.startsWith('--remote-debugging'))).toEqual(['--remote-debugging-pipe'])
    expect(portsAround(first)).toEqual([forwarderPort])
    expect(readdirSync(join(at.stateDir, 'browser', 'main')).filter((name) => existsSync(join(at.stateDir, 'browser', 'main', name, 'profile', 'DevToolsActivePort')))).toEqual([])
    // Its network is its own: the one port is not on this machine.
    expect(readlinkSync(`/proc/${first}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'))
  })

  it('SBX-22 a browser with a port would be seen by that look', async () => {
    const real = bwrapIsolation({ clock: realClock })
    const weak = await browserWorld({}, { isolation: () => ({ ...real, start: (program) => real.start({ ...program, words: [...program.words.slice(0, -1), '--remote-debugging-port=9333', 'about:blank'] }) }) })
    const others = new Set(ownChromiums())
    try {
      await weak.world.serve('site.example', (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>x</h1>'))
      await weak.room.grant(browserSubject, async () => undefined).open('http://site.example/', { newTab: false }, never)
      const [first = 0] = ownChromiums().filter((pid) => !others.has(pid))
      expect(portsAround(first)).toContain(9_333)
    } finally {
      await weak.close()
    }
  })

  it('SBX-22 the browser\'s own wall is off, and bubblewrap\'s is around it: namespaces, filter, no privileges, no files of this machine', () => {
    const [first = 0] = ownChromiums()
    expect(argumentsOf(first)).toContain('--no-sandbox')
    for (const kind of ['pid', 'net', 'mnt', 'user', 'ipc', 'uts']) expect(readlinkSync(`/proc/${first}/ns/${kind}`), kind).not.toBe(readlinkSync(`/proc/self/ns/${kind}`))
    const status = readFileSync(`/proc/${first}/status`, 'utf8')
    expect(status).toMatch(/^Seccomp:\s*2$/m)
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m)
    expect(status).toMatch(/^CapEff:\s*0+$/m)
    for (const path of ['/etc/shadow', '/root/.bashrc', at.stateDir, '/var/log', '/run/systemd']) expect(existsSync(`/proc/${first}/root${path}`), path).toBe(false)
    expect(readFileSync(`/proc/${first}/environ`, 'utf8')).not.toContain('VITEST')
    expect(JSON.parse(readFileSync(`/proc/${first}/root/etc/chromium/policies/managed/moltbot.json`, 'utf8'))).toMatchObject({ ExtensionInstallBlocklist: ['*'], PasswordManagerEnabled: false, QuicAllowed: false })
  })

  it('SBX-22 no extension, no file that was not asked for, no file of this machine for a page, nothing printed into a file', async () => {
    html = '<a href="/zip">Zip</a><a href="/crx">Crx</a><input type=file aria-label=Upload onchange="fetch(\'/report?files\' + this.files.length)"><button onclick="window.print()">Print</button><script>setTimeout(() => { location = "/zip" }, 10)</script>'
    const before = kept.size
    let { notes } = await browser.open('http://site.example/', { newTab: false }, never)
    await vi.waitFor(async () => {
      const seen = await browser.snapshot(0, never)
      notes = [...notes, ...seen.notes]
      expect(notes.join(' ')).toContain('offered the file')
    }, { timeout: 60_000, interval: 100 })
    html = html.replace(/<script>.*/, '')
    const page = await browser.open('http://site.example/', { newTab: false }, never)
    const after = await browser.act('site.example', [{ do: 'click', ...refOf(page, 'button "Upload"') }, { do: 'click', ...refOf(page, 'button "Print"') }, { do: 'click', ...refOf(page, 'link "Crx"') }], never)
    expect(after.notes.join(' ')).toContain('asked for a file; it got none')
    await vi.waitFor(async () => {
      notes = [...notes, ...after.notes, ...(await browser.snapshot(0, never)).notes]
      expect(notes.join(' ')).toContain('evil.crx')
    }, { timeout: 60_000, interval: 100 })
    expect(reports.filter((words) => words.startsWith('files') && words !== 'files0')).toEqual([])
    expect(kept.size).toBe(before)
    const [folder = ''] = readdirSync(join(at.stateDir, 'browser', 'main'))
    expect(existsSync(join(at.stateDir, 'browser', 'main', folder, 'profile', 'Default', 'Extensions')) ? readdirSync(join(at.stateDir, 'browser', 'main', folder, 'profile', 'Default', 'Extensions')) : []).toEqual([])
    await vi.waitFor(() => expect(readdirSync(join(at.stateDir, 'browser', 'main', folder))).toEqual(['profile']), { timeout: 60_000, interval: 50 })
  })

  it('SBX-22 a file that was asked for lands in one folder under a harmless name, and one that never ends is broken off', async () => {
    const { path, bytes } = await browser.download({ url: 'http://site.example/zip' }, never)
    expect(path).toMatch(/^browser\/downloads\/[\w-]+-bashrc$/)
    expect([bytes, kept.get(path)?.toString()]).toEqual([2, 'PK'])
    html = '<a href="/zip">Zip</a>'
    const page = await browser.open('http://site.example/', { newTab: false }, never)
    expect((await browser.download({ host: 'site.example', ...refOf(page, 'link "Zip"') }, never)).bytes).toBe(2)
    expect(await codeOf(browser.download({ url: 'http://site.example/bomb' }, never))).toBe('browser-file-large')
  })

  it('NET-01 no page reaches the inside: not by request, picture, frame, script, socket or refresh', async () => {
    const { port } = inside
    const addresses = [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://[::1]:${port}/`, 'http://169.254.169.254/latest/meta-data/', 'http://metadata.google.internal/', 'http://10.0.0.1/', 'http://192.168.1.1/', `http://0.0.0.0:${port}/`, `http://127.0.0.1:${forwarderPort}/`]
    const opened = at.world.opened.length
    const said = await report(addresses.map((url) => `<img src="${url}"><iframe src="${url}"></iframe>`).join(''), `
      for (const url of ${JSON.stringify(addresses)}) await fetch(url, { mode: 'no-cors' }).then(async (answer) => { if (answer.type !== 'opaque') say('read ' + url) }, () => 0)
      for (const url of ['ws://127.0.0.1:${port}/', 'ws://site.example/', 'wss://127.0.0.1:${port}/']) await new Promise((resolve) => { const socket = new WebSocket(url); socket.onopen = () => { say('socket ' + url); resolve() }; socket.onerror = resolve })
      const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${port}' }] }); peer.createDataChannel('x'); peer.onicecandidate = ({ candidate }) => { if (candidate && /\\d+\\.\\d+\\.\\d+\\.\\d+/.test(candidate.candidate)) say('candidate ' + candidate.candidate) }; await peer.setLocalDescription(await peer.createOffer())
      say('done')`)
    expect(said).toBe('done')
    expect(inside.reached).toBe(0)
    expect([...new Set(at.world.opened.slice(opened))]).toEqual(['93.184.216.34:80'])
    // Some of them were asked for, and refused where they would have left.
    expect(at.world.refusals.map(({ host, identity }) => `${identity.use} ${host}`)).toEqual(expect.arrayContaining(['browser 127.0.0.1', 'browser 169.254.169.254']))
  })

  it('NET-01 an address of the inside that the model opens is refused in words, and a refresh to it leads nowhere', async () => {
    expect(await codeOf(browser.open('http://169.254.169.254/', { newTab: false }, never))).toBe('egress-host-refused')
    at.world.names.set('inside.example', ['127.0.0.1'])
    for (const scheme of ['http', 'https']) expect(await codeOf(browser.open(`${scheme}://inside.example/`, { newTab: false }, never)), scheme).toBe('egress-address-refused')
    html = `<meta http-equiv=refresh content="0;url=http://127.0.0.1:${inside.port}/">`
    await browser.open('http://site.example/', { newTab: false }, never).catch(() => 'the refresh was quicker than the opening')
    expect((await browser.snapshot(0, never)).text).not.toMatch(/passwd|root:/)
    expect(inside.reached).toBe(0)
  })

  it('NET-02 a name that changes its mind is judged at each connection', async () => {
    let asked = 0
    await at.world.serve('rebind.example', (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Public</h1>'), { address: otherPublicAddress })
    const [publicly = []] = [at.world.names.get('rebind.example') as readonly string[]]
    at.world.names.set('rebind.example', () => ((asked += 1) === 1 ? publicly : ['127.0.0.1']))
    expect((await browser.open('http://rebind.example/', { newTab: false }, never)).text).toContain('Public')
    expect(await codeOf(browser.open('http://rebind.example/again', { newTab: false }, never))).toBe('egress-address-refused')
    expect(at.world.opened.filter((address) => address.startsWith('127.'))).toEqual([])
  })

  it('what a page calls a thing must be what was judged: another thing, another host and a stale reference are left alone', async () => {
    html = '<button onclick="document.title=\'clicked\'">Cancel</button><input type=password value="s3cret-words" aria-label=Password>'
    const page = await browser.open('http://site.example/', { newTab: false }, never)
    expect(page.text).toContain('(not shown)')
    expect(page.text).not.toContain('s3cret-words')
    const { ref } = refOf(page, 'button "Cancel"')
    expect(await codeOf(browser.act('site.example', [{ do: 'click', ref, what: 'button "Pay"' }], never))).toBe('browser-ref-gone')
    expect(await codeOf(browser.act('bank.example', [{ do: 'click', ref, what: 'button "Cancel"' }], never))).toBe('browser-page')
    expect(await codeOf(browser.act('site.example', [{ do: 'click', ref: 'e9999', what: 'button "Cancel"' }], never))).toBe('browser-ref-gone')
    expect(await codeOf(browser.act('site.example', [{ do: 'click', ref: 'e1 >> css=body', what: 'button "Cancel"' }], never))).toBe('browser-ref-gone')
    expect((await browser.snapshot(0, never)).title).toBe('')
    expect((await browser.act('site.example', [{ do: 'click', ref, what: 'button "Cancel"' }], never)).title).toBe('clicked')
  })

  it('NET-10 a page gets no credential of the gateway, whatever it asks', async () => {
    at.world.secrets.set('egress.credentials.api.value', secretOf('CANARY-KEY'))
    at.world.configure({ egress: { credentials: { api: { host: 'api.example', value: 'CANARY-KEY', everyone: true } } } })
    const asked = await at.world.serve('api.example', (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Api</h1>'), { address: otherPublicAddress })
    expect((await browser.open('http://api.example/', { newTab: false }, never)).text).toContain('Api')
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(asked.map(() => undefined))
    at.world.configure({ egress: {} })
  })

  it('shows so much of a page and opens so many tabs as it may', async () => {
    Object.assign(settings, { snapshotChars: 1_000, tabsMax: 2, actionSeconds: 20 })
    html = `<h1>First</h1>${Array.from({ length: 100 }, (_, index) => `<p>Line ${index} of many</p>`).join('')}<button onclick="window.open('/late')">Pop</button>`
    const page = await browser.open('http://site.example/', { newTab: false }, never)
    expect([page.text.length, page.from]).toEqual([1_000, 0])
    const last = await browser.snapshot(page.length - 300, never)
    expect(last.text).toContain('button "Pop"')
    expect(last.from + last.text.length).toBe(last.length)
    const pop = { do: 'click' as const, ...refOf(last, 'button "Pop"') }
    // What a click opened is what its answer shows.
    const opened = await browser.act('site.example', [pop], never)
    expect(opened).toMatchObject({ url: 'http://site.example/late', tabs: 2, notes: [expect.stringContaining('The page opened this tab')] })
    const [first] = (await browser.tabs()).tabs
    await browser.choose(first?.id ?? '', never)
    expect((await browser.act('site.example', [pop], never)).notes.join(' ')).toContain('closed, because there are too many')
    expect(await codeOf(browser.open('http://site.example/', { newTab: true }, never))).toBe('browser-tabs-full')
    Object.assign(settings, patientLimits, { snapshotChars: 20_000, tabsMax: 8 })
  })

  it('a page whose script never ends is given up, and the next one opens', async () => {
    Object.assign(settings, { actionSeconds: 1, navigationSeconds: 5 })
    // Whether it answers is certain: it never does.
    patience = 0.2
    html = '<h1>Trap</h1><script>setTimeout(() => { for (;;); })</script>'
    expect(await codeOf(browser.open('http://site.example/', { newTab: false }, never))).toBe('browser-stuck')
    html = '<h1>Fine</h1>'
    patience = 10
    Object.assign(settings, patientLimits)
    expect((await browser.open('http://site.example/', { newTab: false }, never)).text).toContain('Fine')
  })

  it('what somebody is signed in to stays with them, is not there where others read along, and an idle browser is closed', async () => {
    html = '<h1>Signed in</h1><script>document.cookie = "who=olga; max-age=3600"</script>'
    await browser.open('http://site.example/', { newTab: false }, never)
    expect(at.room.running()).toBe(1)
    idle()
    await vi.waitFor(() => expect(at.room.running()).toBe(0), { timeout: 60_000, interval: 20 })
    html = '<script>fetch("/report?" + encodeURIComponent("cookie " + document.cookie))</script>'
    const cookie = async (who: WebBrowser): Promise<string | undefined> => {
      const before = reports.length
      await who.open('http://site.example/', { newTab: false }, never)
      await vi.waitFor(() => expect(reports.length).toBeGreaterThan(before), { timeout: 60_000, interval: 20 })
      return reports.at(-1)
    }
    expect(await cookie(browser)).toBe('cookie who=olga')
    const group = { ...browserSubject, session: 'agent:main:group' as SessionKey, privy: false }
    expect(await cookie(at.room.grant(group, async () => undefined))).toBe('cookie ')
    expect(await at.room.stop(group.session)).toBe(1)
  })

  it('keeps conversations apart, and stop ends the whole tree', async () => {
    html = '<h1>Mine</h1>'
    await browser.open('http://site.example/', { newTab: false }, never)
    const other = at.room.grant({ ...browserSubject, session: 'agent:main:other' as SessionKey }, async () => undefined)
    expect((await other.tabs()).tabs).toEqual([])
    expect(await codeOf(other.snapshot(0, never))).toBe('browser-page')
    const pids = ownChromiums()
    expect(pids.length).toBeGreaterThan(0)
    const hanging = codeOf(browser.download({ url: 'http://site.example/bomb-that-is-a-page' }, never))
    expect(await at.room.stop(browserSubject.session)).toBe(1)
    expect(await hanging).toMatch(/^browser-over$/)
    expect(pids.filter((pid) => argumentsOf(pid).length > 1)).toEqual([])
    expect(at.room.running()).toBe(0)
  })

  it('SBX-20 a gateway that is killed leaves no browser behind', async () => {
    const worker = spawn(process.execPath, [await gateway], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } })
    try {
      await once(worker.stdout, 'data')
      const pids = chromiumsBelow(worker.pid ?? 0)
      expect(pids.length).toBeGreaterThan(0)
      worker.kill('SIGKILL')
      await vi.waitFor(() => expect(pids.filter((pid) => argumentsOf(pid).length > 1)).toEqual([]), { timeout: 60_000, interval: 20 })
    } finally {
      worker.kill('SIGKILL')
    }
  })
})
