import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => {
  at = await startTestGateway({
    config: { ...ownedBy1001, channels: { telegram: { dmPolicy: 'open', allowFrom: ['*', 2002], groupPolicy: 'open', groups: { '-1001': { requireMention: false } } } } },
    telegramServer: { privacy: false },
  })
  const workspace = join(at.stateDir, 'workspace')
  mkdirSync(workspace, { recursive: true })
  writeFileSync(join(workspace, 'USER.md'), 'The owner is called Olga and is allergic to walnuts.\n')
  writeFileSync(join(workspace, 'MEMORY.md'), '- The safe is behind the painting.\n')
})
afterAll(() => at.close())

const systemOf = (): string => at.model.requests.at(-1)?.system ?? ''

it('the owner\'s own chat knows the owner; members, guests and groups do not, whoever speaks there', async () => {
  const olga = personAt(at, 1001, { name: 'Olga' })
  await olga.ask('hello')
  expect(systemOf()).toContain('walnuts')
  expect(systemOf()).toContain('behind the painting')
  const group = at.telegram.group(-1001, { title: 'Club' })
  const others = [
    () => personAt(at, 2002, { name: 'Bea' }).ask('hello'),
    () => personAt(at, 9009, { name: 'Guest' }).ask('hello'),
    () => olga.ask('hello', { in: group }),
    () => personAt(at, 2002).ask('hello', { in: group }),
  ]
  for (const speak of others) {
    const from = at.model.requests.length
    await speak()
    expect(at.model.requests).toHaveLength(from + 1)
    expect(at.model.requests.at(-1)?.raw).not.toMatch(/walnuts|painting/)
  }
  // The group's prompt is the same for the owner and a member, so that providers' caches hold.
  expect(at.model.requests.at(-1)?.system).toBe(at.model.requests.at(-2)?.system)
})
