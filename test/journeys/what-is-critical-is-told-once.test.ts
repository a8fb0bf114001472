import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
})
afterAll(() => at.close())

it('a critical finding reaches the owner\'s chat, the record and the pages once; it is told again only after it was mended', async () => {
  await olga.chat('hello')
  const page = await at.connect()
  const told = (): string[] => at.telegram.sent.filter(({ text }) => text.includes('something critical')).map(({ text }) => text)
  const noted = async (): Promise<string[]> => (await at.gateway.rooms.store.read.all("SELECT act, facts FROM audit WHERE act LIKE 'check.%' ORDER BY seq"))
    .filter((row) => String(row['facts']).includes(at.configFile)).map((row) => String(row['act']))
  await page.request('security.audit')
  const before = told().length

  chmodSync(at.configFile, 0o666)
  await page.request('security.audit')
  await page.until(({ event, payload }) => event === 'security.changed' && Number(payload['critical']) > 0, 'the change')
  await expect.poll(() => told().length).toBe(before + 1)
  expect(told().at(-1)).toContain(at.configFile)
  await page.request('security.audit')
  expect(await page.request('health')).toMatchObject({ security: { critical: expect.any(Number) as number }, record: { ok: true, reason: null } })
  expect((await page.request('security.audit', { last: true }))['findings']).toEqual(expect.arrayContaining([expect.objectContaining({ subject: at.configFile, severity: 'critical' })]))

  chmodSync(at.configFile, 0o600)
  await page.request('security.audit')
  expect(await noted()).toEqual(['check.found', 'check.found', 'check.cleared', 'check.cleared'])
  chmodSync(at.configFile, 0o666)
  await page.request('security.audit')
  await expect.poll(() => told().length).toBe(before + 2)
  chmodSync(at.configFile, 0o600)
})
