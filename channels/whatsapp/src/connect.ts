import { ConnectProblem, type ChannelHost, type Connection, createHealthKeeper } from '@moltbot/contract'
import type { WhatsAppConfig } from './config.ts'
import { readDevice, sealedOf, type DeviceKeys } from './device-keys.ts'
import { createHandOver, type HandOver } from './hand-over.ts'
import { loadLibrary, type Library } from './library.ts'
import { openLine, type Line } from './line.ts'
import { createFileFetcher } from './media.ts'
import { createOutgoing, nameOf } from './outgoing.ts'
import { realmOf } from './realm.ts'
import { readSentMessages } from './sent-messages.ts'
import { createSteadySessions } from './steady-sessions.ts'
import { createUploader, fileLimits } from './upload.ts'

/** Opening an account must not hang on a silent network, ms. */
const openPatienceMs = 40_000
/** `close` gives up waiting shortly before the five seconds it may take. */
const closePatienceMs = 2_500
/** Edits are messages of their own: not too many of them. */
const editEveryMs = 2_000

/** Opens one linked number. */
export async function connectWhatsApp(config: WhatsAppConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const realm = realmOf(config.apiRoot)
  const library = await loadLibrary()
  const device = await linkedDevice(library, config, host)
  const sent = await readSentMessages(library, sealedOf(host))
  const health = createHealthKeeper(host, { detail: nameOf(device.creds.me?.id) })
  const sessions = createSteadySessions(library)
  let closing: Promise<void> | undefined
  const outgoing = createOutgoing({ host, library, config, health, uploader: createUploader(realm, library, host), sessions, sent, line: () => line, handOver: () => handOver, isClosed: () => closing !== undefined })
  const handOver: HandOver = createHandOver({
    host, library, selfChat: config.selfChatMode, fetchFile: createFileFetcher(config.mediaMaxMb, realm, library, host),
    isOurs: outgoing.isOurs, isCurrent: (socket) => line.isCurrent(socket), renew: (reason) => line.renew(reason),
  })
  const line: Line = openLine({
    library, host, device, health, sessions, address: realm.socket, version: config.webVersion,
    onMessage: (node, socket, pass) => handOver.take(node, socket, pass), onLateMessage: (message, socket) => handOver.takeLate(message, socket), contentOf: outgoing.contentOf,
  })

  async function close(): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))
    await Promise.race([handOver.close(), patience])
    cancel()
    await line.close()
    health.closed()
  }

  let cancelPatience = (): void => {}
  const tooLong = new Promise<never>((_, reject) => {
    cancelPatience = host.clock.after(openPatienceMs, () => reject(new ConnectProblem('WhatsApp does not answer.', { permanent: false, next: 'Check the connection to the internet.' })))
  })
  try {
    await Promise.race([line.up, tooLong])
  } catch (error) {
    await handOver.close()
    await line.close()
    throw error
  } finally {
    cancelPatience()
  }
  const { isOurs: _isOurs, contentOf: _contentOf, ...sending } = outgoing
  return {
    limits: { textLengthMax: config.textChunkLimit, editEveryMs, nonce: true, streaming: config.streaming, files: fileLimits },
    ...sending,
    close: () => (closing ??= close()),
  }
}

async function linkedDevice(library: Library, config: WhatsAppConfig, host: ChannelHost): Promise<DeviceKeys> {
  const device = host.sealed === undefined ? undefined : await readDevice(library, sealedOf(host))
  if (device !== undefined) return device
  const account = host.account === 'default' ? '' : ` --account ${host.account}`
  throw new ConnectProblem(`No telephone is linked${config.name === undefined ? '' : ` to ${config.name}`} yet.`, { permanent: true, next: `Link it: \`moltbot channels login --channel whatsapp${account}\`.` })
}
