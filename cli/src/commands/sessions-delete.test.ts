import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { scriptPrompts } from '../testing/scripted-prompts.ts'

it('asks before it deletes', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'sessions.delete': { ok: true, key: 'k', deleted: true, archived: [] } } })
  expect((await runCommand(['sessions', 'delete', 'work'], { gateway })).code).toBe(2)
  expect((await runCommand(['sessions', 'delete', 'work'], { gateway, interactive: true, prompts: scriptPrompts([false]) })).code).toBe(130)
  expect(gateway.calls).toEqual([])
  expect((await runCommand(['sessions', 'delete', 'work'], { gateway, interactive: true, prompts: scriptPrompts([true]) })).out).toBe('work is deleted.\n')
  expect((await runCommand(['sessions', 'delete', 'work', '--yes'], { gateway })).code).toBe(0)
  gateway.methods['sessions.delete'] = { ok: true, deleted: false }
  expect((await runCommand(['sessions', 'delete', 'other', '-y'], { gateway })).code).toBe(1)
  await gateway.close()
})
