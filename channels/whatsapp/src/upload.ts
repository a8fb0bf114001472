import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { WASocket, proto } from 'baileys'
import { SendProblem, type ChannelHost, type OutgoingFile } from '@moltbot/contract'
import type { Library } from './library.ts'
import { oggOpusSeconds } from './ogg-opus-seconds.ts'
import type { Realm } from './realm.ts'

/** What WhatsApp takes of each kind; the app itself sends pictures, films and sounds up to this size, and documents beyond it. */
export const fileLimits = {
  bytesMax: 64 * 1024 * 1024,
  bytesMaxOf: { image: 16 * 1024 * 1024, video: 16 * 1024 * 1024, audio: 16 * 1024 * 1024, voice: 16 * 1024 * 1024 },
  captionMax: 1_000,
  speech: 'opus' as const,
}

/** What WhatsApp says stickers may have: 100 kB, and 500 kB where they move. */
const stickerBytesMax = 100_000
const movingStickerBytesMax = 500_000
/** One attempt at one host may take this long. */
const patienceMs = 120_000
const macLength = 10
const answerBytesMax = 64 * 1024
const voiceType = 'audio/ogg; codecs=opus'

type Kind = 'image' | 'video' | 'audio' | 'document' | 'sticker'
interface Uploaded { url: string; directPath: string; mediaKey: Buffer; mediaKeyTimestamp: number; fileSha256: Buffer; fileEncSha256: Buffer; fileLength: number }

export interface Uploader {
  /**
   * Seals a file under a key of its own, hands it to WhatsApp's media hosts, and resolves with the message that shows it. Nobody sees anything before that
   * message is sent. Rejects with a `SendProblem`, `not-sent` or `never`.
   */
  contentOf(file: OutgoingFile, caption: string, socket: WASocket, wish: AbortSignal): Promise<proto.IMessage>
  /** The same for a WebP that is shown as a sticker. */
  stickerOf(file: OutgoingFile, socket: WASocket, wish: AbortSignal): Promise<proto.IMessage>
}

/** Whether WhatsApp shows words together with this file; sounds stand alone. */
export const takesCaption = (file: OutgoingFile): boolean => file.kind !== 'audio' && file.kind !== 'voice'

export function createUploader(realm: Realm, library: Library, host: ChannelHost): Uploader {
  async function upload(bytes: Uint8Array, kind: Kind, socket: WASocket, wish: AbortSignal): Promise<Uploaded> {
    const mediaKey = randomBytes(32)
    const { iv, cipherKey, macKey } = await library.getMediaKeys(mediaKey, kind)
    if (macKey === undefined) throw new SendProblem('never', 'The library made no key for the file.')
    const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
    const body = Buffer.concat([cipher.update(bytes), cipher.final()])
    const sealed = Buffer.concat([body, createHmac('sha256', macKey).update(iv).update(body).digest().subarray(0, macLength)])
    const fileEncSha256 = createHash('sha256').update(sealed).digest()
    const { url, directPath } = await handOver(sealed, fileEncSha256.toString('base64url'), kind, socket, wish)
    return {
      url, directPath, mediaKey, mediaKeyTimestamp: Math.floor(host.clock.now() / 1_000), fileEncSha256, fileSha256: createHash('sha256').update(bytes).digest(), fileLength: bytes.length,
    }
  }

  /** Asks where files go, and tries one place after the other. */
  async function handOver(sealed: Buffer, token: string, kind: Kind, socket: WASocket, wish: AbortSignal): Promise<{ url: string; directPath: string }> {
    let where: Awaited<ReturnType<WASocket['refreshMediaConn']>>
    try {
      where = await socket.refreshMediaConn(false)
    } catch (error) {
      throw new SendProblem('not-sent', 'WhatsApp does not say where files go.', { cause: error })
    }
    let problem: SendProblem | undefined
    for (const { hostname } of where.hosts) {
      const origin = realm.upload(hostname)
      if (origin === undefined) continue
      try {
        return await put(`${origin}${library.MEDIA_PATH_MAP[kind]}/${token}?auth=${encodeURIComponent(where.auth)}&token=${token}`, sealed, wish)
      } catch (error) {
        if (wish.aborted) throw new SendProblem('not-sent', 'The send was called off.', { cause: error })
        problem = error instanceof SendProblem ? error : new SendProblem('not-sent', 'WhatsApp did not take the file.', { cause: error })
        if (problem.outcome === 'never') throw problem
      }
    }
    // The place and its password are known for some time; whoever refused it may know another one by now.
    await socket.refreshMediaConn(true).catch(() => undefined)
    throw problem ?? new SendProblem('not-sent', 'WhatsApp names no place for files.')
  }

  async function put(url: string, sealed: Buffer, wish: AbortSignal): Promise<{ url: string; directPath: string }> {
    const controller = new AbortController()
    const cancel = host.clock.after(patienceMs, () => controller.abort())
    try {
      const response = await host.fetch(url, {
        method: 'POST', redirect: 'error', body: new Uint8Array(sealed), signal: AbortSignal.any([wish, controller.signal]),
        headers: { 'content-type': 'application/octet-stream', origin: 'https://web.whatsapp.com' },
      })
      if (response.status === 413) throw new SendProblem('never', 'The file is larger than WhatsApp takes.')
      if (!response.ok) throw new SendProblem('not-sent', `WhatsApp did not take the file (${response.status}).`)
      const answer = readAnswer(await readText(response))
      if (answer === undefined) throw new SendProblem('not-sent', 'WhatsApp took the file and did not say where it is.')
      return answer
    } finally {
      cancel()
    }
  }

  return {
    async contentOf(file, caption, socket, wish) {
      const bytes = await bytesOf(file)
      // WhatsApp plays recorded speech as such in this form alone.
      const opus = file.kind === 'voice' && isOgg(bytes)
      const kind = file.kind === 'voice' ? 'audio' : file.kind
      const uploaded = await upload(bytes, kind, socket, wish)
      const words = caption === '' ? {} : { caption }
      switch (kind) {
        case 'image':
          return { imageMessage: { ...uploaded, ...words, mimetype: file.mimeType } }
        case 'video':
          return { videoMessage: { ...uploaded, ...words, mimetype: file.mimeType } }
        case 'audio': {
          const seconds = oggOpusSeconds(bytes)
          return { audioMessage: { ...uploaded, ptt: opus, mimetype: opus ? voiceType : file.mimeType, ...(seconds === undefined ? {} : { seconds }) } }
        }
        case 'document':
          return { documentMessage: { ...uploaded, ...words, mimetype: file.mimeType, fileName: file.fileName, title: file.fileName } }
      }
    },
    async stickerOf(file, socket, wish) {
      const bytes = Buffer.from(await bytesOf(file))
      if (!isWebp(bytes)) throw new SendProblem('never', 'On WhatsApp a sticker is a WebP picture, best of 512 by 512 points.')
      const isAnimated = isMoving(bytes)
      const most = isAnimated ? movingStickerBytesMax : stickerBytesMax
      if (bytes.length > most) throw new SendProblem('never', `WhatsApp takes ${isAnimated ? 'moving stickers' : 'stickers'} of up to ${most / 1_000} kB; this one has ${Math.ceil(bytes.length / 1_000)} kB.`)
      return { stickerMessage: { ...(await upload(bytes, 'sticker', socket, wish)), mimetype: 'image/webp', isAnimated } }
    },
  }
}

/** What WhatsApp shows as a sticker; its flag for a moving one stands in the extended header. */
const isWebp = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP'
const isMoving = (bytes: Buffer): boolean => bytes.toString('latin1', 12, 16) === 'VP8X' && ((bytes[20] ?? 0) & 2) !== 0

async function bytesOf(file: OutgoingFile): Promise<Uint8Array> {
  try {
    return await file.bytes()
  } catch (error) {
    throw new SendProblem('never', 'The file is no longer there.', { cause: error })
  }
}

const isOgg = (bytes: Uint8Array): boolean => Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(4, bytes.length)).toString('latin1') === 'OggS'

function readAnswer(text: string): { url: string; directPath: string } | undefined {
  try {
    const { url, direct_path: directPath } = JSON.parse(text) as { url?: unknown; direct_path?: unknown }
    return typeof url === 'string' && typeof directPath === 'string' && directPath.startsWith('/') ? { url, directPath } : undefined
  } catch {
    // Not JSON: no answer of a media host.
    return undefined
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > answerBytesMax) return ''
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
