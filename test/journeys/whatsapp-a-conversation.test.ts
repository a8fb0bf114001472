import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { startWhatsAppServer, type WhatsAppGroup, type WhatsAppPerson, type WhatsAppServer } from '../fakes/whatsapp-server/index.ts'

let whatsapp: WhatsAppServer
let at: TestGateway
let olga: WhatsAppPerson
let household: WhatsAppGroup
let scanned: string
beforeAll(async () => {
  whatsapp = await startWhatsAppServer()
  olga = whatsapp.person('Olga', 'with-number')
  household = whatsapp.group('household', [olga, whatsapp.person('Ben')])
  at = await startTestGateway({
    telegram: false,
    config: { channels: { whatsapp: { enabled: true, apiRoot: whatsapp.apiRoot, dmPolicy: 'pairing', groupPolicy: 'mention-only', dmAllowlist: [], groupAllowlist: [household.id], requireMentionInGroups: true } } },
  })
})
afterAll(async () => {
  await at.close()
  await whatsapp.close()
})

const answered = (words: string): Promise<void> => whatsapp.until(() => whatsapp.sent.some((message) => message.text.includes(words)), `an answer to "${words}"`)
async function settled(said: { id: string }): Promise<void> {
  await whatsapp.until(() => whatsapp.acknowledged(said.id), 'the acknowledgement')
  await at.quiet()
}

it('a number is linked from any client, and its keys are nowhere in the open', async () => {
  const client = await at.connect()
  await vi.waitFor(async () => expect(JSON.stringify(await client.request('channels.status', {}))).toContain('moltbot channels login --channel whatsapp'), { timeout: 60_000 })
  const first = await client.request('web.login.start', { channel: 'whatsapp', force: true }) as { qr: string; qrDataUrl: string; state: string }
  expect(first).toMatchObject({ state: 'scan', connected: false, channel: 'whatsapp', qrDataUrl: expect.stringMatching(/^data:image\/png;base64,/) as string })
  scanned = first.qr
  await whatsapp.scan(first.qr)
  let now = await client.request('web.login.wait', { channel: 'whatsapp' }) as { state: string; message: string }
  while (now.state === 'scan' || now.state === 'working') now = await client.request('web.login.wait', { channel: 'whatsapp', timeoutMs: 30_000 }) as typeof now
  expect(now).toMatchObject({ state: 'done', connected: true, message: 'WhatsApp is linked: +4915100000001.' })
  await whatsapp.until(() => whatsapp.seen.logins >= 2, 'the account itself')
})

it('a stranger gets a code, the model hears nothing, and after approval they are answered', async () => {
  const first = whatsapp.say(olga, 'what is in my files?')
  await whatsapp.until(() => whatsapp.sent.some((message) => /[A-HJ-NP-Z2-9]{8}/.test(message.text)), 'a code')
  await settled(first)
  expect(at.model.requests).toHaveLength(0)
  const client = await at.connect()
  const { requests } = await client.request('pairing.list', {}) as { requests: { channel: string; code: string }[] }
  expect(requests).toMatchObject([{ channel: 'whatsapp' }])
  await client.request('pairing.approve', { channel: 'whatsapp', code: requests[0]?.code })
  await settled(whatsapp.say(olga, 'hello again'))
  await answered('hello again')
  expect(at.model.requests[0]?.raw).not.toContain('what is in my files')
})

it('the same person under the hidden id needs no second code', async () => {
  olga.hides = 'wholly'
  await settled(whatsapp.say(olga, 'it is still me'))
  await answered('it is still me')
})

it('in the listed group it answers when mentioned, knows what was said before, and is silent elsewhere', async () => {
  const elsewhere = whatsapp.group('elsewhere', [olga])
  await settled(whatsapp.say(olga, 'and here?', { in: elsewhere, mention: true }))
  await settled(whatsapp.say(olga, 'the milk is gone', { in: household }))
  expect(whatsapp.sent.some((message) => message.to === elsewhere.id || message.text.includes('milk'))).toBe(false)
  await settled(whatsapp.say(olga, 'what do we need?', { in: household, mention: true }))
  await answered('what do we need?')
  expect(whatsapp.sent.at(-1)?.to).toBe(household.id)
  expect(at.model.requests.at(-1)?.raw).toContain('the milk is gone')
})

it('lists its groups with the ids a configuration names them by', async () => {
  const client = await at.connect()
  const { groups } = await client.request('channels.groups', { channel: 'whatsapp' }) as { groups: { id: string; title: string }[] }
  expect(groups).toContainEqual({ id: household.id, title: 'household', members: 3 })
})

it('what was written while the gateway was down is answered once it is back, once', async () => {
  await at.stop()
  whatsapp.say(olga, 'while you were away')
  await at.start()
  await answered('while you were away')
  whatsapp.redeliver()
  await settled(whatsapp.say(olga, 'and on'))
  await answered('and on')
  expect(whatsapp.sent.filter((message) => message.text.includes('while you were away'))).toHaveLength(1)
})

it('no key of the device lies in a file or a log, and a log-out takes them away on both sides', async () => {
  const identity = scanned.split(',')[3] ?? ''
  expect(identity.length).toBeGreaterThan(20)
  const found: string[] = []
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) walk(path)
      else if (statSync(path).isFile() && readFileSync(path).includes(identity)) found.push(path)
    }
  }
  walk(at.stateDir)
  expect(found).toEqual([])
  const client = await at.connect()
  expect(await client.request('channels.logout', { channel: 'whatsapp' })).toEqual({ channel: 'whatsapp', accountId: 'default', cleared: true })
  expect(whatsapp.seen.unlinked).toBe(true)
  await vi.waitFor(async () => expect(JSON.stringify(await client.request('channels.status', {}))).toContain('No telephone is linked'), { timeout: 60_000 })
})
