import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { obedientModel } from '../fakes/model-servers/index.ts'
import type { FakeGroup } from '../fakes/telegram-server/index.ts'
import { ownedBy1001, personAt, type Person } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let olga: Person
let mia: Person
let chat: FakeGroup
const groupId = -100_777
beforeAll(async () => {
  at = await startTestGateway({
    script: obedientModel(),
    config: {
      ...ownedBy1001,
      channels: {
        telegram: {
          dmPolicy: 'allowlist', allowFrom: [1001, 1002], groupPolicy: 'allowlist', groupAllowFrom: [1001, 1002],
          groups: { [groupId]: { requireMention: false, tools: { deny: ['write', 'edit'] }, toolsBySender: { 1002: { allow: ['status'] } } } },
        },
      },
      agents: { list: [{ id: 'main', default: true }, { id: 'archive', sandbox: { workspaceAccess: 'ro', memoryMb: 128 }, tools: { deny: ['web_search'] } }] },
    },
    telegramServer: { privacy: false },
  })
  olga = personAt(at, 1001)
  mia = personAt(at, 1002)
  chat = at.telegram.group(groupId, { title: 'Book club' })
})
afterAll(() => at.close())
beforeEach(() => at.quiet())

const offered = (): string[] => at.model.requests.at(-1)?.tools.map(({ name }) => name) ?? []
const call = (path: string): string => `\`\`\`tool\n{"name":"write","input":{"path":"${path}","text":"x"}}\n\`\`\``
const told = (): string => at.model.requests.at(-1)?.messages.findLast(({ role }) => role === 'tool')?.text ?? ''

it('a group has fewer tools than a private chat, whatever the model calls', async () => {
  await olga.ask('hello')
  expect(offered()).toEqual(expect.arrayContaining(['write', 'read']))
  await olga.ask(call('in-the-group.txt'), { in: chat })
  expect(offered()).toContain('read')
  expect(offered()).not.toContain('write')
  expect(told()).toContain('There is no tool "write"')
  expect(existsSync(join(at.stateDir, 'workspace', 'in-the-group.txt'))).toBe(false)
})

it('a sender in it has fewer still, and nobody else', async () => {
  await mia.ask('hello', { in: chat })
  expect(offered()).toEqual(['status'])
  await olga.ask('hello again', { in: chat })
  expect(offered()).toContain('read')
  await mia.ask('hello')
  expect(offered()).toContain('write')
})

it('/tools says what there is here and which layer took the rest away; the wire and policy explain say the same', async () => {
  expect(await olga.chat('/tools', { in: chat })).toMatch(/main may use here: .*read.*\n[^]*edit, write: taken away by\s+channels\.telegram\.groups\.-100777\.tools\.deny/)
  expect(await mia.chat('/tools', { in: chat })).toMatch(/main may use here: status\.[^]*channels\.telegram\.groups\.-100777\.toolsBySender\.1002\.allow/)
  expect(await olga.chat('/tools verbose')).toMatch(/• write \S+/)
  const client = await at.connect()
  const effective = await client.request('tools.effective', { sessionKey: `agent:main:telegram:group:${groupId}` })
  expect(effective['removed']).toContainEqual({ id: 'write', by: `channels.telegram.groups.${groupId}.tools.deny` })
  const said = await client.request('policy.explain', { as: 'telegram:1002', tool: 'read', input: { path: 'a' }, session: `telegram:${groupId}` })
  expect(said).toMatchObject({ verdict: 'deny', reason: expect.stringContaining('toolsBySender.1002') })
})

it('an agent has its own tools and its own sandbox beside those of all', async () => {
  const client = await at.connect()
  await client.ask(call('own.txt'), 'agent:archive:main')
  expect(offered()).not.toContain('web_search')
  expect(told()).toContain('Nothing in this workspace may be changed')
  await client.ask(call('own.txt'), 'agent:main:main')
  expect(existsSync(join(at.stateDir, 'workspace', 'own.txt'))).toBe(true)
  const [all, own] = [await client.request('sandbox.explain', {}), await client.request('sandbox.explain', { agentId: 'archive' })]
  expect([all['workspaceAccess'], own['workspaceAccess']]).toEqual(['rw', 'ro'])
  expect(all['profile']).not.toBe(own['profile'])
})
