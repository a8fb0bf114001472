import { expect, it } from 'vitest'
import { writeFileSync } from 'node:fs'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultDoctor } from './vault-doctor.ts'

it('names what is in the clear', async () => {
  const rooms = await vaultRooms()
  expect(await callMethod(vaultDoctor, {}, rooms)).toEqual({ findings: [] })
  writeFileSync(rooms.secretsEnv, 'A_KEY=canary-value-1\n')
  const { findings } = await callMethod(vaultDoctor, {}, rooms)
  expect(findings).toMatchObject([{ severity: 'info', next: expect.stringContaining('moltbot vault import') as string }])
  expect(JSON.stringify(findings)).not.toContain('canary')
})
