import { expect, it } from 'vitest'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('fails when a secret is damaged and says what to do', async () => {
  const sealed = await sealedMachine()
  await sealed.vault.set('A_KEY', 'canary-value-1')
  expect(await runCommand(['vault', 'doctor'], { machine: sealed.machine })).toMatchObject({ code: 0, out: expect.stringContaining('Every secret opens') as string })
  const file = join(dirname(sealed.secretsEnv), 'credentials', 'vault.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"version": 1', '"version": 7'))
  const run = await runCommand(['vault', 'doctor', '--accept-older'], { machine: sealed.machine })
  expect(run).toMatchObject({ code: 1, out: expect.stringContaining('moltbot vault rm A_KEY') as string })
  expect(sealed.opened).toEqual([{ acceptOlder: false }, { acceptOlder: true }])
})
