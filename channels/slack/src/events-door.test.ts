import { request } from 'node:http'
import { fastClock, type TestHostOptions } from '@moltbot/contract/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { SlackServer } from '../../../test/fakes/slack-server/index.ts'
import { closeStages, connect, serve, stage, type Stage, taken, texts } from './testing/stage.ts'

afterEach(closeStages)

describe('signed deliveries', () => {
  async function door(options: TestHostOptions = {}): Promise<Stage & { url: string; event(text: string): Record<string, unknown> }> {
    const at = await stage({ mode: 'http', webhookPort: 0 }, {}, options)
    const opened = at.host.log.lines.find((line) => line.message.includes('the listener is open'))
    const url = `http://127.0.0.1:${String(opened?.facts?.['port'])}/slack/events`
    let last = 0
    return {
      ...at, url,
      event: (text) => ({
        type: 'event_callback', team_id: at.server.team, event_id: `Ev${++last}`,
        event: { type: 'message', channel: at.server.direct(at.anna).id, channel_type: 'im', ts: `17000000${String(++last).padStart(2, '0')}.000100`, user: at.anna.id, team: at.server.team, text },
      }),
    }
  }

  it('WHK-01: no listener without a secret', async () => {
    const { server } = await serve()
    const { botToken } = server
    for (const secrets of [{ botToken }, { botToken, signingSecret: '' }, { botToken, signingSecret: 'short' }]) {
      await expect(connect(server, { mode: 'http', webhookPort: 0 }, { secrets: secrets as never })).rejects.toMatchObject({ permanent: true })
    }
  })

  it('WHK-12: are heard, answered only when durable, and brought again until then', async () => {
    const { server, host, anna, url } = await door()
    server.deliverTo(url)
    host.rejectNext(1)
    const said = server.say(anna, 'over HTTP')
    await taken(host, 1)
    await server.until(() => server.acknowledged(said.ts), 'the acknowledgement')
    const command = server.command(anna, 'moltbot', 'hello there')
    expect((await taken(host, 2))[1]).toMatchObject({ text: 'hello there', id: `command-${command}`, sender: { id: anna.id } })
    const ours = server.press(anna, 'yes', { channel: server.direct(anna).id, id: said.ts })
    expect((await taken(host, 3))[2]).toMatchObject({ text: 'callback_data: yes', id: `press-${ours}` })
  })

  const now = (): number => Math.floor(Date.now() / 1_000)

  it('WHK-02: nothing counts whose signature is missing, odd, or given twice', async () => {
    const { server, host, url, event } = await door()
    const body = event('forged')
    for (const facts of [
      { signature: '' }, { signature: 'v0=' }, { signature: `v1=${'0'.repeat(64)}` }, { signature: `v0=${'0'.repeat(64)}` }, { signature: `v0=${'A'.repeat(64)}` }, { signature: 'v0=0' },
    ]) expect((await server.deliver(url, body, facts)).status, JSON.stringify(facts)).toBe(401)
    expect(await twice(url, await captured(server, body), JSON.stringify(body))).toBe(401)
    expect((await server.deliver(url, event('good'))).status).toBe(200)
    expect(texts(host)).toEqual(['good'])
  })

  it('WHK-03: nothing counts that is signed as other bytes', async () => {
    const { server, host, url, event } = await door()
    const body = event('forged')
    const signed = await captured(server, body)
    for (const text of [JSON.stringify(body, null, 1), `${JSON.stringify(body)}\n`, JSON.stringify({ ...body, x: 1 }), JSON.stringify(body).replace('forged', '\\u0066orged')]) {
      expect((await server.deliver(url, text, signed)).status).toBe(401)
    }
    expect((await server.deliver(url, body, { headers: { 'content-encoding': 'gzip' } })).status).toBe(401)
    expect(texts(host)).toEqual([])
  })

  it('WHK-04: nothing counts that was not signed just now', async () => {
    const { server, host, url, event } = await door()
    for (const timestamp of [now() - 360, now() + 360, Number.NaN, -0, 1e40]) expect((await server.deliver(url, event('old'), { timestamp })).status, String(timestamp)).toBe(401)
    expect(texts(host)).toEqual([])
  })

  it('WHK-04 twin: a listener whose clock stands still takes what is an hour old', async () => {
    const hourAgo = Date.now() - 3_600_000
    const { server, host, url, event } = await door({ clock: { ...fastClock(1), now: () => hourAgo } })
    expect((await server.deliver(url, event('old'), { timestamp: Math.floor(hourAgo / 1_000) })).status).toBe(200)
    expect(texts(host)).toEqual(['old'])
  })

  it('WHK-05: a delivery counts once', async () => {
    const { server, host, url, event } = await door()
    const body = event('once')
    const signed = await captured(server, body)
    expect([(await server.deliver(url, body, signed)).status, (await server.deliver(url, body, signed)).status]).toEqual([200, 409])
    expect((await server.deliver(url, body, { timestamp: signed.timestamp - 1 })).status).toBe(200)
    expect(texts(host)).toEqual(['once'])
  })

  it('WHK-06: the challenge is answered as plain text, and only to Slack', async () => {
    const { server, url } = await door()
    const challenge = { type: 'url_verification', challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P', token: 'x' }
    expect(await server.deliver(url, challenge)).toEqual({ status: 200, type: 'text/plain; charset=utf-8', text: challenge.challenge })
    expect((await server.deliver(url, challenge, { signature: `v0=${'0'.repeat(64)}` })).text).toBe('')
    expect((await server.deliver(url, { ...challenge, challenge: '<script>alert(1)</script>' })).text).toBe('')
  })

  it('WHK-09: wrong ones are slowed down, the right ones are not', async () => {
    const { server, host, url, event } = await door()
    const statuses = new Set<number>()
    for (let index = 0; index < 70; index++) statuses.add((await server.deliver(url, '{}', { signature: `v0=${'0'.repeat(64)}` })).status)
    expect(statuses).toEqual(new Set([401, 429]))
    expect((await server.deliver(url, event('right'))).status).toBe(200)
    expect(texts(host)).toEqual(['right'])
  })

  it('WHK-10: nothing too large is read, and nothing elsewhere', async () => {
    const { server, host, url, event } = await door()
    expect(await server.deliver(url, 'x'.repeat(1024 * 1024 + 1)).then(({ status }) => status, () => 413)).toBe(413)
    expect((await server.deliver(url.replace('events', 'other'), event('lost'))).status).toBe(404)
    expect((await fetch(url)).status).toBe(405)
    expect(texts(host)).toEqual([])
  })

  it('a login that is withdrawn is noticed by asking', async () => {
    const { server, host } = await door({ clock: fastClock(20) })
    server.revokeTokens()
    await host.until(() => host.reports.at(-1)?.kind === 'needs-you', 'the call for help')
  })

  /** The signature and the time of a delivery, as somebody on the way could keep them. */
  async function captured(server: SlackServer, body: Record<string, unknown>): Promise<{ timestamp: number; signature: string }> {
    const { createHmac } = await import('node:crypto')
    const timestamp = Math.floor(Date.now() / 1_000)
    return { timestamp, signature: `v0=${createHmac('sha256', server.signingSecret).update(`v0:${timestamp}:${JSON.stringify(body)}`).digest('hex')}` }
  }

  /** A request with the signature given twice. */
  function twice(url: string, { timestamp, signature }: { timestamp: number; signature: string }, text: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const sending = request(url, { method: 'POST', headers: { 'content-type': 'application/json', 'x-slack-request-timestamp': String(timestamp), 'x-slack-signature': [signature, signature] } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sending.on('error', reject)
      sending.end(text)
    })
  }
})
