import { attachFiles, createFileTurns, type ChannelHost, type IncomingMessage } from '@moltbot/contract'
import type { FileToFetch } from './incoming.ts'

const patienceMs = 15_000

/** Fetches what came with a message into its attachments. What is too big, elsewhere, switched off or did not work stays a reference: the message goes on without. */
export function createFileFetcher(mediaMaxMb: number, token: string, acceptsFiles: (url: string) => boolean, host: ChannelHost): (files: readonly FileToFetch[], message: IncomingMessage) => Promise<void> {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const inTurn = createFileTurns(host, 'slack', patienceMs)

  async function read(url: string, isPage: boolean, signal: AbortSignal): Promise<string | undefined> {
    const { ok, contentType, bytes } = await host.media({ url, bytesMax, timeoutMs: patienceMs, signal, secretHeader: { name: 'authorization', value: `Bearer ${token}` } })
    if (!ok) return undefined
    // Without the scope files:read Slack shows its sign-in page in the file's place.
    if (/^text\/html/i.test(contentType) && !isPage) {
      host.log.warn('slack: a file cannot be read; the app may lack the scope files:read')
      return undefined
    }
    return Buffer.from(bytes).toString('base64')
  }

  async function fetchOne({ url, sizeBytes, isPage }: FileToFetch): Promise<string | undefined> {
    if (sizeBytes > bytesMax || bytesMax === 0 || !acceptsFiles(url)) return undefined
    return inTurn((signal) => read(url, isPage, signal))
  }

  return (files, message) => attachFiles(message, files.filter(({ attachment }) => host.films === true || message.attachments[attachment]?.kind !== 'video'), fetchOne)
}
