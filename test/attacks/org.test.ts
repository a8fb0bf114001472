import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFormTokens } from '../../gateway/src/api/form-tokens.ts'
import { methods as shelf } from '../../gateway/src/api/methods/index.gen.ts'
import { askAt, cookiesOf, formOf, ownPage, signInByForm } from '../../gateway/src/api/testing/http-client.ts'
import { connectParams, runDoor, testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'

const doors: RunningDoor[] = []
const servers: Server[] = []
const folders: string[] = []
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A door with a page that says in its title how far it came. */
async function start(options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> {
  const uiDir = mkdtempSync(join(tmpdir(), 'org-'))
  folders.push(uiDir)
  mkdirSync(join(uiDir, 'assets'))
  writeFileSync(join(uiDir, 'index.html'), '<!doctype html><title>Page</title><link rel="icon" href="data:,"><script type="module" src="/assets/index-a1B2c3D4.js"></script>')
  writeFileSync(join(uiDir, 'assets', 'index-a1B2c3D4.js'), `
    const socket = new WebSocket(location.origin.replace('http', 'ws'))
    socket.onmessage = (message) => {
      const frame = JSON.parse(message.data)
      if (frame.event === 'connect.challenge') socket.send(${JSON.stringify(JSON.stringify({ type: 'req', id: '1', method: 'connect', params: connectParams({ auth: undefined, scopes: undefined, client: { id: 'moltbot-control-ui', version: '1', platform: 'x', mode: 'webchat' } }) }))})
      if (frame.id === '1') document.title = frame.ok ? 'connected' : frame.error.message
    }
    socket.onclose = () => { document.title = 'closed' }`)
  const door = await runDoor({ uiDir, methods: shelf, ...options })
  doors.push(door)
  return door
}
/** A site of somebody else on this machine; `answer` may write any page. */
async function site(answer: (path: string) => string): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    response.setHeader('Content-Type', 'text/html').end(answer(request.url ?? ''))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, seen }
}
const signedInBrowsers = async (door: RunningDoor): Promise<number> => (await door.rooms.signIns.list()).length

describe('requests as they arrive', () => {
  it('ORG-03: preflights and opaque origins are told nothing that would let a page in', async () => {
    const door = await start()
    const { cookie } = await signInByForm(door.port)
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${door.port}.evil.example`, 'http://localhost']) {
      for (const path of ['/v1/chat/completions', '/v1/models', '/login', '/logout', '/ui-config.json', '/']) {
        const preflight = await askAt(door.port, path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type', cookie } })
        const names = Object.keys(preflight.headers).filter((name) => name.startsWith('access-control-'))
        expect([origin, path, names, preflight.status >= 400]).toEqual([origin, path, [], true])
      }
    }
  })

  it('ORG-05: without its token, with another session\'s, after signing out, or with the cookie alone, a form does nothing', async () => {
    const door = await start()
    const [mine, theirs] = [await signInByForm(door.port), await signInByForm(door.port)]
    const formFor = async (cookie: string): Promise<string> => formOf(await askAt(door.port, '/logout', { headers: { cookie } }))
    const post = async (cookie: string, body: Record<string, string>): Promise<number> => (await askAt(door.port, '/logout', { method: 'POST', headers: { ...ownPage(door.port), cookie }, body: new URLSearchParams({ end: 'all', ...body }).toString() })).status
    const theirForm = await formFor(theirs.cookie)
    for (const body of [{}, { form: '' }, { form: theirForm }, { form: 'A'.repeat(43) }, { form: mine.cookie.split('=')[1] ?? '' }]) expect([body, await post(mine.cookie, body as Record<string, string>)]).toEqual([body, 403])
    expect(await signedInBrowsers(door)).toBe(2)
    const login = await askAt(door.port, '/login')
    const logIn = async (cookie: string, form: string): Promise<number> => (await askAt(door.port, '/login', { method: 'POST', headers: { ...ownPage(door.port), cookie }, body: new URLSearchParams({ form, token: testToken }).toString() })).status
    expect(await logIn('', formOf(login))).toBe(403)
    expect(await logIn(cookiesOf(await askAt(door.port, '/login')), formOf(login))).toBe(403)
    expect(await logIn(cookiesOf(login), theirForm)).toBe(403)
    expect(await signedInBrowsers(door)).toBe(2)
    const form = await formFor(mine.cookie)
    expect(await post(mine.cookie, { form, end: 'this' })).toBe(303)
    expect(await post(mine.cookie, { form })).toBe(303)
    expect(await signedInBrowsers(door)).toBe(1)
  })

  it('ORG-05 twin: a token that belongs to nobody in particular would be everybody\'s', () => {
    const forms = createFormTokens((bytes) => Buffer.alloc(bytes, 7))
    const careless = (token: string): boolean => token === forms.issue('logout', '')
    expect(careless(forms.issue('logout', ''))).toBe(true)
    expect([forms.holds('logout', 'mine', forms.issue('logout', 'theirs')), forms.holds('logout', '', forms.issue('logout', '')), forms.holds('login', 'mine', forms.issue('logout', 'mine')), forms.holds('logout', 'mine', forms.issue('logout', 'mine'))]).toEqual([false, false, false, true])
  })

  it('ORG-06: browser headers that contradict each other, or are missing where a cookie is shown, are refused', async () => {
    const door = await start()
    const { cookie } = await signInByForm(door.port)
    const form = formOf(await askAt(door.port, '/logout', { headers: { cookie } }))
    const type = { 'content-type': 'application/x-www-form-urlencoded', cookie }
    const own = { origin: door.url }
    const tries: Record<string, string>[] = [
      { ...own, 'sec-fetch-site': 'cross-site' }, { ...own, 'sec-fetch-site': 'same-site' }, {}, { origin: 'null' }, { origin: 'null', 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, { origin: `http://127.0.0.1:${door.port}, https://evil.example` },
    ]
    for (const headers of tries) expect([headers, (await askAt(door.port, '/logout', { method: 'POST', headers: { ...type, ...headers }, body: `form=${form}&end=all` })).status]).toEqual([headers, 403])
    expect(await signedInBrowsers(door)).toBe(1)
    await expect(door.open({ headers: { ...own, 'sec-fetch-site': 'cross-site', cookie } })).rejects.toThrow('403')
    expect((await askAt(door.port, '/logout', { method: 'POST', headers: { ...type, ...own, 'sec-fetch-site': 'same-origin' }, body: `form=${form}&end=all` })).status).toBe(303)
  })

  it('ORG-07: under a name that is not ours nothing is served, however it is spelt', async () => {
    const door = await start()
    const { cookie } = await signInByForm(door.port)
    const foreign = ['attacker.test', `attacker.test:${door.port}`, '127.0.0.1.nip.test', `127.0.0.1.nip.test:${door.port}`, '0', '0.0.0.0', 'localhost.', 'LOCALHOST.', '[::ffff:127.0.0.1]', '127.1', '2130706433', '0x7f000001', 'localhost.attacker.test', '127.0.0.1@attacker.test', 'xn--localhost-0']
    for (const host of foreign) {
      for (const path of ['/', '/ui-config.json', '/v1/models', '/login']) {
        const answer = await askAt(door.port, path, { headers: { host, cookie, authorization: `Bearer ${testToken}` } })
        // What is no name at all is refused as such.
        expect([host, path, answer.status, /<form|sessionDefault|"object"/.test(answer.text)]).toEqual([host, path, host.includes('@') ? 400 : 421, false])
      }
      await expect(door.open({ headers: { host, origin: `http://${host}`, cookie } }), host).rejects.toThrow(host.includes('@') ? '400' : '421')
    }
    for (const host of [`127.0.0.1:${door.port}`, `LocalHost:${door.port}`]) expect((await askAt(door.port, '/login', { headers: { host } })).status).toBe(200)
  })

  it('ORG-12: there is no address for OAuth answers, and no `next` that leads away', async () => {
    const door = await start()
    const { cookie } = await signInByForm(door.port)
    for (const path of ['/oauth/callback', '/auth/callback', '/callback', '/oauth2/callback', '/login/callback', '/api/oauth/callback']) {
      for (const query of ['?code=x&state=y', '?code=x', '?state=&code=x&next=https://evil.example', '']) {
        const answer = await askAt(door.port, `${path}${query}`, { headers: { cookie } })
        expect([path, query, answer.status, answer.headers['location'], answer.headers['set-cookie']]).toEqual([path, query, 404, undefined, undefined])
      }
    }
    for (const query of ['?next=https://evil.example', '?next=//evil.example', '?redirect_uri=https://evil.example', '?returnTo=javascript:alert(1)']) {
      for (const path of ['/login', '/', '/logout']) expect((await askAt(door.port, `${path}${query}`, {})).headers['location'] ?? '').not.toMatch(/evil|javascript/)
      expect((await askAt(door.port, `/${query}&token=${testToken}`)).headers['location']).toBe('/')
    }
  })
})

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const missing = program === undefined && process.env['CI'] === undefined
if (missing) console.warn('Skipped: other sites in a real browser (no Chromium in /usr/bin).')

describe.skipIf(missing)('other sites in a real browser', () => {
  let browser: Browser
  const pages: Page[] = []
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: program ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP attacker.test 127.0.0.1, MAP *.attacker.test 127.0.0.1'],
    })
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close()
  })
  async function visitor(): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    pages.push(page)
    return page
  }
  /** Somebody who is signed in, and a tab of theirs on another site. */
  async function victim(door: RunningDoor, at: string): Promise<Page> {
    const page = await visitor()
    await page.goto(`http://localhost:${door.port}/login`)
    await page.getByLabel('Gateway token').fill(testToken)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForFunction(() => document.title === 'connected')
    const other = await page.context().newPage()
    await other.goto(at)
    return other
  }
  const others = new WeakMap<BrowserContext, Page>()
  /** The other tab of the same browser, at a new address: opening one takes longer than what is tried in it. */
  async function tab(page: Page, at: string): Promise<Page> {
    const other = others.get(page.context()) ?? (await page.context().newPage())
    others.set(page.context(), other)
    await other.goto(at)
    return other
  }
  async function stillSignedIn(page: Page, door: RunningDoor): Promise<boolean> {
    await page.goto(`http://localhost:${door.port}/`)
    await page.waitForFunction(() => document.title === 'connected' || location.pathname === '/login')
    return (await page.title()) === 'connected'
  }

  it('ORG-01: forms of another site, of any type, change nothing', async () => {
    const door = await start()
    const evil = await site(() => '<!doctype html><title>evil</title>')
    const first = await victim(door, `http://attacker.test:${evil.port}/`)
    for (const path of ['/logout', '/login', '/v1/chat/completions']) {
      for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
        const page = await tab(first, `http://attacker.test:${evil.port}/`)
        const [answer] = await Promise.all([
          page.waitForResponse((response) => response.url().includes(path)),
          page.waitForURL(`http://localhost:${door.port}${path}`),
          page.evaluate(({ action, encoding }) => {
            const form = document.createElement('form')
            form.method = 'post'
            form.action = action
            form.enctype = encoding
            for (const [name, value] of [['end', 'all'], ['form', 'x'], ['token', 'wrong'], ['{"model":"main","messages":[{"role":"user","content":"', '"}]}']]) {
              const field = document.createElement('input')
              field.name = name ?? ''
              field.value = value ?? ''
              form.append(field)
            }
            document.body.append(form)
            form.submit()
          }, { action: `http://localhost:${door.port}${path}`, encoding: type }),
        ])
        expect([path, type, answer.status()]).toEqual([path, type, 403])
      }
    }
    expect(door.rooms.fakeDoors.http.submitted).toEqual([])
    expect([await signedInBrowsers(door), await stillSignedIn(first, door)]).toEqual([1, true])
  })

  it('ORG-02: fetches, beacons and elements of another site read nothing and change nothing', async () => {
    const door = await start()
    const evil = await site(() => '<!doctype html><title>evil</title>')
    const page = await victim(door, `http://attacker.test:${evil.port}/`)
    const got = await page.evaluate(async ({ origin, token }) => {
      const attempt = (path: string, init: RequestInit): Promise<string> => fetch(`${origin}${path}`, { credentials: 'include', ...init }).then((response) => (response.type === 'opaque' ? 'opaque' : `read ${response.status}`), () => 'blocked')
      const element = (tag: 'img' | 'script' | 'link', path: string): Promise<string> => new Promise((resolve) => {
        const node = document.createElement(tag)
        node.onload = () => resolve('loaded')
        node.onerror = () => resolve('refused')
        if (node instanceof HTMLLinkElement) { node.rel = 'stylesheet'; node.href = `${origin}${path}` } else node.src = `${origin}${path}`
        document.body.append(node)
      })
      return {
        read: await attempt('/ui-config.json', {}), models: await attempt('/v1/models', { headers: { authorization: `Bearer ${token}` } }),
        quiet: await attempt('/logout', { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ end: 'all' }) }), json: await attempt('/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
        beacon: navigator.sendBeacon(`${origin}/logout`, new URLSearchParams({ end: 'all' })),
        image: await element('img', '/'), script: await element('script', '/assets/index-a1B2c3D4.js'), style: await element('link', '/login.css'), config: await element('script', '/ui-config.json'), link: await element('img', `/?token=${token}`),
      }
    }, { origin: `http://localhost:${door.port}`, token: testToken })
    expect({ ...got, quiet: got.quiet === 'opaque' ? 'blocked' : got.quiet }).toEqual({ read: 'blocked', models: 'blocked', quiet: 'blocked', json: 'blocked', beacon: true, image: 'refused', script: 'refused', style: 'refused', config: 'refused', link: 'refused' })
    expect([await signedInBrowsers(door), await stillSignedIn(page, door)]).toEqual([1, true])
  })

  it('ORG-04: another port of this machine, and its other name, are strangers', async () => {
    const door = await start()
    const near = await site(() => '<!doctype html><title>near</title>')
    const first = await victim(door, `http://localhost:${near.port}/`)
    for (const at of [`http://localhost:${near.port}/`, `http://127.0.0.1:${near.port}/`, `http://127.0.0.1:${door.port}/login`]) {
      const page = await tab(first, at)
      const got = await page.evaluate(async (origin) => {
        const socket = (): Promise<string> => new Promise((resolve) => {
          const ws = new WebSocket(origin.replace('http', 'ws'))
          ws.onopen = () => resolve('open')
          ws.onerror = () => resolve('refused')
        })
        const attempt = (path: string, init: RequestInit): Promise<string> => fetch(`${origin}${path}`, { credentials: 'include', ...init }).then((response) => `read ${response.status}`, () => 'blocked')
        return [await socket(), await attempt('/ui-config.json', {}), await attempt('/logout', { method: 'POST', body: new URLSearchParams({ end: 'all' }) })]
      }, `http://localhost:${door.port}`)
      // Our own other name may not send at all: its content policy names itself alone.
      expect([at, got]).toEqual([at, ['refused', 'blocked', 'blocked']])
    }
    expect(await signedInBrowsers(door)).toBe(1)
  })

  it('ORG-08: a name that turns to this machine after the page was loaded reads nothing', async () => {
    const door = await start()
    // The browser asks attacker.test on the door's own port: exactly what a name that changed its address would do.
    const page = await victim(door, `http://attacker.test:${door.port}/`)
    expect(await page.evaluate(() => document.body.innerText)).not.toMatch(/Gateway token|sessionDefault/)
    const polled = await page.evaluate(async () => {
      const said: string[] = []
      for (const path of ['/ui-config.json', '/', '/v1/models', '/login', '/health']) {
        said.push(await fetch(path).then(async (response) => `${response.status} ${(await response.text()).slice(0, 200)}`, () => 'blocked'))
      }
      return said
    })
    for (const answer of polled.slice(0, 4)) expect(answer).toMatch(/^(4\d\d|blocked)/)
    expect(polled.join()).not.toMatch(/sessionDefault|version|Gateway token|moltbot_session/)
  })

  it('ORG-09: nobody is signed in to a stranger\'s session by a page or a link they followed', async () => {
    const door = await start()
    const { token: link } = await door.rooms.signIns.link()
    const evil = await site((path) => (path === '/link' ? `<!doctype html><title>evil</title><a href="http://localhost:${door.port}/?token=${link}">free cake</a>` : `<!doctype html><title>evil</title>
      <form method="post" action="http://localhost:${door.port}/login"><input name="token" value="${testToken}"><input name="form" value="x"></form>`))
    const page = await visitor()
    await page.goto(`http://attacker.test:${evil.port}/`)
    const [answer] = await Promise.all([page.waitForResponse((response) => response.url().endsWith('/login')), page.evaluate(() => document.querySelector('form')?.submit())])
    expect(answer.status()).toBe(403)
    await page.waitForURL(/\/login/)
    await page.waitForLoadState()
    await page.goto(`http://attacker.test:${evil.port}/link`)
    await page.getByRole('link').click()
    await page.getByRole('alert').waitFor()
    expect([await signedInBrowsers(door), (await page.context().cookies()).some((cookie) => /session_\d+$/.test(cookie.name))]).toEqual([0, false])
    // The link was not used up by that.
    expect(await door.rooms.signIns.useLink(link)).toBe(true)
  })

  it('ORG-10: the page is in nobody\'s frame, and a window that opened it has no hold on it', async () => {
    const door = await start()
    const target = `http://localhost:${door.port}/`
    const evil = await site(() => `<!doctype html><title>evil</title><iframe src="${target}"></iframe><object data="${target}"></object><embed src="${target}">`)
    const page = await victim(door, `http://attacker.test:${evil.port}/`)
    await page.waitForLoadState('networkidle')
    for (const frame of page.frames().slice(1)) expect(await frame.evaluate(() => document.title).catch(() => 'none')).not.toBe('connected')
    const [popup] = await Promise.all([page.context().waitForEvent('page'), page.evaluate((url) => { Object.assign(window, { opened: window.open(url) }) }, target)])
    await popup.waitForFunction(() => document.title === 'connected')
    expect(await popup.evaluate(() => window.opener === null)).toBe(true)
    expect(await page.evaluate(() => (window as unknown as { opened: Window }).opened.closed)).toBe(true)
  })

  it('ORG-10 twin: without our headers the same page is framed', async () => {
    const open = await site(() => '<!doctype html><title>connected</title>')
    const evil = await site(() => `<!doctype html><title>evil</title><iframe src="http://localhost:${open.port}/"></iframe>`)
    const page = await visitor()
    await page.goto(`http://attacker.test:${evil.port}/`, { waitUntil: 'networkidle' })
    expect(await page.frames()[1]?.evaluate(() => document.title)).toBe('connected')
  })

  it('ORG-11: a stream is opened for no other page, whatever the cookie allows', async () => {
    const door = await start()
    const evil = await site(() => '<!doctype html><title>evil</title>')
    const name = `moltbot_session_${door.port}`
    const first = await victim(door, `http://attacker.test:${evil.port}/`)
    for (const sameSite of ['Strict', 'Lax'] as const) {
      for (const host of ['attacker.test', 'localhost']) {
        const page = await tab(first, `http://${host}:${evil.port}/`)
        const value = (await page.context().cookies()).find((cookie) => cookie.name === name)?.value ?? ''
        await page.context().addCookies([{ name, value, domain: 'localhost', path: '/', sameSite, httpOnly: true }])
        const got = await page.evaluate((origin) => Promise.all([
          new Promise<string>((resolve) => {
            const ws = new WebSocket(origin.replace('http', 'ws'))
            ws.onopen = () => resolve('open')
            ws.onerror = () => resolve('refused')
          }),
          new Promise<string>((resolve) => {
            const source = new EventSource(`${origin}/ui-config.json`, { withCredentials: true })
            source.onopen = () => { source.close(); resolve('open') }
            source.onerror = () => { source.close(); resolve('refused') }
          }),
        ]), `http://localhost:${door.port}`)
        expect([sameSite, host, got]).toEqual([sameSite, host, ['refused', 'refused']])
      }
    }
    // A cookie of a browser that knows no SameSite is sent from everywhere; the origin decides all the same.
    const { cookie } = await signInByForm(door.port)
    await expect(door.open({ headers: { origin: `http://attacker.test:${evil.port}`, cookie } })).rejects.toThrow('403')
  })
})
