import { afterAll, beforeAll, expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall, FakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

let gateway: FakeGateway
beforeAll(async () => {
  gateway = await startFakeGateway({ token: 'T', methods: {
    echo: ({ params }: FakeCall) => params,
    twice: ({ accept }: FakeCall) => {
      accept({ status: 'accepted' })
      return { status: 'ok' }
    },
  } })
})
afterAll(() => gateway.close())

it('prints the answer as JSON', async () => {
  const run = await runCommand(['gateway', 'call', 'echo', '--params', '{"a":["\u009b2J"]}'], { gateway })
  expect(run.code).toBe(0)
  expect(run.out).not.toContain('\u009b')
  expect(JSON.parse((await runCommand(['gateway', 'call', 'echo', '--params', '-'], { gateway, input: '{"b":2}' })).out)).toEqual({ b: 2 })
  expect(JSON.parse((await runCommand(['gateway', 'call', 'echo'], { gateway })).out)).toEqual({})
})

it('waits for the second answer when asked to', async () => {
  expect(JSON.parse((await runCommand(['gateway', 'call', 'twice'], { gateway })).out)).toEqual({ status: 'accepted' })
  expect(JSON.parse((await runCommand(['gateway', 'call', 'twice', '--expect-final'], { gateway })).out)).toEqual({ status: 'ok' })
})

it.each(['{', '[1]', '3'])('refuses parameters %s', async (params) => {
  expect((await runCommand(['gateway', 'call', 'echo', '--params', params], { gateway })).code).toBe(2)
})

it('names the nearest method', async () => {
  const run = await runCommand(['gateway', 'call', 'ecoh'], { gateway })
  expect(run.code).toBe(1)
  expect(run.err).toContain('Did you mean "echo"?')
})
