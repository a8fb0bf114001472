import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

/** In the sandbox, as everything of this machine that is run on words from outside. */
const missing = ['bwrap', 'espeak-ng', 'opusenc'].filter((program) => {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${program}`])
    return false
  } catch {
    return true
  }
})

describe.skipIf(missing.length > 0)(missing.length === 0 ? 'a program of this machine' : `a program of this machine (left out: no ${missing.join(', ')} here)`, () => {
  let at: TestGateway
  beforeAll(async () => { at = await startTestGateway({ config: { ...ownedBy1001, messages: { tts: { auto: 'always' } } } }) })
  afterAll(() => at.close())

  it('speaks an answer, without a provider, a key or the network', async () => {
    const olga = personAt(at, 1001, { name: 'Olga' })
    expect(await olga.chat('/tts status')).toContain('local speaks (espeak-ng)')
    const [sent] = await olga.ask('a rather short sentence to be heard')
    expect([sent?.text, sent?.file?.as]).toEqual(['', 'voice'])
    const sound = Buffer.from(sent?.file?.bytes ?? new Uint8Array())
    expect([sound.toString('latin1', 0, 4), sound.subarray(0, 64).includes('OpusHead')]).toEqual(['OggS', true])
    // The last page of an Ogg stream says how many samples there are, 48,000 a second.
    const seconds = Number(sound.readBigUInt64LE(sound.lastIndexOf('OggS') + 6)) / 48_000
    expect(seconds).toBeGreaterThan(1)
    expect(seconds).toBeLessThan(10)
  })
})
