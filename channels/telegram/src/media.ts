import type { ChannelHost } from '@moltbot/contract'
import type { TelegramConfig } from './config.ts'
import { grammySignal, type Api } from './telegram-api.ts'

/** Files are fetched before anyone judged the sender: few at a time, and never for long. */
const atOnceMax = 2
const patienceMs = 15_000

/** Fetches a file within the limit. Undefined when it is too big, switched off or did not work: the message goes on without. */
export function createFileFetcher(api: Api, token: string, config: TelegramConfig, host: ChannelHost): (fileId: string, sizeBytes: number) => Promise<string | undefined> {
  const bytesMax = config.mediaMaxMb * 1024 * 1024
  let running = 0
  const queue: (() => void)[] = []

  async function turn(): Promise<void> {
    if (running >= atOnceMax) await new Promise<void>((resolve) => queue.push(resolve))
    running += 1
  }

  return async (fileId, sizeBytes) => {
    if (bytesMax === 0 || sizeBytes > bytesMax) return undefined
    await turn()
    const controller = new AbortController()
    const cancel = host.clock.after(patienceMs, () => controller.abort())
    try {
      const file = await api.getFile(fileId, grammySignal(controller.signal))
      // A Bot API server of one's own may answer with a path on its disk; only relative paths can be fetched.
      if (file.file_path === undefined || file.file_path.startsWith('/') || (file.file_size ?? 0) > bytesMax) return undefined
      const path = file.file_path.split('/').map(encodeURIComponent).join('/')
      const { ok, bytes } = await host.media({ url: `${config.apiRoot}/file/bot${token}/${path}`, bytesMax, timeoutMs: patienceMs, signal: controller.signal })
      return ok ? Buffer.from(bytes).toString('base64') : undefined
    } catch {
      // The message matters more than its file. The error is not logged: it may quote the address, which holds the token.
      host.log.info('telegram: a file could not be fetched')
      return undefined
    } finally {
      cancel()
      running -= 1
      queue.shift()?.()
    }
  }
}
