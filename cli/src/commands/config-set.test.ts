import { expect, it } from 'vitest'
import { fakeConfig, fakeOffline } from '../testing/config-fixtures.ts'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('writes exactly one key, with the value a person meant', async () => {
  const config = fakeConfig()
  const gateway = await startFakeGateway({ token: 'T', methods: config.methods })
  for (const [path, value] of [['a.b', '42'], ['a.b', 'some words'], ['a.b', '["x"]'], ['a["b.c"]', 'true'], ['a.b', "{c: 'd'}"]]) expect((await runCommand(['config', 'set', path ?? '', value ?? ''], { gateway })).code).toBe(0)
  expect((await runCommand(['config', 'set', 'a.b', '42', '--text'], { gateway })).out).toBe('a.b is set in /state/moltbot.json.\n')
  expect(config.writes).toEqual([{ a: { b: 42 } }, { a: { b: 'some words' } }, { a: { b: ['x'] } }, { a: { 'b.c': true } }, { a: { b: { c: 'd' } } }, { a: { b: '42' } }])
  await gateway.close()
})

it('says what would be right when the gateway refuses', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: fakeConfig().methods })
  const run = await runCommand(['config', 'set', 'gateway.port', 'abc'], { gateway })
  expect(run.code).toBe(1)
  expect(run.err).toContain('from 1 to 65535')
  await gateway.close()
})

it.each([[['a.b', '{broken']], [['a b', '1']], [['__proto__.x', '1']], [['a', 'null']], [['a']]])('refuses %j before asking anybody', async (words) => {
  const offline = fakeOffline()
  expect((await runCommand(['config', 'set', ...words], { offline })).code).toBe(2)
  expect(offline.done).toEqual([])
})

it('writes the file when no gateway runs', async () => {
  const offline = fakeOffline()
  const run = await runCommand(['config', 'set', 'gateway.port', '19000'], { offline })
  expect(offline.done).toEqual([['set', 'gateway.port', 19_000]])
  expect(run.out).toContain('at its next start')
})
