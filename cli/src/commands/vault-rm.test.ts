import { expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('removes only when it is meant', async () => {
  const { machine, vault } = await sealedMachine()
  await vault.set('A_KEY', 'canary-value-1')
  expect((await runCommand(['vault', 'rm', 'A_KEY'], { machine })).code).toBe(2)
  expect(vault.list()).toHaveLength(1)
  expect((await runCommand(['vault', 'rm', 'A_KEY', '--yes'], { machine })).code).toBe(0)
  expect(vault.list()).toEqual([])
  expect((await runCommand(['vault', 'rm', 'A_KEY', '--yes'], { machine })).code).toBe(1)
})
