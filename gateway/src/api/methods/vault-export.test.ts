import { expect, it } from 'vitest'
import { Decrypter, armor } from 'age-encryption'
import { callMethod } from '../testing/call-method.ts'
import { vaultRooms } from '../testing/vault-rooms.ts'
import { vaultExport } from './vault-export.ts'

it('gives an age file that only the passphrase opens', async () => {
  const rooms = await vaultRooms()
  await rooms.sealed.set('a', 'canary-value-1')
  const { age } = await callMethod(vaultExport, { passphrase: 'correct horse battery staple' }, rooms)
  expect(age).toContain('BEGIN AGE ENCRYPTED FILE')
  expect(age).not.toContain('canary')
  const open = (passphrase: string): Promise<string> => {
    const decrypter = new Decrypter()
    decrypter.addPassphrase(passphrase)
    return decrypter.decrypt(armor.decode(age), 'text')
  }
  expect(JSON.parse(await open('correct horse battery staple'))).toMatchObject({ name: 'a', value: 'canary-value-1' })
  await expect(open('another passphrase altogether')).rejects.toThrow()
  for (const params of [{}, { passphrase: 'correct horse battery staple', recipient: 'age1x' }, { passphrase: 'short' }, { recipient: 'nobody' }]) {
    await expect(callMethod(vaultExport, params, rooms)).rejects.toMatchObject({ code: 'vault-export-target' })
  }
  expect(rooms.acts).toMatchObject([{ act: 'vault.exported' }])
})
