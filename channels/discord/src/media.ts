import { attachFiles, createFileTurns, type ChannelHost, type IncomingMessage } from '@moltbot/contract'
import type { FileToFetch } from './incoming.ts'

const patienceMs = 15_000

/** Fetches what came with a message into its attachments. What is too big, elsewhere, switched off or did not work stays a reference: the message goes on without. */
export function createFileFetcher(mediaMaxMb: number, acceptsMedia: (url: string) => boolean, host: ChannelHost): (files: readonly FileToFetch[], message: IncomingMessage) => Promise<void> {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const inTurn = createFileTurns(host, 'discord', patienceMs)

  async function fetchOne({ url, sizeBytes }: FileToFetch): Promise<string | undefined> {
    if (sizeBytes > bytesMax || bytesMax === 0 || !acceptsMedia(url)) return undefined
    return inTurn(async (signal) => {
      const { ok, bytes } = await host.media({ url, bytesMax, timeoutMs: patienceMs, signal })
      return ok ? Buffer.from(bytes).toString('base64') : undefined
    })
  }

  return (files, message) => attachFiles(message, files.filter(({ attachment }) => host.films === true || message.attachments[attachment]?.kind !== 'video'), fetchOne)
}
