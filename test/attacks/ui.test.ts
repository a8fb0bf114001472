import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { contentPolicy } from '../../gateway/src/api/http/respond.ts'
import { methods } from '../../gateway/src/api/methods/index.gen.ts'
import { signInByForm } from '../../gateway/src/api/testing/http-client.ts'
import { runDoor } from '../../gateway/src/api/testing/test-client.ts'
import { createMarkdownReader, isTangled } from '../../ui/src/markdown-blocks.ts'
import { buildPage, launch, noBrowser, shareTab, type SharedTab, type BuiltPage } from '../../ui/testing/browser.ts'
import { contentPolicy as policyOfFake, createFakeGateway, type FakeGateway, type Step } from '../../ui/testing/fake-gateway.ts'

const name = noBrowser ? 'UI: the page under attack (left out: no Chromium on this machine)' : 'UI: the page under attack'

const scripts = [
  '<script>attacked()</script>', '<img src=x onerror=attacked()>', '<svg onload=attacked()>', '<svg><script>attacked()</script></svg>', '<body onload=attacked()>', '<iframe srcdoc="<script>parent.attacked()</script>"></iframe>',
  '<iframe src="javascript:parent.attacked()"></iframe>', '<a href="javascript:attacked()">x</a>', '<a href="JaVaScRiPt:attacked()">x</a>', '<a href="java\tscript:attacked()">x</a>', '<a href="&#106;avascript:attacked()">x</a>', '<a href=" javascript:attacked()">x</a>',
  '<a href="data:text/html,<script>attacked()</script>">x</a>', '<a href="vbscript:attacked()">x</a>', '<form action="javascript:attacked()"><button>x</button></form>', '<button formaction="javascript:attacked()">x</button>', '<input autofocus onfocus=attacked()>', '<details open ontoggle=attacked()>x</details>',
  '<video><source onerror=attacked()></video>', '<audio src=x onerror=attacked()>', '<object data="javascript:attacked()"></object>', '<embed src="javascript:attacked()">', '<math><mtext><table><mglyph><style><img src=x onerror=attacked()>', '<noscript><p title="</noscript><img src=x onerror=attacked()>">',
  '<style>@import "//evil.example/x.css"; body{background:url(//evil.example/y)}</style>', '<link rel=stylesheet href=//evil.example/x.css>', '<link rel=prefetch href=//evil.example/p>', '<meta http-equiv=refresh content="0;url=//evil.example">', '<base href=//evil.example/>', '<template><script>attacked()</script></template>',
  '<div style="background:url(javascript:attacked())">x</div>', '<p style="behavior:url(#x)" onmouseover=attacked()>x</p>', '<marquee onstart=attacked()>x</marquee>', '<select autofocus onfocus=attacked()></select>', '<textarea autofocus onfocus=attacked()></textarea>', '<keygen autofocus onfocus=attacked()>',
  '<isindex type=image src=1 onerror=attacked()>', '<x onclick=attacked() tabindex=1 id=x></x>', '<img name=body><img id=app>', '<form id=app name=document><input name=cookie></form>', '"><script>attacked()</script>', '\'-attacked()-\'', '${attacked()}', '{{constructor.constructor("attacked()")()}}',
  '</textarea><script>attacked()</script>', '</title><script>attacked()</script>', '<!--><img src=x onerror=attacked()>-->', '<![CDATA[<script>attacked()</script>]]>', '<?xml version="1.0"?><script>attacked()</script>', '<img src="x` `<script>attacked()</script>"` `>',
  '\u202E<script>attacked()</script>', '<scr\u0000ipt>attacked()</scr\u0000ipt>', '<ſcript>attacked()</ſcript>', '\ufeff<script>attacked()</script>', '<img src=x:x onerror\n=\nattacked()>', '<a href=x onclick=attacked() href=y>x</a>', '<img srcset="//evil.example/a 1x">', '<svg><use href="data:image/svg+xml,<svg id=x onload=attacked()>#x"/></svg>',
  '<svg><image href="//evil.example/i"/></svg>', '<xmp><script>attacked()</script></xmp>', '<plaintext>', '<svg><a xlink:href="javascript:attacked()"><text y=20>x</text></a></svg>',
]
const markdown = [
  '[x](javascript:attacked())', '[x](JAVASCRIPT:attacked())', '[x](java&#115;cript:attacked())', '[x](java&Tab;script:attacked())', '[x](  javascript:attacked())', '[x](vbscript:attacked())', '[x](data:text/html;base64,PHNjcmlwdD5hdHRhY2tlZCgpPC9zY3JpcHQ+)', '<javascript:attacked()>', '[x][1]\n\n[1]: javascript:attacked()',
  '[a [b](javascript:attacked())](https://example.com)', '![x](javascript:attacked())', '![x](https://evil.example/pixel.png)', '![x][2]\n\n[2]: //evil.example/p.png', '[x](//evil.example/relative)', '[x](/login)', '[x](file:///etc/passwd)', '<!-- <script>attacked()</script> -->', '[x](https://example.com "onmouseover=attacked() ")',
  '`<script>attacked()</script>`', '```html\n<script>attacked()</script>\n```', '| <img src=x onerror=attacked()> |\n|---|\n| <svg onload=attacked()> |', '# <script>attacked()</script>', '- [ ] <img src=x onerror=attacked()>', '[^1]\n\n[^1]: <script>attacked()</script>', '[x](blob:https://evil.example/a)', 'https://example.com/<script>attacked()</script>',
]

describe.skipIf(noBrowser)(name, () => {
  let browser: Browser
  let built: BuiltPage
  let tab: SharedTab
  let fake: FakeGateway | undefined
  let outside: string[] = []
  let page: Page

  beforeAll(async () => {
    built = await buildPage()
    browser = await launch()
    tab = await shareTab(browser)
  })
  afterAll(async () => {
    await browser?.close()
  })
  afterEach(async () => {
    page.off('request', note)
    const faults = await tab.leave()
    await fake?.close()
    fake = undefined
    const called = outside
    outside = []
    homes = []
    expect([faults, called]).toEqual([[], []])
  })

  /** Where the page came from in this test; a part of it may still be on its way when the next one is opened. */
  let homes: string[] = []
  const note = (request: Request): void => {
    if (!/^(?:data:|about:)/.test(request.url()) && !homes.some((home) => request.url().startsWith(home))) outside.push(request.url())
  }
  async function visit(prepare: (gateway: FakeGateway) => void = () => undefined, address = ''): Promise<FakeGateway> {
    const gateway = await createFakeGateway(built.dir)
    fake = gateway
    homes.push(gateway.url)
    prepare(gateway)
    page = await tab.visit(`${gateway.url}${address}`)
    page.on('request', note)
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor()
    await page.evaluate(() => { (globalThis as { attacked?: () => void }).attacked = () => { document.title = 'ATTACKED' } })
    return gateway
  }
  async function say(words: string): Promise<void> {
    const composer = page.getByRole('textbox', { name: 'Message', exact: true })
    await composer.fill(words)
    await composer.press('Enter')
    await page.getByRole('article', { name: 'You' }).last().getByText('Answered').waitFor()
  }
  /** Touches everything, opens every fold, and tells what should not be there. */
  async function findings(): Promise<string[]> {
    return page.evaluate(async () => {
      for (const fold of document.querySelectorAll<HTMLElement>('details > summary')) fold.click()
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      const bad: string[] = document.title === 'ATTACKED' ? ['a script ran'] : []
      for (const element of document.body.querySelectorAll('*')) {
        for (const kind of ['mouseover', 'mouseenter', 'focus', 'toggle', 'error', 'load']) element.dispatchEvent(new Event(kind, { bubbles: false }))
        const tag = element.tagName.toLowerCase()
        if (['iframe', 'object', 'embed', 'style', 'meta', 'base', 'math', 'video', 'audio', 'template', 'marquee', 'use', 'image', 'foreignobject'].includes(tag)) bad.push(tag)
        if (['form', 'noscript'].includes(tag) && element.closest('.conversation, .ask, .sidebar') !== null && element.closest('.composer') === null) bad.push(tag)
        if (tag === 'script' && !(element.getAttribute('src') ?? '').startsWith('/assets/') && !(element.getAttribute('src') ?? '').startsWith('./assets/')) bad.push(element.outerHTML)
        for (const { name: attribute, value } of element.attributes) {
          if (/^on/i.test(attribute)) bad.push(`${tag} ${attribute}`)
          if (['href', 'src', 'action', 'formaction', 'xlink:href', 'srcset'].includes(attribute) && !/^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);base64,|#|\.?\/(?:assets|icon|favicon|logo|logout|manifest)|\/?\.?\/?$)/.test(value)) bad.push(`${tag} ${attribute}=${value}`)
        }
      }
      if (document.title === 'ATTACKED') bad.push('a script ran')
      return bad
    })
  }

  it('UI-01: script in everything that is shown stays words', async () => {
    const everywhere = scripts.join(' ')
    await visit((gateway) => {
      gateway.defaultModel = { provider: 'acme', model: everywhere.slice(0, 300) }
      gateway.models = [{ id: everywhere.slice(0, 300), name: everywhere.slice(0, 300), provider: 'acme', available: true, input: ['text'] }]
      gateway.channels = [{ id: 'web', label: everywhere, accounts: [{ accountId: everywhere, enabled: true, configured: true, state: 'needs-you', detail: everywhere, name: everywhere }] }]
      gateway.pairing = [{ channel: 'web', account: everywhere, sender: everywhere, senderName: everywhere, code: 'K7QX2M', createdAt: Date.now(), expiresAt: Date.now() + 1e6 }]
      for (const [at, script] of scripts.entries()) gateway.sessions.set(`agent:main:${at}`, { key: `agent:main:${at}`, messages: [], row: { key: `agent:main:${at}`, label: script, derivedTitle: script, displayName: script, lastMessagePreview: script, updatedAt: at } })
      gateway.answer = () => scripts.flatMap((script): Step[] => [{ kind: 'tool', name: script, input: { [script]: script, path: script }, result: script }, { kind: 'thinking', text: script }]).slice(0, 60).concat([{ kind: 'text', text: everywhere }])
    })
    await say(scripts.slice(0, 20).join('\n'))
    fake?.ask({ command: everywhere, detail: everywhere, reason: everywhere, always: everywhere, principal: everywhere, tool: everywhere })
    await page.getByText('May it do this?').first().waitFor()
    await page.getByRole('button', { name: '1 request waits for you' }).click()
    await page.getByText('K7QX2M').waitFor()
    expect(await findings()).toEqual([])
    fake?.emit('chat', { runId: 'x', sessionKey: 'agent:main:main', seq: 0, state: 'error', errorMessage: everywhere, errorKind: everywhere })
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('<')
    expect(await findings()).toEqual([])
    expect(await page.getByText('<script>attacked()</script>').count()).toBeGreaterThan(3)
  })

  it('UI-02: Markdown that wants to be more leads nowhere, runs nothing and shadows no name of the page', async () => {
    await visit((gateway) => { gateway.answer = () => [{ kind: 'text', text: [...markdown, '<img id=attacked><a id=stage name=location>', '<form name=body>'].join('\n\n') }] })
    await say('go')
    expect(await findings()).toEqual([])
    expect(await page.evaluate(() => [typeof (globalThis as { stage?: unknown }).stage, document.body.tagName, document.querySelectorAll('.conversation [name], .conversation form').length])).toEqual(['undefined', 'BODY', 0])
    const links = await page.locator('.conversation a[href]').evaluateAll((all) => all.map((one) => [one.getAttribute('target'), one.getAttribute('rel')].join()))
    expect(new Set(links)).toEqual(new Set(['_blank,noopener noreferrer']))
  })

  it('UI-03: nothing that is shown calls home, and a picture from elsewhere is a link until it is clicked', async () => {
    const callers = ['![a](https://evil.example/1.png)', '<img src=https://evil.example/2.png>', '<svg><image href="https://evil.example/3"/></svg>', '<div style="background:url(https://evil.example/4)">x</div>', '<link rel=dns-prefetch href=https://evil.example>', '<picture><source srcset=https://evil.example/5><img src=https://evil.example/6></picture>', '![a](//evil.example/7)', '[![a](https://evil.example/8)](https://evil.example/9)', '<video poster=https://evil.example/10>', '<link rel=icon href=https://evil.example/11>']
    await visit((gateway) => { gateway.answer = () => callers.map((text): Step => ({ kind: 'text', text: `${text}\n\n` })) })
    await say('go')
    expect(await page.locator('.conversation img').count()).toBe(0)
    expect(await page.locator('.conversation a.remote-image').count()).toBeGreaterThan(2)
    expect(await findings()).toEqual([])
  })

  it('UI-04: texts made to freeze are shown as they are, and the page answers meanwhile', async () => {
    const heavy = ['x'.repeat(1_000_000), '>'.repeat(100_000), Array.from({ length: 3_000 }, (_, at) => `${' '.repeat(at)}- a`).join('\n').slice(0, 1_000_000), `|${'a|'.repeat(3_000)}\n|${'-|'.repeat(3_000)}\n`, 'a\u0300\u0301\u0302'.repeat(30_000), '😀'.repeat(10_000), '**a'.repeat(30_000), '['.repeat(50_000), '`a '.repeat(20_000)]
    const gateway = await visit()
    for (const [at, text] of heavy.entries()) {
      gateway.sessions.set(`agent:main:heavy${at}`, { key: `agent:main:heavy${at}`, row: { key: `agent:main:heavy${at}`, label: `heavy ${at}`, updatedAt: 1e13 + at }, messages: [{ role: 'assistant', content: [{ type: 'text', text }], timestamp: 1, __openclaw: { id: `h${at}`, seq: 1 } }] })
    }
    gateway.emit('sessions.changed', { sessionKey: 'agent:main:heavy0', reason: 'new', ts: Date.now() })
    for (const [at, text] of heavy.entries()) {
      await page.getByText(`heavy ${at}`, { exact: true }).first().click()
      await page.getByRole('article', { name: 'Assistant' }).waitFor()
      expect((await page.getByRole('article', { name: 'Assistant' }).innerText()).length).toBeGreaterThan(Math.min(text.length, 3_000) / 4)
    }
    await page.getByText('heavy 0', { exact: true }).first().click()
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('still here')
  })

  it('UI-04 twin: without the look beforehand, such a text ends the reader', () => {
    page.off('request', note)
    const quotes = '>'.repeat(5_000)
    expect(isTangled(quotes)).toBe(true)
    expect(() => createMarkdownReader().read(quotes)).not.toThrow()
    expect(isTangled(`${'> '.repeat(8)}a\n\n- a\n  - b\n    - **c**`)).toBe(false)
  })

  it('UI-05: markup cut at any byte is what the whole is, and no half of a tag ever lives', async () => {
    const whole = 'a <b>bold</b> &amp; 😀 [x](javascript:attacked()) <img src=x onerror=attacked()> ![p](https://evil.example/p.png) `<script>`'
    const pieces = Array.from({ length: Math.ceil(whole.length / 3) }, (_, at): Step => ({ kind: 'text', text: whole.slice(at * 3, at * 3 + 3) }))
    await visit((gateway) => { gateway.answer = (words) => (words === 'pieces' ? pieces : [{ kind: 'text', text: whole }]) })
    await page.evaluate(() => {
      new MutationObserver(() => { if (document.querySelector('.conversation script, .conversation img, .conversation [onerror], .conversation a[href^="javascript"]') !== null) document.title = 'ATTACKED' })
        .observe(document.body, { subtree: true, childList: true, attributes: true })
    })
    await say('whole')
    await say('pieces')
    const read = createMarkdownReader()
    for (let at = 1; at <= whole.length; at += 1) read.read(whole.slice(0, at))
    expect(read.read(whole).map(({ token }) => token.raw).join('')).toBe(createMarkdownReader().read(whole).map(({ token }) => token.raw).join(''))
    expect(await findings()).toEqual([])
  })

  it('UI-06: what the content policy must stop is stopped, by the very policy the gateway sends', async () => {
    expect(policyOfFake).toBe(contentPolicy)
    await visit()
    const directives = ['base-uri', 'connect-src', 'form-action', 'frame-src', 'style-src-elem', 'thrown']
    const stopped = await page.evaluate(async (wanted) => {
      const seen: string[] = []
      document.addEventListener('securitypolicyviolation', (event) => { seen.push(event.violatedDirective); event.stopImmediatePropagation() }, true)
      const attempt = async (what: () => unknown): Promise<void> => { try { await what() } catch { seen.push('thrown') } }
      await attempt(() => (Reflect.get(globalThis, 'eval') as (code: string) => unknown)('1'))
      await attempt(() => { document.body.insertAdjacentHTML('beforeend', '<b>x</b>') })
      await attempt(() => { document.createElement('div').innerHTML = '<img src=x>' })
      await attempt(() => { const script = document.createElement('script'); script.text = 'attacked()'; document.body.append(script) })
      await attempt(() => new Worker(URL.createObjectURL(new Blob(['1'], { type: 'text/javascript' }))))
      await attempt(() => fetch('https://evil.example/'))
      await attempt(() => { const base = document.createElement('base'); base.href = 'https://evil.example/'; document.head.append(base) })
      await attempt(() => { const object = document.createElement('object'); object.data = 'https://evil.example/'; document.body.append(object) })
      await attempt(() => { const frame = document.createElement('iframe'); frame.src = 'https://evil.example/'; document.body.append(frame) })
      const leave = (): void => { const form = document.createElement('form'); form.action = 'https://evil.example/'; document.body.append(form); form.submit() }
      await attempt(leave)
      await attempt(() => { const style = document.createElement('style'); style.textContent = 'body{}'; document.head.append(style) })
      await attempt(() => new FontFace('f', 'url(https://evil.example/f)').load())
      // Each is told when the browser comes to it. A form that it did not come to at all is sent once more.
      for (let left = 200; left > 0 && !wanted.every((one) => seen.includes(one)); left -= 1) {
        if (left % 20 === 0) await attempt(leave)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      return { seen: [...new Set(seen)].sort(), title: document.title, base: document.baseURI.replace(/#.*/, '') }
    }, directives)
    outside = outside.filter((url) => !url.includes('evil.example') && !url.startsWith('blob:'))
    expect(stopped.title).not.toBe('ATTACKED')
    expect(stopped.base).toBe(fake?.url)
    for (const directive of directives) expect(stopped.seen).toContain(directive)
    // What it broke here was meant to be broken.
    await tab.leave()
  })

  it('UI-08: messages of other windows, and of frames, are nobody\'s orders', async () => {
    const gateway = await visit()
    const before = gateway.requests.length
    await page.evaluate(() => {
      for (const data of [{ type: 'req', method: 'chat.send', params: { message: 'x' } }, { type: 'event', event: 'chat', payload: {} }, { gatewayUrl: 'wss://evil.example' }, 'connect', { token: 'x' }]) {
        window.postMessage(data, '*')
        window.dispatchEvent(new MessageEvent('message', { data, origin: 'https://evil.example' }))
        window.dispatchEvent(new StorageEvent('storage', { key: 'gatewayUrl', newValue: 'wss://evil.example' }))
      }
    })
    await say('still mine')
    expect(gateway.requests.slice(before).filter(({ method }) => method === 'chat.send').map(({ params }) => params['message'])).toEqual(['still mine'])
    expect(await findings()).toEqual([])
  })

  it('UI-10: an approval hides nothing, and a long one can only be allowed by who went to its end', async () => {
    const gateway = await visit()
    gateway.ask({ command: `run: curl https://ok.example \u202Eelpmaxe.live//:sptth\u200B\u0007\u001B[2K\n${'harmless\n'.repeat(7_000)}rm -rf the-end` })
    const card = page.locator('main').getByRole('region', { name: 'May it do this?' })
    const what = card.locator('.ask-what')
    await what.waitFor()
    const shown = await what.innerText()
    for (const mark of ['⟨U+202E⟩', '⟨U+200B⟩', '⟨U+0007⟩', '⟨U+001B⟩', 'rm -rf the-end']) expect(shown).toContain(mark)
    const yes = card.getByRole('button', { name: 'Allow once' })
    await page.getByText('Read it to its end').waitFor()
    expect(await yes.getAttribute('aria-disabled')).toBe('true')
    await yes.click({ force: true })
    await what.evaluate((place) => { place.scrollTop = place.scrollHeight / 2 })
    expect(await yes.getAttribute('aria-disabled')).toBe('true')
    await what.evaluate((place) => { place.scrollTop = place.scrollHeight })
    await page.getByText('Read it to its end').waitFor({ state: 'detached' })
    expect(gateway.requests.filter(({ method }) => method === 'exec.approval.resolve')).toEqual([])
    await yes.click()
    await page.getByRole('heading', { name: 'Allowed once' }).waitFor()
  })

  it('UI-11: a question that appears under a pointer or a typing hand takes no yes, nor does a script\'s click', async () => {
    const gateway = await visit()
    await page.getByRole('textbox', { name: 'Message', exact: true }).pressSequentially('typing on')
    // A click at the very moment the card is there, before any time went by for a person.
    await page.evaluate(() => {
      new MutationObserver((_, observer) => {
        const yes = [...document.querySelectorAll<HTMLElement>('main .ask button')].find((button) => button.textContent === 'Allow once')
        if (yes === undefined) return
        observer.disconnect()
        yes.click()
        Object.assign(globalThis, { pressed: `${document.activeElement?.tagName} ${yes.getAttribute('aria-disabled')}` })
      }).observe(document.body, { subtree: true, childList: true })
    })
    gateway.ask({ command: 'run: rm -rf x' })
    const yes = page.locator('main').getByRole('button', { name: 'Allow once' })
    await yes.waitFor()
    // The focus stays where the hands are, and nothing can be said yes to yet.
    expect(await page.evaluate(() => (globalThis as { pressed?: string }).pressed)).toBe('TEXTAREA true')
    await page.keyboard.type(' and on')
    await yes.evaluate((button) => { (button as HTMLElement).click() })
    expect(gateway.requests.filter(({ method }) => method === 'exec.approval.resolve')).toEqual([])
    // A person's own press, a moment later, counts.
    await yes.click()
    await page.getByRole('heading', { name: 'Allowed once' }).waitFor()
  })

  it('UI-13: after signing out nothing of the conversation or a secret is left in the browser', async () => {
    const gateway = await visit()
    await say('words-that-must-not-stay')
    gateway.signedOut = true
    gateway.cut()
    await page.getByText(/sign in/i).first().waitFor()
    const left = await page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, (await indexedDB.databases()).map(({ name: known }) => known), 'caches' in globalThis ? await caches.keys() : []]))
    expect(left).not.toMatch(/words-that-must-not-stay|You said|token|secret|password/i)
  })

  it('UI-14: no part of the address says to whom the page speaks, or leads away', async () => {
    const tricks = ['gatewayUrl=wss://evil.example', 'gateway=evil.example', 'url=//evil.example', 'host=evil.example', 'next=//evil.example', 'returnTo=https://evil.example', 'redirect=javascript:attacked()', 'ws=ws://evil.example', 'token=stolen', 'session=%3Cscript%3Eattacked()%3C/script%3E']
    for (const trick of [`?${tricks.join('&')}`, '#//evil.example', '#/javascript:attacked()', '#/<img src=x onerror=attacked()>', '#/chat/%2e%2e%2f%2e%2e%2flogin', '#gatewayUrl=wss://evil.example', '#/chat/__proto__', '#/constructor', '#/settings/../../x', `#${'/a'.repeat(2_000)}`]) {
      await fake?.close()
      await visit(undefined, trick)
      const lines = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name: url }) => new URL(url).host))
      expect([trick, [...new Set(lines)]]).toEqual([trick, [new URL(fake?.url ?? '').host]])
      expect([trick, await findings()]).toEqual([trick, []])
    }
  })

  it('UI-15: what is searched for is looked for letter by letter, whatever pattern it looks like', async () => {
    await visit((gateway) => {
      for (let at = 0; at < 200; at += 1) gateway.sessions.set(`agent:main:s${at}`, { key: `agent:main:s${at}`, messages: [], row: { key: `agent:main:s${at}`, label: `${'a'.repeat(200)} (a+)+$ ${at}`, updatedAt: at } })
    })
    await page.keyboard.press('Control+k')
    for (const pattern of ['(a+)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '[', '(?=', '\\', '*'.repeat(5_000), '(a|aa)+b']) {
      await page.getByRole('combobox').fill(pattern)
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
      if (pattern === '(a+)+$') await page.getByRole('option').first().waitFor()
    }
    expect(await findings()).toEqual([])
  })
})

describe('UI-07: files', () => {
  it('UI-07: what is no file of the page is never served as one, and no type is guessed', async () => {
    const page = await buildPage()
    const door = await runDoor({ uiDir: page.dir, methods })
    try {
      const { cookie } = await signInByForm(door.port)
      for (const path of ['/assets/evil.svg', '/assets/evil.html', '/workspace/a.svg', '/media/x.html', '/files/a.xml', '/avatar/main', '/index.html.svg', '/assets/../secrets.env', '/assets/%2e%2e/x']) {
        const answer = await fetch(`${door.url}${path}`, { headers: { cookie }, redirect: 'manual' })
        expect([path, answer.status >= 400, answer.headers.get('x-content-type-options'), /svg|xml/.test(answer.headers.get('content-type') ?? '')]).toEqual([path, true, 'nosniff', false])
        expect(answer.headers.get('content-security-policy')).toBe(contentPolicy)
      }
    } finally {
      await door.close()
    }
  })

  it('UI-07 twin: a server without these headers would have its SVG run', async () => {
    const servers: Server[] = []
    const server = createServer((_, response) => { response.setHeader('Content-Type', 'image/svg+xml').end('<svg xmlns="http://www.w3.org/2000/svg" onload="document.documentElement.setAttribute(\'ran\', 1)"/>') })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x.svg`)
    expect([answer.headers.get('content-security-policy'), answer.headers.get('x-content-type-options'), answer.headers.get('content-type')]).toEqual([null, null, 'image/svg+xml'])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
