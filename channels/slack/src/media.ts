import type { ChannelHost } from '@moltbot/contract'

/** Pictures are fetched before anyone judged the sender: few at a time, and never for long. */
const atOnceMax = 2
const patienceMs = 10_000

/** Fetches small images so that the model can see them. Undefined when it is too big, elsewhere, switched off or did not work: the message goes on without. */
export function createImageFetcher(mediaMaxMb: number, token: string, acceptsFiles: (url: string) => boolean, host: ChannelHost): (url: string, sizeBytes: number) => Promise<string | undefined> {
  const bytesMax = mediaMaxMb * 1024 * 1024
  const waiting: (() => void)[] = []
  let running = 0

  async function read(url: string, signal: AbortSignal): Promise<string | undefined> {
    const { ok, contentType, bytes } = await host.media({ url, bytesMax, timeoutMs: patienceMs, signal, secretHeader: { name: 'authorization', value: `Bearer ${token}` } })
    if (!ok) return undefined
    // Without the scope files:read Slack shows its sign-in page in the file's place.
    if (/^text\/html/i.test(contentType)) {
      host.log.warn('slack: a picture cannot be read; the app may lack the scope files:read')
      return undefined
    }
    return Buffer.from(bytes).toString('base64')
  }

  return async (url, sizeBytes) => {
    if (sizeBytes > bytesMax || bytesMax === 0 || !acceptsFiles(url)) return undefined
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const controller = new AbortController()
    const cancel = host.clock.after(patienceMs, () => controller.abort())
    try {
      return await read(url, controller.signal)
    } catch {
      // The message matters more than its picture.
      host.log.info('slack: a picture could not be fetched')
      return undefined
    } finally {
      cancel()
      controller.abort()
      running -= 1
      waiting.shift()?.()
    }
  }
}
