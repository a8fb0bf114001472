import type { PrincipalId, Store } from '@moltbot/contract'
import { FakeClock, countingIds } from '@moltbot/contract/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../storage/index.ts'
import { auditMigrations, bearingStore, createAudit, during, type AuditRoom } from './index.ts'

let store: Store
let audit: AuditRoom
beforeEach(async () => {
  store = bearingStore(await openStore({ file: ':memory:', migrations: auditMigrations }))
  audit = createAudit({ store, clock: new FakeClock(), newId: countingIds(), key: Buffer.alloc(32, 7), mask: (text) => text.replaceAll('hunter2', '***') })
})
afterEach(() => store.close())
const write = (subject: string, more: { place?: string; correlation?: string } = {}) =>
  store.transaction((tx) => audit.append(tx, { act: 'message.denied', principal: null, subject, outcome: 'deny', reason: 'r', ...more }))
const bears = async (subject: string) => (await audit.about(subject)).map(({ place, correlation }) => [place, correlation])

it('entries bear the work they belong to, whoever commits first', async () => {
  await Promise.all([
    write('free'),
    ...['a', 'b', 'c'].map((name) => during({ place: `at ${name}`, correlation: name }, async () => {
      await Promise.all([write(name), write(name, { correlation: 'own' })])
      await during({ correlation: 'inner' }, () => write(name))
      await write(name)
    })),
  ])
  expect(await bears('free')).toEqual([[undefined, undefined]])
  for (const name of ['a', 'b', 'c']) expect(await bears(name)).toEqual([[`at ${name}`, name], [`at ${name}`, 'own'], [`at ${name}`, 'inner'], [`at ${name}`, name]])
})

it('what a piece of work left running bears nothing of it', async () => {
  let later = (): Promise<void> => Promise.reject(new Error('not set'))
  await during({ place: 'p', correlation: 'c' }, async () => {
    await write('s')
    const gate = new Promise<void>((resolve) => { later = async () => resolve() })
    void gate.then(() => write('left'))
  })
  await later()
  await write('after')
  await expect.poll(() => bears('left')).toEqual([[undefined, undefined]])
})

it('no entry keeps a secret, wherever in it somebody put one, and is found by its subject all the same', async () => {
  await store.transaction((tx) => audit.append(tx, {
    act: 'egress.refused', principal: 'owner' as PrincipalId, subject: 'https://x.example/?p=hunter2', outcome: 'deny', reason: 'it held hunter2', place: 'at hunter2', facts: { url: 'hunter2', deep: [{ also: 'my hunter2' }], count: 3 },
  }))
  const rows = await store.read.all('SELECT * FROM audit')
  expect(JSON.stringify(rows)).not.toContain('hunter2')
  expect(await audit.about('https://x.example/?p=hunter2')).toMatchObject([{ reason: 'it held ***', facts: { url: '***', deep: [{ also: 'my ***' }], count: 3 } }])
})

it('says that entries cannot be written, until they can', async () => {
  expect(audit.fault()).toBeUndefined()
  await store.transaction((tx) => tx.run('ALTER TABLE audit RENAME TO away'))
  await expect(write('s')).rejects.toThrow(/no such table/)
  expect(audit.fault()).toMatch(/no such table/)
  await store.transaction((tx) => tx.run('ALTER TABLE away RENAME TO audit'))
  await write('s')
  expect(audit.fault()).toBeUndefined()
})
