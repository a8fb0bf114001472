import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it.each([
  [{ ok: true, inbox: { open: 1, stuck: 0 }, outbox: { failed: 0 }, configOk: true }, 0, 'well'],
  [{ ok: true, inbox: { open: 1, stuck: 1 } }, 1, '1 message is without progress'],
  [{ ok: true, outbox: { failed: 2 } }, 1, '2 replies could not be delivered'],
  [{ ok: true, configOk: false }, 1, 'moltbot config validate'],
])('%j', async (health, code, words) => {
  const gateway = await startFakeGateway({ token: 'T', methods: { health } })
  const run = await runCommand(['health'], { gateway })
  expect(run.code).toBe(code)
  expect(run.out).toContain(words)
  expect(JSON.parse((await runCommand(['health', '--json'], { gateway })).out)).toMatchObject({ well: code === 0, ok: true })
  await gateway.close()
})

it('asks for a round trip', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { health: { ok: true } } })
  await runCommand(['health', '--probe'], { gateway })
  expect(gateway.calls).toEqual([{ method: 'health', params: { probe: true } }])
  await gateway.close()
})
