import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { execApprovalsGet } from './exec-approvals-get.ts'
import { execApprovalsSet } from './exec-approvals-set.ts'

const two = { agents: { list: [{ id: 'main', name: 'M' }, { id: 'work', tools: { deny: ['write'], exec: { allowlist: ['pwd'] } } }] }, tools: { exec: { timeoutSec: 5, allowlist: ['id'] } } }

it('writes lists and settings, and leaves everything else as it is', async () => {
  const rooms = await fakeRooms({ config: structuredClone(two) })
  rooms.state.agents = [{ id: 'main' }, { id: 'work' }] as never
  const file = { version: 1, socket: { token: 'x' }, defaults: { security: 'allowlist', ask: 'off', askFallback: 'deny' }, agents: { '*': { allowlist: [{ id: 'a', pattern: 'ls *', lastUsedAt: 1 }, { pattern: 'ls *' }] }, main: { allowlist: [{ pattern: 'git status' }] } } }
  const answer = await callMethod(execApprovalsSet, { file, baseHash: 'hash-0' }, rooms)
  expect(rooms.state.config).toEqual({
    agents: { list: [{ id: 'main', name: 'M', tools: { exec: { allowlist: ['git status'] } } }, { id: 'work', tools: { deny: ['write'], exec: { allowlist: [] } } }] },
    tools: { exec: { timeoutSec: 5, security: 'allowlist', ask: 'off', allowlist: ['ls *'] } },
  })
  expect(JSON.stringify(answer)).not.toContain('token')
  expect(answer).toEqual(await callMethod(execApprovalsGet, {}, rooms))
})

it('what it shows, written back, changes nothing; an empty file takes everything back', async () => {
  const rooms = await fakeRooms({ config: structuredClone(two) })
  rooms.state.agents = [{ id: 'main' }, { id: 'work' }] as never
  const shown = await callMethod(execApprovalsGet, {}, rooms)
  const again = await callMethod(execApprovalsSet, { file: shown.file, baseHash: shown.hash }, rooms)
  expect(again.file).toEqual(shown.file)
  await callMethod(execApprovalsSet, { file: { version: 1 }, baseHash: again.hash }, rooms)
  expect(rooms.state.config).toEqual({ agents: { list: [{ id: 'main', name: 'M' }, { id: 'work', tools: { deny: ['write'], exec: { allowlist: [] } } }] }, tools: { exec: { timeoutSec: 5 } } })
})

it('the only agent, which nobody wrote down, gets an entry', async () => {
  const rooms = await fakeRooms({ config: {} })
  rooms.state.agents = [{ id: 'main' }] as never
  await callMethod(execApprovalsSet, { file: { version: 1, agents: { main: { allowlist: [{ pattern: 'ls' }] } } }, baseHash: 'hash-0' }, rooms)
  expect(rooms.state.config).toMatchObject({ agents: { list: [{ id: 'main', tools: { exec: { allowlist: ['ls'] } } }] } })
})

it.each<[string, unknown]>([
  ['an entry that is none', { agents: { '*': { allowlist: [{ pattern: 'ls $(id)' }] } } }], ['an agent there is not', { agents: { other: {} } }], ['yes without an answer', { defaults: { askFallback: 'full' } }], ['skills that say yes', { defaults: { autoAllowSkills: true } }],
  ['an agent with fewer questions than the others', { defaults: { ask: 'always' }, agents: { '*': { ask: 'off' } } }],
])('refuses %s and changes nothing', async (_what, file) => {
  const rooms = await fakeRooms({ config: structuredClone(two) })
  await expect(callMethod(execApprovalsSet, { file: { version: 1, ...file as object }, baseHash: 'hash-0' }, rooms)).rejects.toMatchObject({ code: 'exec-approvals-refused' })
  expect(rooms.state.config).toEqual(two)
})

it('needs what it was based on, as it is now', async () => {
  const rooms = await fakeRooms({ config: {} })
  await expect(callMethod(execApprovalsSet, { file: { version: 1 } }, rooms)).rejects.toThrow('exec approvals base hash required')
  await expect(callMethod(execApprovalsSet, { file: { version: 1 }, baseHash: 'old' }, rooms)).rejects.toThrow('exec approvals changed since last load; re-run exec.approvals.get and retry')
  await expect(callMethod(execApprovalsSet, { file: { version: 2 }, baseHash: 'hash-0' }, rooms)).rejects.toThrow('invalid')
})
