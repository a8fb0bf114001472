import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigSnapshot } from '../../gateway/src/foundation/config/types.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
beforeAll(async () => {
  at = await startTestGateway({ config: ownedBy1001 })
  olga = personAt(at, 1001)
  await at.gateway.config.watching
})
afterAll(() => at.close())

/** Edits the file as a person with an editor would, and resolves with what the gateway made of it. */
function edit(change: (config: Record<string, Record<string, unknown>>) => void): Promise<ConfigSnapshot> {
  return new Promise((resolve) => {
    const off = at.gateway.config.onReload((snapshot) => {
      off()
      resolve(snapshot)
    })
    const config = JSON.parse(readFileSync(at.configFile, 'utf8')) as Record<string, Record<string, unknown>>
    change(config)
    writeFileSync(at.configFile, JSON.stringify(config, null, 2))
  })
}
const telegramOf = (config: Record<string, Record<string, unknown>>): Record<string, unknown> => config['channels']?.['telegram'] as Record<string, unknown>

it('who is let in changes with the file, without a restart', async () => {
  const bea = personAt(at, 2002)
  expect(await bea.chat('hi')).toContain('I do not know you yet')
  expect((await edit((config) => { telegramOf(config)['allowFrom'] = [2002] })).issues).toEqual([])
  expect(await bea.chat('hi now')).toBe('hi now')
  await edit((config) => {
    telegramOf(config)['allowFrom'] = []
    telegramOf(config)['dmPolicy'] = 'allowlist'
  })
  expect(await bea.ask('and now?')).toEqual([])
  expect(await olga.chat('still me')).toBe('still me')
})

it('a broken section keeps its last good values and names its place; everything else and the owner are served', async () => {
  await at.gateway.config.set('session.dmScope', 'per-peer')
  const { issues } = await edit((config) => { config['session'] = { dmScope: 'everybody' } })
  expect(issues).toHaveLength(1)
  expect(issues[0]).toMatchObject({ severity: 'error', path: expect.stringContaining('session') as string })
  expect(issues[0]?.line).toBeGreaterThan(1)
  expect(await olga.chat('/whoami')).toContain('agent:main:dm:1001')
  expect(await olga.chat('are you well?')).toBe('are you well?')

  // Not even JSON: the same.
  const good = readFileSync(at.configFile, 'utf8')
  const reloaded = new Promise<ConfigSnapshot>((resolve) => { at.gateway.config.onReload(resolve) })
  writeFileSync(at.configFile, '{ gateway: ')
  expect((await reloaded).issues.some((issue) => issue.severity === 'error')).toBe(true)
  expect(await olga.chat('and now?')).toBe('and now?')
  const client = await at.connect()
  expect(await client.ask('the page as well?')).toBe('the page as well?')
  const mended = new Promise<ConfigSnapshot>((resolve) => {
    const off = at.gateway.config.onReload((snapshot) => {
      off()
      resolve(snapshot)
    })
  })
  writeFileSync(at.configFile, good.replace('"everybody"', '"auto"'))
  expect((await mended).issues).toEqual([])
  expect(await olga.chat('/whoami')).toContain('agent:main:main')
})

it('an unknown key is kept, and warned about with the nearest known one', async () => {
  const { issues } = await edit((config) => { (config['session'] ??= {})['dmScop'] = 'main' })
  expect(issues).toHaveLength(1)
  expect(issues[0]).toMatchObject({ severity: 'warning', message: expect.stringContaining('dmScope') as string })
  expect(readFileSync(at.configFile, 'utf8')).toContain('dmScop"')
})
