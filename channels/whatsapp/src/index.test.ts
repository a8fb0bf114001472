import type { PlatformMessageId } from '@moltbot/contract'
import { createTestHost, testChannel, type ChannelNetwork, type Person, type Words } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { linkDevice, startWhatsAppServer, type LinkedDevice } from '../../../test/fakes/whatsapp-server/index.ts'
import { whatsapp, whatsappSection } from './index.ts'

testChannel({ channel: whatsapp as never, start: () => startNetwork() })

/** One point, without colour. */
const webp = Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64')

let linked: Promise<{ device: LinkedDevice; sealed: Map<string, string> }> | undefined

/** One telephone is linked once, by the login itself; every network of the suite goes on from there. */
async function linkOnce(): Promise<{ device: LinkedDevice; sealed: Map<string, string> }> {
  const server = await startWhatsAppServer()
  const sealed = new Map<string, string>()
  await linkDevice(server, whatsapp as never, Value.Default(whatsappSection.schema, { apiRoot: server.apiRoot }) as never, createTestHost({ sealed }))
  const device = server.device() as LinkedDevice
  await server.close()
  return { device, sealed }
}

/** The people of the suite on a WhatsApp of our own. */
async function startNetwork(): Promise<ChannelNetwork> {
  const { device, sealed } = await (linked ??= linkOnce())
  const server = await startWhatsAppServer({ device })
  const people = { anna: server.person('Anna'), ben: server.person('Ben', 'with-number'), robot: server.person('Robot') }
  const group = server.group('family', [people.anna, people.ben])

  return {
    // Quotes are off by default on WhatsApp; the suite looks at them.
    config: { apiRoot: server.apiRoot, enabled: true, replyToMode: 'first' },
    sealed: new Map(sealed),
    places: ['group'],
    tellsForwards: true,
    async say({ from, text, where = 'direct', mention, replyTo, forwards }: Words) {
      const passed = forwards === true ? { content: { extendedTextMessage: { text, contextInfo: { isForwarded: true, forwardingScore: 1 } } } } : {}
      const said = server.say(people[from], forwards === true ? '' : text, { ...passed, ...(where === 'direct' ? {} : { in: group }), ...(mention === undefined ? {} : { mention }), ...(replyTo === undefined ? {} : { replyTo }) })
      return { id: said.id as PlatformMessageId }
    },
    acknowledged: (id) => server.acknowledged(id),
    until: (condition, what) => server.until(condition, what),
    sent: () => server.sent.map(({ id, text, removed, replyTo, file }) => ({ id: id as PlatformMessageId, text, removed, ...(file === undefined ? {} : file.as === 'sticker' ? { sticker: true as const } : { file: { ...file, as: file.as } }), ...(replyTo === undefined ? {} : { replyTo: replyTo as PlatformMessageId }) })),
    sticker: async () => ({ file: { kind: 'image', fileName: 'sticker.webp', mimeType: 'image/webp', sizeBytes: webp.length, bytes: async () => webp } }),
    rename: (person: Person, name) => void (people[person].name = name),
    redeliver: () => server.redeliver(),
    faults: {
      block: () => server.block(),
      failSend: () => server.refuseNext(500),
      cutAfterAccept: () => server.cutAfterAccept(),
      offline: () => server.goOffline(),
      online: async () => server.goOnline(),
      cut: () => server.cut(),
      deafen: (on) => server.deafen(on),
      revoke: () => server.revoke(),
    },
    stop: () => server.close(),
  }
}
