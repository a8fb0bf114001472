import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEgressWorld, ownerIdentity, publicAddress, type EgressWorld } from './testing/egress-world.ts'
import type { WebRequest } from './send-request.ts'

let world: EgressWorld
beforeEach(async () => { world = await createEgressWorld() })
afterEach(() => world.close())
const get = (url: string, over: Partial<WebRequest> = {}) =>
  world.egress.request(ownerIdentity, { url, headers: { 'user-agent': 'test' }, bytesMax: 100_000, timeoutMs: 60_000, redirectsMax: 3, signal: new AbortController().signal, ...over })

it('fetches over http and https from the judged address, and counts it', async () => {
  const asked = await world.serve('site.example', (_, response) => response.end('plain'))
  await world.serveTls('safe.example', (_, response) => {
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync('x'.repeat(50_000)))
  })
  expect((await get('http://site.example/a?b=c#d')).body.toString()).toBe('plain')
  expect((await get('https://safe.example/')).body.length).toBe(50_000)
  expect(world.opened).toEqual([`${publicAddress}:80`, `${publicAddress}:443`])
  expect(asked[0]).toMatchObject({ url: '/a?b=c', headers: { host: 'site.example', 'user-agent': 'test' } })
  const day = await world.egress.day(0)
  expect(day.rows.map(({ host, agent, use, connections }) => [host, agent, use, connections])).toEqual(expect.arrayContaining([['site.example', 'main', 'web', 1], ['safe.example', 'main', 'web', 1]]))
  for (const row of day.rows) expect([row.bytesOut > 50, row.bytesIn > 50]).toEqual([true, true])
  expect(day.bytesIn).toBe(day.rows.reduce((sum, row) => sum + row.bytesIn, 0))
})

it('follows redirects, and tells where it ended', async () => {
  await world.serve('site.example', (request, response) => (request.url === '/end' ? response.end('there') : response.writeHead(302, { location: '/end' }).end()))
  expect(await get('http://site.example/')).toMatchObject({ url: 'http://site.example/end', status: 200, hops: ['http://site.example/', 'http://site.example/end'] })
})

it('ends when the signal aborts', async () => {
  await world.serve('site.example', () => undefined)
  const controller = new AbortController()
  const work = get('http://site.example/', { signal: controller.signal })
  controller.abort()
  await expect(work).rejects.toMatchObject({ code: 'egress-timeout' })
})

it('keeps its counts over a restart', async () => {
  await world.serve('site.example', (_, response) => response.end('plain'))
  await get('http://site.example/')
  await world.egress.day(0)
  const rows = await world.store.read.all('SELECT host, connections FROM egress_day')
  expect(rows).toEqual([{ host: 'site.example', connections: 1 }])
})
