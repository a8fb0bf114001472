import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleNetworks } from '../testing/sample-networks.ts'

const record = (room: string, msg: string, facts = {}): string => JSON.stringify({ 0: JSON.stringify({ subsystem: room }), 1: msg, ...facts, _meta: { logLevelName: 'INFO' } })

it('prints the last lines of one network, or of all', async () => {
  const lines = [record('channels/pigeon', 'one'), record('channels/smoke', 'two'), record('channels', 'three', { channel: 'pigeon' }), record('models', 'pigeon'), record('channels/pigeon', 'four'), 'a trace of pigeon']
  const gateway = await startFakeGateway({ token: 'T', methods: { 'config.schema': { schema: sampleNetworks }, 'logs.tail': { cursor: 10, lines } } })
  const said = async (...words: string[]): Promise<string[]> => (await runCommand(['channels', 'logs', ...words, '--json'], { gateway })).out.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { 1: string })[1])
  expect(await said('--channel', 'pigeon')).toEqual(['one', 'three', 'four'])
  expect(await said('--channel', 'pigeon', '--lines', '2')).toEqual(['three', 'four'])
  expect(await said()).toEqual(['one', 'two', 'three', 'four'])
  expect(await said('--level', 'warn')).toEqual([])
  expect((await runCommand(['channels', 'logs', '--channel', 'pigeon', '--level', 'error'], { gateway })).err).toContain('nothing of pigeon')
  expect(await runCommand(['channels', 'logs', '--channel', 'pigen'], { gateway })).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean "pigeon"?') as string })
  await gateway.close()
})
