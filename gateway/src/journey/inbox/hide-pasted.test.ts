import { expect, it } from 'vitest'
import type { IncomingMessage } from '@moltbot/contract'
import { hidePasted, reword, type HideSecrets } from './hide-pasted.ts'

const hide: HideSecrets = (text, taken) => {
  const found = [...text.matchAll(/key-(\w+)/g)].map(([value]) => ({ name: `n${taken.length}`, value })).slice(0, 1)
  return { text: found.reduce((shown, { name, value }) => shown.replaceAll(value, `[secret ${name}]`), text), found }
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const message = (more: Partial<IncomingMessage>): IncomingMessage => ({
  id: '1', chat: { channel: 'c', account: 'default', chat: 'x', kind: 'direct' }, sender: { id: 's' }, sentAt: 0, text: 'hello', attachments: [], mentioned: 'yes', ...more,
}) as unknown as IncomingMessage

it('looks wherever a sender can write', () => {
  const { message: clean, pasted } = hidePasted(message({
    text: 'my key-one', quoted: { id: 'q' as never, text: 'was key-two', fromUs: false }, wishes: { instructions: 'use key-three' },
    attachments: [{ kind: 'document', mimeType: 'text/plain', data: base64('key-four'), sizeBytes: 8 }, { kind: 'image', mimeType: 'image/png', data: base64('key-five') }],
  }), hide)
  expect(pasted.map(({ value }) => value)).toEqual(['key-one', 'key-two', 'key-three', 'key-four'])
  expect(clean).toMatchObject({ text: 'my [secret n0]', quoted: { text: 'was [secret n1]' }, wishes: { instructions: 'use [secret n2]' } })
  expect(clean.attachments).toEqual([{ kind: 'document', mimeType: 'text/plain', data: base64('[secret n3]'), sizeBytes: 11 }, { kind: 'image', mimeType: 'image/png', data: base64('key-five') }])
})

it('leaves a message without any as it is', () => {
  const plain = message({ attachments: [{ kind: 'document', mimeType: 'text/plain', data: base64('nothing') }] })
  expect(hidePasted(plain, hide)).toEqual({ message: plain, pasted: [] })
  expect(hidePasted(plain, hide).message).toBe(plain)
})

it('changes the same places again', () => {
  expect(reword(message({ text: 'a' }), (text) => text.toUpperCase()).text).toBe('A')
})
