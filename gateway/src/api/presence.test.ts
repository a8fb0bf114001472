import { describe, expect, it } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import { createPresence } from './presence.ts'

const make = (clock = new FakeClock()) => ({ clock, presence: createPresence({ clock, version: '1.2.3', host: 'box', ip: '10.0.0.2', platform: 'linux' }) })

describe('presence', () => {
  it('always shows the gateway itself first, as of now', async () => {
    const { clock, presence } = make()
    await clock.advance(5)
    expect(presence.list()).toEqual([{ host: 'box', ip: '10.0.0.2', version: '1.2.3', platform: 'linux', mode: 'gateway', reason: 'self', text: 'Gateway: box (10.0.0.2) · app 1.2.3 · mode gateway · reason self', ts: clock.now() }])
  })

  it('keeps the connected, forgets the gone after five minutes, and counts each change', async () => {
    const { clock, presence } = make()
    let changes = 0
    presence.onChange(() => (changes += 1))
    presence.connected('c1', 'mac', { host: 'mac', reason: 'connect' })
    presence.connected('c2', 'mac', { host: 'mac', reason: 'connect' })
    await clock.advance(600_000)
    expect(presence.list().map((entry) => entry.host)).toEqual(['box', 'mac'])
    presence.disconnected('c1')
    expect(presence.list()[1]?.reason).toBe('connect')
    presence.disconnected('c2')
    expect(presence.list()[1]?.reason).toBe('disconnect')
    await clock.advance(300_001)
    expect(presence.list()).toHaveLength(1)
    expect([changes, presence.versions(), presence.healthChanged()]).toEqual([3, { presence: 4, health: 1 }, { presence: 4, health: 2 }])
  })

  it('holds at most 200 that are not connected', () => {
    const { presence } = make()
    for (let beacon = 0; beacon < 300; beacon++) presence.update(`b${beacon}`, { host: `b${beacon}` })
    expect(presence.list()).toHaveLength(200)
  })
})
