import { createFileTurns, type ChannelHost } from '@moltbot/contract'
import type { TelegramConfig } from './config.ts'
import { grammySignal, type Api } from './telegram-api.ts'

const patienceMs = 15_000

/** Fetches a file within the limit. Undefined when it is too big, switched off or did not work: the message goes on without. */
export function createFileFetcher(api: Api, token: string, config: TelegramConfig, host: ChannelHost): (fileId: string, sizeBytes: number) => Promise<string | undefined> {
  const bytesMax = config.mediaMaxMb * 1024 * 1024
  const inTurn = createFileTurns(host, 'telegram', patienceMs)

  return async (fileId, sizeBytes) => {
    if (bytesMax === 0 || sizeBytes > bytesMax) return undefined
    return inTurn(async (signal) => {
      const file = await api.getFile(fileId, grammySignal(signal))
      // A Bot API server of one's own may answer with a path on its disk; only relative paths can be fetched.
      if (file.file_path === undefined || file.file_path.startsWith('/') || (file.file_size ?? 0) > bytesMax) return undefined
      const path = file.file_path.split('/').map(encodeURIComponent).join('/')
      const { ok, bytes } = await host.media({ url: `${config.apiRoot}/file/bot${token}/${path}`, bytesMax, timeoutMs: patienceMs, signal })
      return ok ? Buffer.from(bytes).toString('base64') : undefined
    })
  }
}
