import { expect, it } from 'vitest'
import { startTestGateway } from '../support/test-gateway.ts'

// A gateway whose vault is locked must let its owner in, or nobody could ever unlock it from outside.
it('CRD-05 a vault that is locked while the gateway runs: its owner still comes in, reads no secret, and unlocks it', async () => {
  const { gateway, connect, close } = await startTestGateway({ telegram: false })
  try {
    const before = await connect()
    await before.request('vault.set', { name: 'A_KEY', value: 'canary-one' })
    expect(await before.request('vault.lock', {})).toMatchObject({ state: 'locked' })
    const during = await connect()
    await expect(during.request('vault.get', { name: 'A_KEY', reveal: true })).rejects.toThrow(/locked/)
    expect(() => gateway.vault.get('A_KEY')).toThrow(/locked/)
    expect(await during.request('health', {})).toMatchObject({ ok: true })
    expect(await during.request('vault.unlock', {})).toMatchObject({ state: 'open' })
    expect(await during.request('vault.get', { name: 'A_KEY', reveal: true })).toMatchObject({ value: 'canary-one' })
  } finally {
    await close()
  }
})
