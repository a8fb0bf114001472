import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectParams, runDoor, testToken, type RunningDoor } from '../testing/test-client.ts'

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const missing = program === undefined && process.env['CI'] === undefined
if (missing) console.warn('Skipped: the door in a real browser (no Chromium in /usr/bin).')

describe.skipIf(missing)('the door in a real browser', () => {
  let browser: Browser
  let door: RunningDoor
  let page: Page
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    await page.context().close()
    await door.close()
  })

  async function open(): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), 'door-browser-'))
    mkdirSync(join(directory, 'assets'))
    writeFileSync(join(directory, 'index.html'), '<!doctype html><title>Page</title><link rel="icon" href="data:,"><script type="module" src="/assets/index-a1B2c3D4.js"></script>')
    writeFileSync(join(directory, 'assets', 'index-a1B2c3D4.js'), `
      const socket = new WebSocket(location.origin.replace('http', 'ws'))
      socket.onmessage = (message) => {
        const frame = JSON.parse(message.data)
        if (frame.event === 'connect.challenge') socket.send(${JSON.stringify(JSON.stringify({ type: 'req', id: '1', method: 'connect', params: connectParams({ auth: undefined, scopes: undefined, client: { id: 'moltbot-control-ui', version: '1', platform: 'x', mode: 'webchat' } }) }))})
        if (frame.id === '1') document.title = frame.ok ? 'connected [' + document.cookie + ']' : frame.error.message
      }`)
    door = await runDoor({ uiDir: directory })
    page = await (await browser.newContext()).newPage()
  }
  const base = (): string => `http://localhost:${door.port}`

  it('signs in by the link, hides the token, and connects by the cookie alone', async () => {
    await open()
    const requested: string[] = []
    page.on('request', (request) => requested.push(request.headers()['referer'] ?? ''))
    await page.goto(`${base()}/?token=${testToken}`)
    await page.waitForFunction(() => document.title.startsWith('connected'))
    expect(page.url()).toBe(`${base()}/`)
    expect(await page.title()).toBe('connected []')
    expect(requested.join()).not.toContain(testToken)
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2)
  })

  it('signs in by the form, tells a wrong token in words, and signs out', async () => {
    await open()
    await page.goto(base())
    expect(page.url()).toBe(`${base()}/login`)
    await page.getByLabel('Gateway token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('not this gateway')
    await page.getByLabel('Gateway token').fill(testToken)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForFunction(() => document.title.startsWith('connected'))
    await page.goto(`${base()}/logout`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${base()}/login`)
    await page.goto(base())
    expect(page.url()).toBe(`${base()}/login`)
  })

  it('gives a page of another origin nothing, although the browser sends it the cookie', async () => {
    await open()
    await page.goto(`${base()}/?token=${testToken}`)
    await page.waitForFunction(() => document.title.startsWith('connected'))
    const stranger = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>stranger</title>'))
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    await page.goto(`http://localhost:${(stranger.address() as AddressInfo).port}/`)
    const got = await page.evaluate(async ({ origin, token }) => {
      const socket = (url: string): Promise<string> => new Promise((resolve) => {
        const ws = new WebSocket(url)
        ws.onopen = () => resolve('open')
        ws.onerror = () => resolve('refused')
      })
      const read = (path: string, init: RequestInit): Promise<string> => fetch(`${origin}${path}`, { credentials: 'include', ...init }).then((response) => `read ${response.status}`, () => 'blocked')
      return {
        socket: await socket(origin.replace('http', 'ws')),
        config: await read('/ui-config.json', {}),
        models: await read('/v1/models', { headers: { authorization: `Bearer ${token}` } }),
        signIn: await read('/login', { method: 'POST', body: new URLSearchParams({ token }) }),
        signOut: await read('/logout', { method: 'POST' }),
      }
    }, { origin: base(), token: testToken })
    expect(got).toEqual({ socket: 'refused', config: 'blocked', models: 'blocked', signIn: 'blocked', signOut: 'blocked' })
    await page.goto(base())
    await page.waitForFunction(() => document.title.startsWith('connected'))
    stranger.close()
  })
})
