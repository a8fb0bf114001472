import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuthority } from '../../gateway/src/foundation/egress/testing/certificates.ts'
import { startTestGateway } from '../support/test-gateway.ts'

/** Servers that say they are a provider or a network, with a certificate of their own making. Whoever talks to them hands over a key. */
describe('an impostor', () => {
  const asked: string[] = []
  let refused = 0
  let port: number
  let close: () => Promise<void>
  beforeEach(async () => {
    asked.length = 0
    refused = 0
    const certificate = createAuthority().issue(['localhost'])
    const server = createServer(certificate, (request, response) => {
      asked.push(`${request.url ?? ''} ${JSON.stringify(request.headers)}`)
      response.end('{}')
    })
    server.on('tlsClientError', () => { refused += 1 })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    close = () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()) })
  })
  afterEach(() => close())

  it('a provider with a certificate nobody vouches for hears no prompt and sees no key', async () => {
    const at = await startTestGateway({ telegram: false, config: { models: { providers: { test: { baseUrl: `https://localhost:${port}/v1`, apiKey: 'impostor-key-71ac', api: 'openai-completions' } } } } })
    try {
      const client = await at.connect()
      await client.request('chat.send', { sessionKey: 'main', message: 'the harbour at noon', idempotencyKey: 'impostor-1' })
      await expect.poll(() => refused).toBeGreaterThan(0)
      expect(asked).toEqual([])
    } finally {
      await at.close()
    }
  })

  it('a Telegram with a certificate nobody vouches for never sees the bot\'s token', async () => {
    const at = await startTestGateway({ config: { channels: { telegram: { apiRoot: `https://localhost:${port}` } } } })
    try {
      await expect.poll(() => refused).toBeGreaterThan(0)
      expect(asked).toEqual([])
    } finally {
      await at.close()
    }
  })

  async function expectSilence(channels: Record<string, unknown>): Promise<void> {
    const at = await startTestGateway({ telegram: false, config: { channels } })
    try {
      await expect.poll(() => refused).toBeGreaterThan(0)
      expect(asked).toEqual([])
    } finally {
      await at.close()
    }
  }

  it('a Discord with a certificate nobody vouches for never sees the bot\'s token', () =>
    expectSilence({ discord: { token: 'MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB', apiRoot: `https://localhost:${port}/api` } }))

  it('a Slack with a certificate nobody vouches for never sees the bot\'s token', () =>
    expectSilence({ slack: { botToken: 'xoxb-1-2-impostor', appToken: 'xapp-1-A-2-impostor', apiRoot: `https://localhost:${port}/api` } }))

  it('a WhatsApp with a certificate nobody vouches for is offered no key to link', async () => {
    const at = await startTestGateway({ telegram: false, config: { channels: { whatsapp: { enabled: true, apiRoot: `wss://localhost:${port}/ws/chat` } } } })
    try {
      const client = await at.connect()
      const started = await client.request('web.login.start', { channel: 'whatsapp', force: true }).catch((error: unknown) => ({ refused: String(error) }))
      await expect.poll(() => refused).toBeGreaterThan(0)
      expect(asked).toEqual([])
      expect(JSON.stringify(started)).not.toContain('qrDataUrl')
    } finally {
      await at.close()
    }
  })
})
