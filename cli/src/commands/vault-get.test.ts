import { expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.ts'
import { sealedMachine } from '../testing/sealed-machine.ts'

it('prints a value only when it is meant, and keeps that in the record', async () => {
  const sealed = await sealedMachine()
  await sealed.vault.set('A_KEY', 'canary-value-1')
  const refused = await runCommand(['vault', 'get', 'A_KEY'], { machine: sealed.machine })
  expect(refused.code).toBe(2)
  expect(refused.out + refused.err).not.toContain('canary')
  expect(await runCommand(['vault', 'get', 'A_KEY', '--reveal'], { machine: sealed.machine })).toMatchObject({ code: 0, out: 'canary-value-1\n' })
  expect(sealed.acts).toMatchObject([{ act: 'vault.revealed', subject: 'A_KEY' }])
  expect(sealed.closed).toBe(1)
})

it('says what there is when there is none', async () => {
  const { machine } = await sealedMachine()
  expect(await runCommand(['vault', 'get', 'B_KEY', '--reveal'], { machine })).toMatchObject({ code: 1, err: expect.stringContaining('moltbot vault list') as string })
})
