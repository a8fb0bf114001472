import type { ChannelHost } from '../channel.ts'
import type { IncomingMessage } from '../message.ts'

/** Files are fetched before anyone judged the sender: few at a time, and never for long. */
const atOnceMax = 2

/**
 * Fetches files in turn: `read` begins when it is a file's turn, and is called off after `patienceMs`. Undefined where it did not work: the message
 * goes on without. What went wrong is not logged, because it may quote the address, and that may be a key to the file.
 */
export function createFileTurns(
  { clock, log }: Pick<ChannelHost, 'clock' | 'log'>, channel: string, patienceMs: number,
): (read: (signal: AbortSignal) => Promise<string | undefined>) => Promise<string | undefined> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (read) => {
    if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    const controller = new AbortController()
    const cancel = clock.after(patienceMs, () => controller.abort())
    try {
      return await read(controller.signal)
    } catch {
      // The message matters more than its file.
      log.info(`${channel}: a file could not be fetched`)
      return undefined
    } finally {
      cancel()
      controller.abort()
      running -= 1
      waiting.shift()?.()
    }
  }
}

/** The inbox takes about 24 MB with one message. */
const bytesOfMessageMax = 20 * 1024 * 1024

/** Puts what `fetch` gives (base64) into a message's attachments. What would not fit stays a reference, and so does what did not come. */
export async function attachFiles<File extends { attachment: number; sizeBytes: number }>(
  message: IncomingMessage, files: readonly File[], fetch: (file: File) => Promise<string | undefined>,
): Promise<void> {
  let left = bytesOfMessageMax
  for (const file of files) {
    const target = message.attachments[file.attachment]
    const data = target === undefined || file.sizeBytes > left ? undefined : await fetch(file)
    if (target === undefined || data === undefined || data.length * 0.75 > left) continue
    left -= data.length * 0.75
    target.data = data
  }
}
