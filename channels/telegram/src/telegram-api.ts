import type { ChannelHost } from '@moltbot/contract'
import { Api, GrammyError, HttpError, type ApiClientOptions } from 'grammy'

/** A proxy or a captive page answered in place of the Bot API: an HTTP status without the Bot API's JSON. */
export class ForeignAnswer extends Error {
  readonly status: number
  constructor(status: number) {
    super(`The answer (HTTP ${status}) did not come from the Bot API.`)
    this.name = 'ForeignAnswer'
    this.status = status
  }
}

type GrammyFetch = NonNullable<ApiClientOptions['fetch']>

/**
 * The Bot API client. Calls go through the host's `fetch`, so that the account reaches its declared hosts only.
 * grammy speaks node-fetch with signals of its own; this turns them into the platform's.
 */
export function openApi(token: string, config: { apiRoot: string; timeoutSeconds: number }, host: Pick<ChannelHost, 'fetch'>): Api {
  const bridge = async (url: string, init: { method?: string; body?: string; signal?: ForeignSignal }): Promise<Response> => {
    const controller = new AbortController()
    const forward = (): void => controller.abort()
    if (init.signal?.aborted === true) forward()
    init.signal?.addEventListener('abort', forward)
    try {
      const response = await host.fetch(url, {
        method: init.method ?? 'POST',
        body: init.body ?? null,
        headers: { 'content-type': 'application/json' },
        // The token is part of the address: never carry it to wherever a redirect points.
        redirect: 'error',
        signal: controller.signal,
      })
      const text = await response.text()
      if (!isBotApiAnswer(text)) throw new ForeignAnswer(response.status)
      return new Response(text, { status: 200, headers: { 'content-type': 'application/json' } })
    } finally {
      init.signal?.removeEventListener('abort', forward)
    }
  }
  return new Api(token, { apiRoot: config.apiRoot, timeoutSeconds: config.timeoutSeconds, fetch: bridge as unknown as GrammyFetch })
}

interface ForeignSignal {
  aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

function isBotApiAnswer(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean'
  } catch {
    // Not JSON: not the Bot API.
    return false
  }
}

/** grammy's methods want node-fetch's signal type; the platform's has everything it uses. */
export function grammySignal(signal: AbortSignal): Parameters<Api['getMe']>[0] {
  return signal as unknown as Parameters<Api['getMe']>[0]
}

export { Api, GrammyError, HttpError }
