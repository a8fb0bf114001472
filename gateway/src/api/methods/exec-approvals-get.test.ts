import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { execApprovalsGet } from './exec-approvals-get.ts'

it('shows the configuration as the family\'s file', async () => {
  const rooms = await fakeRooms({ config: { tools: { exec: { security: 'allowlist', allowlist: ['ls *'] } }, agents: { list: [{ id: 'main' }, { id: 'work', tools: { exec: { allowlist: ['git status', 7] } } }] } } })
  expect(await callMethod(execApprovalsGet, {}, rooms)).toEqual({
    path: '/home/someone/.moltbot/moltbot.json', exists: true, hash: 'hash-0',
    file: {
      version: 1, defaults: { security: 'allowlist', ask: 'on-miss', askFallback: 'deny', autoAllowSkills: false },
      agents: { '*': { allowlist: [{ id: expect.stringMatching(/^[0-9a-f]{16}$/), pattern: 'ls *' }] }, work: { allowlist: [{ id: expect.any(String), pattern: 'git status' }] } },
    },
  })
})

it('without anything configured it is the defaults', async () => {
  for (const config of [{}, { tools: null, agents: { list: 'x' } }]) {
    expect((await callMethod(execApprovalsGet, {}, await fakeRooms({ config }))).file).toEqual({ version: 1, defaults: { security: 'full', ask: 'on-miss', askFallback: 'deny', autoAllowSkills: false }, agents: {} })
  }
})
