import { expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('shows names, versions and ages', async () => {
  const { machine, vault } = await sealedMachine()
  expect((await runCommand(['vault', 'list'], { machine })).out).toContain('empty')
  await vault.set('A_KEY', 'canary-value-1')
  await vault.set('A_KEY', 'canary-value-2')
  expect((await runCommand(['vault', 'list'], { machine })).out).toBe('A_KEY  version 2, changed today\n')
  const json = await runCommand(['vault', 'list', '--json'], { machine })
  expect(JSON.parse(json.out)).toMatchObject([{ name: 'A_KEY', version: 2 }])
  expect(json.out).not.toContain('canary')
})
