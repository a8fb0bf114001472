import type { ChannelHost, IncomingMessage } from '@moltbot/contract'
import type { FileToFetch } from './incoming.ts'

/** Files are fetched before anyone judged the sender: few at a time, and never for long. */
const atOnceMax = 2
const patienceMs = 15_000
/** The inbox takes about 24 MB with one message; what would not fit stays a reference. */
const bytesOfMessageMax = 20 * 1024 * 1024

/** Fetches what came with a message into its attachments. What is too big, elsewhere, switched off or did not work stays a reference: the message goes on without. */
export function createFileFetcher(mediaMaxMb: number, token: string, acceptsFiles: (url: string) => boolean, host: ChannelHost): (files: readonly FileToFetch[], message: IncomingMessage) => Promise<void> {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const waiting: (() => void)[] = []
  let running = 0

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
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const controller = new AbortController()
    const cancel = host.clock.after(patienceMs, () => controller.abort())
    try {
      return await read(url, isPage, controller.signal)
    } catch {
      // The message matters more than its file.
      host.log.info('slack: a file could not be fetched')
      return undefined
    } finally {
      cancel()
      controller.abort()
      running -= 1
      waiting.shift()?.()
    }
  }

  return async (files, message) => {
    let left = bytesOfMessageMax
    for (const file of files) {
      const target = message.attachments[file.attachment]
      const data = target === undefined || file.sizeBytes > left ? undefined : await fetchOne(file)
      if (target === undefined || data === undefined || data.length * 0.75 > left) continue
      left -= data.length * 0.75
      target.data = data
    }
  }
}
