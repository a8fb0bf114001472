import { addTransactionCapability, proto } from 'baileys'
import { createTestHost } from '@moltbot/contract/testing'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Telephone, type Bundle } from '../../../test/fakes/whatsapp-server/person.ts'
import { newDevice } from './device-keys.ts'
import { loadLibrary, quietLogger, type Library } from './library.ts'
import { mendSessions, sessionLibrary } from './mended-sessions.ts'

let library: Library
beforeAll(async () => (library = await loadLibrary()))
afterEach(() => mendSessions())

/** A device and somebody's telephone, with a conversation that each of them wrote in. */
async function acquainted() {
  const { device, values } = newDevice(library)
  const logger = quietLogger(createTestHost().log) as never
  const keys = addTransactionCapability(device.keysFor(() => true), logger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
  const repository = library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: device.creds, keys }, logger, async () => [])
  const { registrationId, signedIdentityKey, signedPreKey } = device.creds
  const bundle: Bundle = { registrationId, identity: signedIdentityKey.public, signedPreKey: { id: signedPreKey.keyId, key: signedPreKey.keyPair.public, signature: signedPreKey.signature } }
  const name = '4915100000001:7@s.whatsapp.net'
  const anna = new Telephone('4915200000001', '80000000000001')
  const write = (text: string): ReturnType<Telephone['seal']> => anna.seal(name, bundle, { conversation: text })
  const read = async ({ attrs, content }: Awaited<ReturnType<typeof write>>): Promise<string | null | undefined> => {
    const plain = await repository.decryptMessage({ jid: anna.address, type: attrs.type as 'msg', ciphertext: content as Uint8Array })
    return proto.Message.decode(library.unpadRandomMax16(plain)).conversation
  }
  const answer = async (text: string): Promise<string | null | undefined> => {
    const { type, ciphertext } = await repository.encryptMessage({ jid: anna.address, data: library.encodeWAMessage({ conversation: text }) })
    return (await anna.open(name, type, ciphertext)).conversation
  }
  await read(await write('hello'))
  await answer('hello, Anna')
  return { write, read, answer, values, beginAnew: () => anna.beginAnew(name) }
}

/** Anna's telephone begins anew; what she wrote before that comes after. */
async function overtaken({ write, read, beginAnew }: Awaited<ReturnType<typeof acquainted>>): Promise<(string | null | undefined)[]> {
  const late = await write('before')
  beginAnew()
  return [await read(await write('after')), await read(late)]
}

describe('conversations of keys', () => {
  it('a message of an earlier conversation is read, and the one that stands is not touched', async () => {
    const both = await acquainted()
    expect(await overtaken(both)).toEqual(['after', 'before'])
    expect(await both.answer('and on')).toBe('and on')
  })

  it('twin: tried without mending, it spoils the one that stands, and the next answer opens nowhere', async () => {
    const { SessionCipher } = sessionLibrary()
    SessionCipher.prototype.decryptWithSessions = async function unmended(data, sessions) {
      for (const session of sessions) {
        const plaintext = await this.doDecryptWhisperMessage(data, session).catch(() => undefined)
        if (plaintext !== undefined) return { session, plaintext }
      }
      throw new Error('No matching sessions found for message')
    }
    const both = await acquainted()
    await overtaken(both)
    mendSessions()
    await expect(both.answer('and on')).rejects.toThrow()
  })

  it('what was opened before is told from what cannot be opened', async () => {
    const { write, read } = await acquainted()
    const message = await write('once')
    await read(message)
    await expect(read(message)).rejects.toThrow('Key used already')
    const other = await acquainted()
    await other.write('lost')
    await expect(read(await other.write('to somebody else'))).rejects.toThrow('No matching sessions')
  })

  it('a conversation is not larger after thirty answers than after ten', async () => {
    const { write, read, answer, values } = await acquainted()
    const sizes: number[] = []
    for (let round = 1; round <= 30; round += 1) {
      await read(await write(`question ${round}`))
      await answer(`answer ${round}`)
      if (round === 10 || round === 30) sizes.push([...values].find(([name]) => name.startsWith('session/'))?.[1].length ?? 0)
    }
    const [ten = 0, thirty = 0] = sizes
    expect(ten).toBeGreaterThan(0)
    expect(thirty).toBeLessThan(ten * 1.1)
  })
})
