import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => { at = await startTestGateway({ config: { ...ownedBy1001, channels: { telegram: { allowFrom: [2002, 3003] } } } }) })
afterAll(() => at.close())

const lastTexts = (): string[] => at.model.requests.at(-1)?.messages.filter((message) => message.role === 'user').map((message) => message.text) ?? []

it('auto: the owner has one conversation everywhere, each member their own', async () => {
  const olga = personAt(at, 1001)
  const bea = personAt(at, 2002)
  await olga.ask('from the phone')
  await bea.ask('from Bea')
  expect(lastTexts()).toEqual(['from Bea'])
  const client = await at.connect()
  expect(await client.ask('from the page')).toBe('from the page')
  expect(lastTexts()).toEqual(['from the phone', 'from the page'])
  expect(await bea.chat('/whoami')).toMatch(/a member[^]*agent:main:telegram:dm:2002/)
  expect(await olga.chat('/whoami')).toMatch(/the owner[^]*agent:main:main/)
})

it('the other scopes take effect at once and are stable', async () => {
  const olga = personAt(at, 1001)
  const bea = personAt(at, 2002)
  const cleo = personAt(at, 3003)
  await at.gateway.config.set('session.dmScope', 'per-account-channel-peer')
  expect(await olga.chat('/whoami')).toContain('agent:main:telegram:default:dm:1001')
  await at.gateway.config.set('session.identityLinks', { bea: ['telegram:2002', 'telegram:3003'] })
  await at.gateway.config.set('session.dmScope', 'per-peer')
  await bea.ask('one person')
  await cleo.ask('two phones')
  expect(lastTexts()).toEqual(['one person', 'two phones'])
  expect((await at.gateway.rooms.sessions.list()).map((session) => session.key)).toContain('agent:main:dm:bea')
  await at.gateway.config.set('session.dmScope', 'main')
  expect(await bea.chat('/whoami')).toContain('agent:main:main')
})
