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
    const response = await host.fetch(url, { signal, redirect: 'error' })
    if (!response.ok || response.body === null) return undefined
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length
      // What was announced counts for nothing: only what arrives is measured.
      if (size > bytesMax) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('base64')
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
