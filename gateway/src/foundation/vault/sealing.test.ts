import { Secret } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { createSealing } from './sealing.ts'

function memoryVault() {
  const values = new Map<string, string>()
  return {
    values,
    get: (name: string) => (values.has(name) ? new Secret(name, values.get(name) ?? '') : undefined),
    set: async (name: string, value: string) => void values.set(name, value),
  }
}

it('opens what it sealed, under the same facts and with the same key only', async () => {
  const vault = memoryVault()
  const sealing = createSealing(vault, 'channels.sealing')
  const sealed = (await sealing.open()).seal(['whatsapp', 'default', 'device'], 'the keys')
  expect(sealed).not.toContain('the keys')
  expect((await createSealing(vault, 'channels.sealing').open()).unseal(['whatsapp', 'default', 'device'], sealed)).toBe('the keys')
  const open = await sealing.open()
  expect(() => open.unseal(['whatsapp', 'other', 'device'], sealed)).toThrow()
  expect(() => open.unseal(['whatsapp', 'default', 'device'], sealed.slice(0, -4))).toThrow()
  vault.values.clear()
  const other = await sealing.open()
  expect(() => other.unseal(['whatsapp', 'default', 'device'], sealed)).toThrow()
})

it('makes one key, however many ask for the first', async () => {
  const vault = memoryVault()
  let writes = 0
  const sealing = createSealing({ ...vault, set: async (name, value) => { writes += 1; await vault.set(name, value) } }, 'k')
  await Promise.all([sealing.open(), sealing.open(), sealing.open()])
  expect(writes).toBe(1)
})
