import { expect, it } from 'vitest'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Decrypter, armor, generateIdentity, identityToRecipient } from 'age-encryption'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('prints an age file that its recipient opens, or writes it for one pair of eyes', async () => {
  const { machine, vault } = await sealedMachine()
  await vault.set('A_KEY', 'canary-value-1')
  const identity = await generateIdentity()
  const recipient = await identityToRecipient(identity)
  const run = await runCommand(['vault', 'export', '--recipient', recipient], { machine })
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  expect(JSON.parse(await decrypter.decrypt(armor.decode(run.out), 'text'))).toMatchObject({ name: 'A_KEY', value: 'canary-value-1' })
  const file = join(run.stateDir, 'vault.age')
  expect((await runCommand(['vault', 'export', '--recipient', recipient, '--output', file], { machine })).out).not.toContain('AGE')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await runCommand(['vault', 'export', '--recipient', 'nobody'], { machine })).code).toBe(2)
  expect((await runCommand(['vault', 'export'], { machine, input: '' })).code).toBe(2)
})
