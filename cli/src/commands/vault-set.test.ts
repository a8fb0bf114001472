import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('seals what stands on standard input, without a gateway too, and repeats nothing of it', async () => {
  const { machine, vault, acts } = await sealedMachine()
  const run = await runCommand(['vault', 'set', 'A_KEY'], { machine, input: 'canary-value-1\n' })
  expect(run).toMatchObject({ code: 0, out: 'A_KEY is sealed. Refer to it with "${secret:A_KEY}".\n' })
  expect(vault.get('A_KEY')?.open('test')).toBe('canary-value-1')
  expect(run.out + run.err + JSON.stringify(acts)).not.toContain('canary')
  expect((await runCommand(['vault', 'set', 'A_KEY'], { machine, input: '' })).code).toBe(2)
})

it('takes no value on the command line', async () => {
  const { machine, opened } = await sealedMachine()
  expect((await runCommand(['vault', 'set', 'A_KEY', 'canary-value-1'], { machine })).code).toBe(2)
  expect(opened).toEqual([])
})

it('goes through the gateway where one runs', async () => {
  const { machine, opened } = await sealedMachine()
  const gateway = await startFakeGateway({ token: 'T', methods: { 'vault.set': { ok: true, version: 3 } } })
  expect((await runCommand(['vault', 'set', 'A_KEY'], { gateway, machine, input: 'canary-value-1' })).out).toContain('version 3')
  expect(gateway.calls).toEqual([{ method: 'vault.set', params: { name: 'A_KEY', value: 'canary-value-1' } }])
  expect(opened).toEqual([])
  await gateway.close()
})
