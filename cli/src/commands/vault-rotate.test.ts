import { expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('gives a new key, of another kind when asked', async () => {
  const { machine, vault } = await sealedMachine()
  await vault.set('A_KEY', 'canary-value-1')
  const before = vault.status().keyId
  expect((await runCommand(['vault', 'rotate'], { machine })).out).toContain('one secret was sealed anew')
  expect(vault.status().keyId).not.toBe(before)
  const weak = await runCommand(['vault', 'rotate', '--to', 'passphrase'], { machine, input: 'short\n' })
  expect(weak).toMatchObject({ code: 1, err: expect.stringContaining('12 characters') as string })
  expect(vault.status().kind).toBe('file')
  expect((await runCommand(['vault', 'rotate', '--to', 'elsewhere'], { machine })).code).toBe(2)
})
