import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { realClock } from '@moltbot/contract/testing'
import { createWeb, type Web } from './create-web.ts'
import { createReader } from './reading/create-reader.ts'
import { createEgressWorld, ownerIdentity, secretOf, type EgressWorld } from './testing/egress-world.ts'
import { builtReader } from './testing/reader-command.ts'
import { samplePdf } from './testing/sample-pdf.ts'

const readerCommand = builtReader()
let world: EgressWorld
let web: Web
beforeEach(async () => {
  world = await createEgressWorld()
  web = createWeb({ egress: world.egress, config: world.config, secrets: { get: async (path) => world.secrets.get(path) }, clock: realClock, random: randomBytes, reader: createReader({ command: await readerCommand(), clock: realClock }) })
})
afterEach(() => world.close())
const signal = new AbortController().signal
const read = (url: string, as: 'markdown' | 'text' = 'markdown', charsMax?: number) => web.read(ownerIdentity, url, { as, ...(charsMax === undefined ? {} : { charsMax }) }, signal)
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'it went through', (error: { code?: string }) => error.code ?? String(error))

const paragraph = 'This is a sentence about nothing in particular, long enough to be taken for a part of an article. '.repeat(4)
const page = `<!doctype html><html><head><title>A  title</title><style>x{}</style><script>alert(1)</script></head><body><nav><a href="/menu">Menu</a></nav><article><h1>Head</h1><p>${paragraph}<a href="/next?a=1#part">on</a>
  <a href="javascript:alert(1)">click</a></p><p style="display: none">HIDDEN-STYLE</p><p hidden>HIDDEN-ATTRIBUTE</p><p aria-hidden="true">HIDDEN-ARIA</p><!-- HIDDEN-COMMENT --><img src="http://sink.example/x.png" alt="a cat"><ul><li>one</li><li>two</li></ul></article></body></html>`

it('reads a page as Markdown with whole addresses, without what nobody sees', async () => {
  await world.serve('site.example', (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page))
  const got = await read('http://site.example/dir/page')
  expect(got).toMatchObject({ url: 'http://site.example/dir/page', status: 200, contentType: 'text/html', title: 'A title', truncated: false })
  expect(got.text).toContain('[on](http://site.example/next?a=1#part)')
  expect(got.text).toMatch(/- +one/)
  expect(got.text).toContain('[image: a cat]'.replaceAll('[', '\\[').replaceAll(']', '\\]'))
  expect(got.text).not.toMatch(/HIDDEN|alert|sink\.example|javascript:/)
  expect(got.links).toEqual(['http://site.example/menu', 'http://site.example/next?a=1#part'])
  const short = await read('http://site.example/dir/page', 'markdown', 50)
  expect([short.text.length, short.truncated, short.boundary === got.boundary]).toEqual([50, true, false])
  expect((await read('http://site.example/dir/page', 'text')).text).not.toContain('](')
})

it.each(['<title>T</title><p>Just words', '<html><head><title>T</title></head><p>Just words</html>', '<!doctype html><title>T</title><table><tr><td>Just words', '<html><title>T</title><frameset><frame src="x"></frameset>Just words'])('reads a page that is not complete: %s', async (html) => {
  await world.serve('site.example', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html))
  expect(await read('http://site.example/')).toMatchObject({ title: 'T', text: expect.stringContaining('Just words') })
})

it('reads JSON, text and PDF, by what they are', async () => {
  await world.serve('site.example', (request, response) => {
    if (request.url === '/json') response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":[1,"see https://other.example/x."]}')
    else if (request.url === '/text') response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' }).end(Buffer.from('Gr\xfc\xdfe', 'latin1'))
    else response.writeHead(200, { 'content-type': 'text/html' }).end(samplePdf(['Page one', 'Page two']))
  })
  expect(await read('http://site.example/json')).toMatchObject({ text: '{\n "a": [\n  1,\n  "see https://other.example/x."\n ]\n}', links: ['https://other.example/x'] })
  expect((await read('http://site.example/text')).text).toBe('Grüße')
  expect((await read('http://site.example/pdf')).text).toBe('[page 1 of 2]\nPage one\n\n[page 2 of 2]\nPage two')
  expect((await web.pdf(samplePdf(['Page one', 'Page two']), { pages: { first: 2, last: 9 } }, signal)).text).toBe('[page 2 of 2]\nPage two')
  expect(await codeOf(web.pdf(Buffer.from('no pdf'), {}, signal))).toBe('web-content')
})

it('hands on a file under the name its address ends with, and only from where one may reach', async () => {
  await world.serve('site.example', (request, response) => {
    if (request.url === '/gone.pdf') response.writeHead(404).end('no')
    else response.writeHead(200, { 'content-type': request.url === '/cat' ? 'image/jpeg' : 'text/html; charset=utf-8' }).end(`bytes of ${request.url ?? ''}`)
  })
  const file = async (path: string): Promise<[string, string]> => {
    const { fileName, bytes } = await web.file(ownerIdentity, `http://site.example${path}`, signal)
    return [fileName, bytes.toString()]
  }
  expect([await file('/a/my%20report.pdf?x=1'), await file('/cat'), await file('/'), await file('/odd%zz')]).toEqual([
    ['my report.pdf', 'bytes of /a/my%20report.pdf?x=1'], ['cat.jpg', 'bytes of /cat'], ['file.html', 'bytes of /'], ['odd%zz.html', 'bytes of /odd%zz'],
  ])
  expect([await codeOf(file('/gone.pdf')), await codeOf(web.file(ownerIdentity, 'http://127.0.0.1/', signal)), await codeOf(web.file(ownerIdentity, 'file:///etc/passwd', signal))]).toEqual(['web-content', 'egress-host-refused', 'egress-url'])
})

it('MED: hands on a picture by what its bytes are, not by what it is called, within its size, and only from where one may reach', async () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  const answers: Record<string, [number, string, Buffer]> = {
    '/a': [200, 'text/plain', png], '/webp': [200, '', Buffer.from('RIFF\0\0\0\0WEBPVP8 ')], '/svg': [200, 'image/png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')], '/page': [200, 'image/png', Buffer.from('<!doctype html>')],
    '/gone': [404, 'image/png', png], '/huge': [200, 'image/png', Buffer.concat([png, Buffer.alloc(5_100_000)])], '/empty': [200, 'image/png', Buffer.alloc(0)],
  }
  await world.serve('site.example', (request, response) => {
    const [status, type, body] = answers[request.url ?? ''] ?? [302, '', Buffer.alloc(0)]
    response.writeHead(status, { ...(type === '' ? {} : { 'content-type': type }), ...(status === 302 ? { location: 'http://169.254.169.254/a.png' } : {}) }).end(body)
  })
  const picture = (path: string) => web.picture(ownerIdentity, `http://site.example${path}`, signal)
  expect(await picture('/a')).toMatchObject({ url: 'http://site.example/a', mimeType: 'image/png', data: png.toString('base64') })
  expect(await picture('/webp')).toMatchObject({ mimeType: 'image/webp' })
  for (const path of ['/svg', '/page', '/gone', '/empty']) expect([path, await codeOf(picture(path))]).toEqual([path, 'web-content'])
  expect(await codeOf(picture('/huge'))).toBe('egress-too-large')
  expect(await codeOf(picture('/moved'))).toMatch(/^egress-/)
})

it('keeps a page for a while, for the same person, and asks again when told not to', async () => {
  const asked = await world.serve('site.example', (_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('words'))
  await read('http://site.example/')
  await read('http://site.example/')
  expect(asked).toHaveLength(1)
  await web.read({ ...ownerIdentity, principal: 'someone' as never, owner: false }, 'http://site.example/', { as: 'markdown' }, signal)
  expect(asked).toHaveLength(2)
  world.configure({ web: { fetch: { cacheTtlMinutes: 0 } } })
  await read('http://site.example/')
  await read('http://site.example/')
  expect(asked).toHaveLength(4)
  world.configure({ web: { fetch: { enabled: false }, search: { enabled: false } } })
  expect(await codeOf(read('http://site.example/'))).toBe('web-off')
  expect(await codeOf(web.search(ownerIdentity, { query: 'x' }, signal))).toBe('web-off')
})

it('searches with Brave where there is a key, which goes nowhere else', async () => {
  const key = secretOf('brave')
  world.secrets.set('env:BRAVE_API_KEY', key)
  const asked = await world.serveTls('api.search.brave.com', (_, response) => response.end(JSON.stringify({ web: { results: [{ title: 'A <strong>b</strong> &amp; c', url: 'https://a.example/', description: 'd' }, { title: 'bad', url: 'javascript:1' }, { title: 'e', url: 'https://e.example/' }] } })))
  expect(await web.search(ownerIdentity, { query: 'cats & dogs', count: 2, freshness: 'week', country: 'DE' }, signal)).toMatchObject({ provider: 'Brave Search', hits: [{ title: 'A b & c', url: 'https://a.example/', snippet: 'd' }, { title: 'e' }] })
  expect(asked[0]?.url).toBe('/res/v1/web/search?q=cats+%26+dogs&count=2&country=DE&freshness=pw')
  expect(asked[0]?.headers['x-subscription-token']).toBe(key.open('test'))
})

it('searches with a SearXNG of one\'s own, which alone may be near', async () => {
  const near = await world.serve('searx.lan', (request, response) => (request.url?.startsWith('/away') === true ? response.end() : response.writeHead(request.url?.includes('q=move') === true ? 302 : 200, { location: 'http://127.0.0.1:8888/away' }).end('{"results":[{"title":"t","url":"https://t.example/","content":"c"}]}')), { address: '127.0.0.1', port: 8888 })
  world.configure({ web: { search: { baseUrl: 'http://127.0.0.1:8888/' } } })
  expect(await web.search(ownerIdentity, { query: 'x', language: 'de' }, signal)).toMatchObject({ provider: 'SearXNG', hits: [{ title: 't', url: 'https://t.example/', snippet: 'c' }] })
  expect(near[0]?.url).toBe('/search?q=x&format=json&language=de')
  expect(await codeOf(web.search(ownerIdentity, { query: 'move' }, signal))).toBe('egress-redirect')
  expect(await codeOf(read('http://127.0.0.1:8888/'))).toBe('egress-host-refused')
  world.configure({ web: { search: { baseUrl: 'http://169.254.169.254/' } } })
  expect(await codeOf(web.search(ownerIdentity, { query: 'y' }, signal))).toBe('egress-address-refused')
})

it('says so when only Wikipedia was asked, and when a service fails', async () => {
  const asked = await world.serveTls('de.wikipedia.org', (_, response) => response.end(JSON.stringify({ query: { search: [{ title: 'Zwei Wörter', snippet: 'x <span class="searchmatch">y</span>' }] } })))
  const found = await web.search(ownerIdentity, { query: 'zwei', language: 'de' }, signal)
  expect(found).toMatchObject({ provider: 'Wikipedia', hint: expect.stringContaining('tools.web.search'), hits: [{ title: 'Zwei Wörter', url: 'https://de.wikipedia.org/wiki/Zwei_W%C3%B6rter', snippet: 'x y' }] })
  expect(asked).toHaveLength(1)
  world.configure({ web: { search: { provider: 'brave' } } })
  await expect(web.search(ownerIdentity, { query: 'x' }, signal)).rejects.toMatchObject({ code: 'web-search-failed', next: expect.stringContaining('BRAVE_API_KEY') })
  await world.serveTls('api.search.brave.com', (_, response) => response.writeHead(429).end('{}'), { address: '93.184.216.77' })
  world.secrets.set('tools.web.search.apiKey', secretOf('key'))
  await expect(web.search(ownerIdentity, { query: 'x' }, signal)).rejects.toMatchObject({ message: expect.stringContaining('too many requests') })
})
