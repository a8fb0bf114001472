import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createFileTurns, type ChannelHost } from '@moltbot/contract'
import type { SealedFile } from './incoming.ts'
import type { Library } from './library.ts'
import type { Realm } from './realm.ts'

const patienceMs = 10_000
/** What WhatsApp appends to a sealed file, and the most its padding adds. */
const macLength = 10
const paddingMax = 16

/** Fetches and opens a file within the limit. Undefined when it is too big, not what it claims, switched off, or did not come: the message goes on without. */
export type FileFetcher = (file: SealedFile) => Promise<string | undefined>

export function createFileFetcher(mediaMaxMb: number, realm: Realm, library: Library, host: ChannelHost): FileFetcher {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const inTurn = createFileTurns(host, 'whatsapp', patienceMs)

  async function read(url: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const { ok, bytes } = await host.media({ url, bytesMax: bytesMax + macLength + paddingMax, timeoutMs: patienceMs, signal, headers: { origin: 'https://web.whatsapp.com' } })
    return ok ? Buffer.from(bytes) : undefined
  }

  async function open(file: SealedFile, sealed: Buffer): Promise<Buffer | undefined> {
    if (sealed.length <= macLength) return undefined
    if (file.sealedSha256 !== undefined && !createHash('sha256').update(sealed).digest().equals(Buffer.from(file.sealedSha256))) return undefined
    const { iv, cipherKey, macKey } = await library.getMediaKeys(file.key, file.kind)
    if (macKey === undefined) return undefined
    const body = sealed.subarray(0, -macLength)
    const mac = createHmac('sha256', macKey).update(iv).update(body).digest().subarray(0, macLength)
    if (!timingSafeEqual(mac, sealed.subarray(-macLength))) return undefined
    return library.aesDecryptWithIV(body, Buffer.from(cipherKey), Buffer.from(iv))
  }

  return async (file) => {
    const url = realm.file(file.path)
    if (bytesMax === 0 || file.sizeBytes > bytesMax || url === undefined) return undefined
    return inTurn(async (signal) => {
      const sealed = await read(url, signal)
      return sealed === undefined ? undefined : (await open(file, sealed))?.toString('base64')
    })
  }
}
