import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import type { FakeCall } from '../testing/fake-gateway.ts'
import type { CapturedTerminal } from '../testing/captured-terminal.ts'
import { runCommand } from '../testing/run-command.ts'

const record = (msg: string, level = 30): string => JSON.stringify({ level, time: 1_770_000_000_000, msg })

it('prints the last lines, readable or as they are', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'logs.tail': { cursor: 10, lines: [record('one'), record('two', 50)], reset: false } } })
  expect((await runCommand(['logs', '--limit', '2'], { gateway })).out).toBe('02:40:00 info  one\n02:40:00 error two\n')
  expect(gateway.calls[0]?.params).toEqual({ limit: 2 })
  expect((await runCommand(['logs', '--json'], { gateway })).out.trim().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['one', 'two'])
  expect((await runCommand(['logs', '--level', 'error'], { gateway })).out).toBe('02:40:00 error two\n')
  await gateway.close()
})

it('follows from where it was, over a restart, until Ctrl-C', async () => {
  let page = 0
  const gateway = await startFakeGateway({ token: 'T', methods: { 'logs.tail': ({ gateway: self }: FakeCall) => {
    page += 1
    if (page === 2) self.drop()
    return { cursor: page * 10, lines: [record(`page ${page}`)] }
  } } })
  let begin = (_: CapturedTerminal): void => {}
  const begun = new Promise<CapturedTerminal>((resolve) => {
    begin = resolve
  })
  const quick = { now: () => Date.now(), after: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs === 1_000 ? 1 : delayMs)
    return () => clearTimeout(timer)
  } }
  const running = runCommand(['logs', '--follow'], { gateway, clock: quick, onTerminal: begin })
  const terminal = await begun
  await terminal.until('page 4')
  terminal.interrupt()
  const run = await running
  expect(run.code).toBe(0)
  expect(run.err).toContain('the gateway went away')
  expect(gateway.calls.slice(0, 4).map((call) => call.params)).toEqual([{ limit: 200 }, { cursor: 10, limit: 5_000 }, { cursor: 10, limit: 5_000 }, { cursor: 30, limit: 5_000 }])
  await gateway.close()
})
