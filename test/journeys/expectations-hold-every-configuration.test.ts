import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigSnapshot } from '../../gateway/src/foundation/config/types.ts'
import { toolsSection } from '../../gateway/src/foundation/agents/index.ts'
import { offlineConfig } from '../../gateway/src/offline.ts'
import { obedientModel } from '../fakes/model-servers/index.ts'
import { startTestGateway, type TestClient, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let client: TestClient
let rows: string
/** The file says what has to hold; the rest of the world is as it comes. */
const expected = `// what must stay so
[
  { as: 'guest', tool: 'run', expect: 'deny', why: 'guests are strangers' },
  { as: 'member', tool: 'web_fetch', expect: 'allow' },
  { as: 'owner', tool: 'run', tainted: true, expect: ['ask', 'deny'] },
  { as: 'owner', tool: 'write', in: 'telegram:-100', expect: 'deny' },
]
`
const group = { channels: { telegram: { groups: { '-100': { tools: { deny: ['write'] } } } } } }
beforeAll(async () => {
  at = await startTestGateway({ script: obedientModel(), config: group })
  rows = join(at.stateDir, 'policy-expectations.json5')
  await at.gateway.config.watching
  await told(() => writeFileSync(rows, expected, { mode: 0o600 }))
  client = await at.connect()
})
afterAll(() => at.close())

/** What the gateway makes of a change of a file. */
function told(change: () => void): Promise<ConfigSnapshot> {
  return new Promise((resolve) => {
    const off = at.gateway.config.onReload((snapshot) => {
      off()
      resolve(snapshot)
    })
    change()
  })
}
const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => 'it was taken', (error: unknown) => (error as Error).message)

it('a change over the wire that contradicts a row is refused, with the row, its place and what would decide', async () => {
  const { hash } = await client.request('config.get', {}) as { hash: string }
  expect(await refusal(client.request('config.patch', { raw: '{ tools: { deny: ["web_fetch"] } }', baseHash: hash }))).toBe('invalid config')
  expect(await refusal(at.gateway.config.set('tools.deny', ['web_fetch']))).toContain('policy-expectations.json5:4 expects: member may use web_fetch; then it would be: deny (the agent main does not have web_fetch: tools.deny takes it away)')
  expect(await refusal(at.gateway.config.set('channels.telegram.groups', undefined))).toContain('policy-expectations.json5:6 expects: owner may not use write in telegram:-100')
  expect(await client.request('config.get', {})).toMatchObject({ hash, valid: true })
  expect(await client.request('config.patch', { raw: '{ tools: { deny: ["pdf"] } }', baseHash: hash })).toMatchObject({ ok: true })
})

it('an edit of the file that contradicts one is not taken, whole, and is told where', async () => {
  const before = readFileSync(at.configFile, 'utf8')
  const config = JSON.parse(before) as Record<string, unknown>
  const { issues } = await told(() => writeFileSync(at.configFile, JSON.stringify({ ...config, session: { dmScope: 'per-peer' }, tools: { profile: 'minimal' } })))
  expect(issues[0]).toMatchObject({ severity: 'error', file: rows, line: 4, column: 3, message: expect.stringContaining('member may use web_fetch') })
  expect(at.gateway.config.get(toolsSection).profile).toBe('standard')
  expect(await client.request('config.get', {})).toMatchObject({ valid: false, issues: [{ file: rows, line: 4 }] })
  expect((await told(() => writeFileSync(at.configFile, before))).issues).toEqual([])
})

it('rows inside the configuration hold it too, with their place in it', async () => {
  expect(await refusal(at.gateway.config.set('policy.expectations', [{ as: 'owner', tool: 'read', expect: 'deny' }]))).toContain('policy.expectations[0] expects: owner may not use read; then it would be: allow')
})

it('a file of rows that cannot be read stops every change, says where, and nothing that is in force', async () => {
  const { issues } = await told(() => writeFileSync(rows, '[\n  { as: "guest", tool: }\n]'))
  expect(issues[0]).toMatchObject({ file: rows, line: 2, message: expect.stringMatching(/line 2, column \d+.*moved away/) })
  expect(await refusal(at.gateway.config.set('tools.deny', []))).toContain('line 2, column')
  await client.ask('```tool\n{"name":"write","input":{"path":"a.txt","text":"x"}}\n```')
  expect(readFileSync(join(at.stateDir, 'workspace', 'a.txt'), 'utf8')).toBe('x')
  expect((await told(() => writeFileSync(rows, expected))).issues).toEqual([])
  await at.gateway.config.set('tools.deny', [])
})

it('the command line and the wire tell which rows hold, with and without a gateway', async () => {
  const online = await client.request('policy.test', {}) as { results: { ok: boolean }[] }
  expect(online.results.map(({ ok }) => ok)).toEqual([true, true, true, true])
  await at.stop()
  const config = await offlineConfig(at.stateDir)
  expect(await config.testPolicy()).toMatchObject({ file: rows, fault: null, results: online.results })
  expect(await refusal(config.set('tools.deny', ['web_fetch']))).toContain('member may use web_fetch')
  await config.set('tools.deny', [])
  await at.start()
})

it('what was edited while nobody ran gives way to what held; without that, no tool runs until it holds', async () => {
  await at.stop()
  const before = readFileSync(at.configFile, 'utf8')
  const config = JSON.parse(before) as Record<string, unknown>
  writeFileSync(at.configFile, JSON.stringify({ ...config, tools: { profile: 'minimal' } }))
  await at.start()
  expect(at.gateway.config.get(toolsSection).profile).toBe('standard')
  expect(at.gateway.config.forbidden()).toEqual([])
  await at.stop()
  rmSync(`${at.configFile}.last-good`)
  writeFileSync(at.configFile, JSON.stringify({ ...config, tools: { deny: ['web_fetch'] } }))
  await at.start()
  client = await at.connect()
  await client.ask('```tool\n{"name":"write","input":{"path":"held.txt","text":"x"}}\n```')
  expect(at.model.requests.at(-1)?.messages.findLast(({ role }) => role === 'tool')?.text).toContain('the configuration in force is not what the owner expects of it (policy-expectations.json5:4')
  await at.gateway.config.set('tools.deny', [])
  await client.ask('```tool\n{"name":"write","input":{"path":"held.txt","text":"again"}}\n```')
  expect(readFileSync(join(at.stateDir, 'workspace', 'held.txt'), 'utf8')).toBe('again')
})

it('no random change that breaks a row is ever taken, and one that breaks none always is', async () => {
  const names = fc.subarray(['read', 'run', 'exec', 'group:web', 'web_fetch', 'pdf', '*', 'group:fs'])
  const some = fc.record({ profile: fc.constantFrom('minimal', 'messaging', 'coding', 'standard', 'full'), deny: names, alsoAllow: names, allow: fc.option(names, { nil: undefined }) })
  let refused = 0
  let taken = 0
  await fc.assert(fc.asyncProperty(some, async (tools) => {
    const before = at.gateway.config.get(toolsSection)
    const worked = await at.gateway.config.set('tools', JSON.parse(JSON.stringify(tools))).then(() => true, () => false)
    const web = await at.gateway.rooms.policy?.explain({ as: 'member', tool: 'web_fetch', input: { url: 'https://example.org/' }, agent: 'main' as never, tainted: false })
    expect(web?.verdict).toBe('allow')
    if (worked) taken += 1
    else {
      refused += 1
      expect(at.gateway.config.get(toolsSection)).toEqual(before)
    }
  }), { numRuns: 40 })
  expect([refused > 0, taken > 0]).toEqual([true, true])
})

it('would be seen if rows held nothing: without the file the same changes go through', async () => {
  await told(() => rmSync(rows))
  await at.gateway.config.set('tools', { deny: ['web_fetch'] })
  expect(at.gateway.config.get(toolsSection).deny).toEqual(['web_fetch'])
})
