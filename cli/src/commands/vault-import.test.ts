import { expect, it } from 'vitest'
import { readFileSync, writeFileSync } from 'node:fs'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('moves secrets.env into the vault and says what it left', async () => {
  const { machine, vault, secretsEnv } = await sealedMachine()
  writeFileSync(secretsEnv, '# mine\nexport A_KEY="canary-value-1"\n')
  const run = await runCommand(['vault', 'import'], { machine })
  expect(run.out).toContain('One value is in the vault now: A_KEY.')
  expect(readFileSync(secretsEnv, 'utf8')).toBe("# mine\nexport A_KEY='${secret:A_KEY}'\n")
  expect(vault.get('A_KEY')?.open('test')).toBe('canary-value-1')
  expect((await runCommand(['vault', 'import'], { machine })).out).toContain('references already')
})
