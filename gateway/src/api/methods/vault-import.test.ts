import { expect, it } from 'vitest'
import { readFileSync, writeFileSync } from 'node:fs'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultImport } from './vault-import.ts'

it('absorbs secrets.env', async () => {
  const rooms = await vaultRooms()
  writeFileSync(rooms.secretsEnv, 'export A_KEY="canary-value-1"\n')
  expect(await callMethod(vaultImport, {}, rooms)).toEqual({ file: rooms.secretsEnv, moved: ['A_KEY'], left: [] })
  expect(readFileSync(rooms.secretsEnv, 'utf8')).toBe("export A_KEY='${secret:A_KEY}'\n")
  expect(rooms.sealed.get('A_KEY')?.open('test')).toBe('canary-value-1')
  expect(rooms.acts).toMatchObject([{ act: 'vault.imported', outcome: 'done', facts: { moved: ['A_KEY'] } }])
})
