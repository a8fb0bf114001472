import type { ChannelHost } from '@moltbot/contract'

/** Pictures are fetched before anyone judged the sender: few at a time, and never for long. */
const atOnceMax = 2
const patienceMs = 10_000

/** Fetches small images so that the model can see them. Undefined when it is too big, elsewhere, switched off or did not work: the message goes on without. */
export function createImageFetcher(mediaMaxMb: number, acceptsMedia: (url: string) => boolean, host: ChannelHost): (url: string, sizeBytes: number) => Promise<string | undefined> {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const waiting: (() => void)[] = []
  let running = 0

  async function read(url: string, signal: AbortSignal): Promise<string | undefined> {
    const { ok, bytes } = await host.media({ url, bytesMax, timeoutMs: patienceMs, signal })
    return ok ? Buffer.from(bytes).toString('base64') : undefined
  }

  return async (url, sizeBytes) => {
    if (sizeBytes > bytesMax || bytesMax === 0 || !acceptsMedia(url)) return undefined
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const controller = new AbortController()
    const cancel = host.clock.after(patienceMs, () => controller.abort())
    try {
      return await read(url, controller.signal)
    } catch {
      // The message matters more than its picture. The address is not logged: it is a key to the file.
      host.log.info('discord: a picture could not be fetched')
      return undefined
    } finally {
      cancel()
      controller.abort()
      running -= 1
      waiting.shift()?.()
    }
  }
}
