import type { ChannelHost, IncomingMessage } from '@moltbot/contract'
import type { FileToFetch } from './incoming.ts'

/** Files are fetched before anyone judged the sender: few at a time, and never for long. */
const atOnceMax = 2
const patienceMs = 15_000
/** The inbox takes about 24 MB with one message; what would not fit stays a reference. */
const bytesOfMessageMax = 20 * 1024 * 1024

/** Fetches what came with a message into its attachments. What is too big, elsewhere, switched off or did not work stays a reference: the message goes on without. */
export function createFileFetcher(mediaMaxMb: number, acceptsMedia: (url: string) => boolean, host: ChannelHost): (files: readonly FileToFetch[], message: IncomingMessage) => Promise<void> {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const waiting: (() => void)[] = []
  let running = 0

  async function read(url: string, signal: AbortSignal): Promise<string | undefined> {
    const { ok, bytes } = await host.media({ url, bytesMax, timeoutMs: patienceMs, signal })
    return ok ? Buffer.from(bytes).toString('base64') : undefined
  }

  async function fetchOne({ url, sizeBytes }: FileToFetch): Promise<string | undefined> {
    if (sizeBytes > bytesMax || bytesMax === 0 || !acceptsMedia(url)) return undefined
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const controller = new AbortController()
    const cancel = host.clock.after(patienceMs, () => controller.abort())
    try {
      return await read(url, controller.signal)
    } catch {
      // The message matters more than its file. The address is not logged: it is a key to it.
      host.log.info('discord: a file could not be fetched')
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
