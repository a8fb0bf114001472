import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launch, noBrowser } from '../../ui/testing/browser.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

const name = noBrowser ? 'UI-09: a page of an agent\'s making (left out: no Chromium on this machine)' : 'UI-09: a page of an agent\'s making'

/** An agent puts a page before somebody in one way: as a file. It is handed over to be kept, and shown by nobody; were it shown, it could do nothing. */
describe.skipIf(noBrowser)(name, () => {
  let at: TestGateway
  let browser: Browser
  let context: BrowserContext
  let page: Page
  /** Another machine, and what was asked of it. */
  let outside: Server
  let home: string
  const called: string[] = []
  let file: string
  const base = (): string => `http://127.0.0.1:${at.gateway.port}`

  /** Everything a page may try, each with a call to the other machine as its proof. */
  const hostile = (): string => `<!doctype html><title>a report</title><meta http-equiv="refresh" content="0;url=${home}/refresh"><link rel="stylesheet" href="${home}/style"><link rel="prefetch" href="${home}/prefetch">
    <body><img src="${home}/img"><iframe src="${home}/frame"></iframe><object data="${home}/object"></object><video src="${home}/video" autoplay></video><form id="f" action="${home}/form"><button autofocus>x</button></form><a id="d" download href="/files/x">x</a>
    <script>
      document.title = 'ran'
      const tell = (what) => fetch('${home}/' + what, { mode: 'no-cors' })
      const attempt = (what, work) => Promise.resolve().then(work).then(() => tell(what), () => undefined)
      tell('script')
      attempt('storage', () => localStorage.setItem('seen', '1'))
      attempt('cookie', () => { document.cookie = 'planted=1'; if (!document.cookie.includes('planted')) throw 0 })
      attempt('parent', () => parent.document.title)
      attempt('same-origin', () => fetch('/v1/models').then((answer) => { if (!answer.ok) throw 0 }))
      attempt('worker', () => navigator.serviceWorker.register(location.href))
      attempt('popup', () => { if (open('${home}/popup') === null) throw 0 })
      attempt('clipboard', () => navigator.clipboard.writeText('planted'))
      attempt('pointer', () => document.body.requestPointerLock())
      attempt('download', () => document.getElementById('d').click())
      attempt('submitted', () => document.getElementById('f').submit())
      attempt('top', () => { top.location.href = '${home}/top' })
    </script>`

  beforeAll(async () => {
    outside = createServer((request, response) => {
      called.push(request.url ?? '')
      response.setHeader('Access-Control-Allow-Origin', '*')
      response.end('')
    })
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
    home = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`
    at = await startTestGateway({ telegram: false })
    mkdirSync(join(at.stateDir, 'workspace'), { recursive: true })
    writeFileSync(join(at.stateDir, 'workspace', 'report.html'), hostile())
    const client = await at.connect()
    at.model.use(inOrder([callTool('message', { action: 'send', file: 'report.html' })], [say('there it is')]))
    await client.ask('make me a page', 'page')
    const shown = client.events.flatMap(({ payload }) => (payload as { message?: { files?: { id: string }[] } }).message?.files ?? [])
    file = `/files/${shown[0]?.id ?? 'none'}`
    client.close()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await at?.close()
    outside?.close()
  })
  beforeEach(async () => {
    context = await browser.newContext({ acceptDownloads: true })
    page = await context.newPage()
    await page.goto(`${base()}/?token=${at.token}`)
    called.length = 0
  })
  afterEach(() => context.close())

  /** As a browser would do that shows what it was told to keep: the file comes as a page, with these of its own headers taken away. */
  async function shownAllTheSame(taken: readonly string[]): Promise<void> {
    await context.route(`**${file}`, async (route) => {
      const answer = await route.fetch()
      const headers = Object.fromEntries(Object.entries(answer.headers()).filter(([header]) => !taken.includes(header)))
      await route.fulfill({ response: answer, headers: { ...headers, 'content-type': 'text/html' } })
    })
    await page.goto(`${base()}${file}`, { waitUntil: 'commit' })
    await page.waitForLoadState('networkidle')
  }

  it('UI-09: is a file to be kept, whoever leads there, and no document', async () => {
    const before = page.url()
    const download = page.waitForEvent('download')
    await expect(page.goto(`${base()}${file}`)).rejects.toThrow(/Download is starting|ERR_ABORTED/)
    expect((await download).suggestedFilename()).toBe('report.html')
    expect([page.url(), await page.title() === 'ran']).toEqual([before, false])
    // Nor in a frame of a page of ours, should somebody get one in there.
    await page.evaluate((address) => {
      const frame = document.createElement('iframe')
      frame.src = address
      document.body.append(frame)
    }, file)
    await page.waitForLoadState('networkidle')
    expect(await Promise.all(page.frames().map((frame) => frame.title()))).not.toContain('ran')
    expect(called).toEqual([])
  })

  it('UI-09: shown by a browser all the same, it runs nothing, reaches nobody, leads nowhere and finds nothing of ours', async () => {
    await shownAllTheSame(['content-disposition'])
    expect([await page.title(), page.url()]).toEqual(['a report', `${base()}${file}`])
    expect(context.pages()).toHaveLength(1)
    expect(called).toEqual([])
    expect((await context.cookies()).map((cookie) => cookie.name)).not.toContain('planted')
  })

  it('UI-09 twin: without its policy it runs, opens windows and leads away', async () => {
    await shownAllTheSame(['content-disposition', 'content-security-policy'])
    await expect.poll(() => called, { timeout: 60_000 }).toEqual(expect.arrayContaining(['/popup', '/top']))
  })
})
