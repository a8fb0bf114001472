import { ConnectProblem, SendProblem, connectCode, type ChannelHost } from '@moltbot/contract'

const callPatienceMs = 20_000
const answerBytesMax = 8 * 1024 * 1024
export const passwordAction = 'Copy the password from BlueBubbles’ settings to channels.imessage.password, or set IMESSAGE_PASSWORD.'
export const serverAction = 'Check that the BlueBubbles server runs and channels.imessage.serverUrl is its address.'

/** BlueBubbles said no, or something else answered (`status` 0). */
export class ServerProblem extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'ServerProblem'
    this.status = status
  }
}

export interface BlueBubblesApi {
  /** The answer's `data`. Rejects with `ServerProblem`, or what `fetch` rejects with; neither names the address. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: Record<string, unknown>, options?: { signal?: AbortSignal; patienceMs?: number }): Promise<unknown>
  /** Hands fields and one file over, as a form. The answer and the failures are those of `call`. */
  upload(path: string, fields: Readonly<Record<string, string>>, file: { name: string; type: string; bytes: Uint8Array }, options: { signal: AbortSignal; patienceMs: number }): Promise<unknown>
  /** The bytes of a file, by the way out that everything takes which comes with messages; undefined when the server has none. Rejects with a `Problem`. */
  download(path: string, bytesMax: number, patienceMs: number): Promise<Buffer | undefined>
  /** Said in the status where the password can be read on the way. */
  warning: string | undefined
}

const near = /^(localhost|127(\.\d+){3}|\[::1\])$/
const ownNetwork = /^(10(\.\d+){3}|192\.168(\.\d+){2}|172\.(1[6-9]|2\d|3[01])(\.\d+){2}|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])(\.\d+){2}|[a-z0-9-]{1,63}\.local)$/i

export function openApi(serverUrl: string, password: string, host: Pick<ChannelHost, 'fetch' | 'clock' | 'media'>): BlueBubblesApi {
  const url = URL.canParse(serverUrl) ? new URL(serverUrl) : undefined
  const plain = url?.protocol === 'http:' && !near.test(url.hostname)
  if (url === undefined || url.username !== '' || url.password !== '' || (url.protocol !== 'https:' && url.protocol !== 'http:') || (plain && !ownNetwork.test(url.hostname))) {
    throw new ConnectProblem('The BlueBubbles server is neither https, nor on this computer, nor in your own network.', { permanent: true, next: 'Correct channels.imessage.serverUrl: the password is sent there.' })
  }
  const root = `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}/api/v1`

  /** The server takes its password in the address only; it goes to the configured server, and no redirect carries it on. */
  const addressOf = (path: string): string => `${root}${path}${path.includes('?') ? '&' : '?'}password=${encodeURIComponent(password)}`

  async function request<T>(path: string, init: RequestInit, wish: AbortSignal | undefined, patienceMs: number, read: (response: Response) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const stop = (): void => controller.abort()
    wish?.addEventListener('abort', stop, { once: true })
    const cancel = host.clock.after(patienceMs, stop)
    try {
      return await read(await host.fetch(addressOf(path), { ...init, redirect: 'error', signal: controller.signal }))
    } finally {
      cancel()
      wish?.removeEventListener('abort', stop)
    }
  }

  return {
    warning: plain ? 'The BlueBubbles server is reached without encryption: its password can be read in your network.' : undefined,
    call: (method, path, body, { signal, patienceMs = callPatienceMs } = {}) =>
      request(path, { method, ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) }, signal, patienceMs, readAnswer),
    upload(path, fields, file, { signal, patienceMs }) {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      form.set('attachment', new Blob([new Uint8Array(file.bytes)], { type: file.type }), file.name)
      return request(path, { method: 'POST', body: form }, signal, patienceMs, readAnswer)
    },
    async download(path, bytesMax, patienceMs) {
      const { ok, bytes } = await host.media({ url: addressOf(path), bytesMax, timeoutMs: patienceMs, signal: new AbortController().signal })
      return ok ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : undefined
    },
  }
}

async function readAnswer(response: Response): Promise<unknown> {
  const bytes = await readBytes(response, answerBytesMax)
  const answer = bytes === undefined ? undefined : parse(bytes.toString('utf8'))
  if (answer === undefined || typeof answer.status !== 'number') throw new ServerProblem(0, 'The answer did not come from BlueBubbles.')
  if (!response.ok || answer.status >= 400) throw new ServerProblem(response.ok ? answer.status : response.status, String(answer.error?.message ?? answer.message ?? 'no reason given').slice(0, 200))
  return answer.data
}

function parse(text: string): { status?: unknown; message?: unknown; error?: { message?: unknown }; data?: unknown } | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // Not JSON: something else answers there.
    return undefined
  }
}

async function readBytes(response: Response, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What a failed call was, as far as anyone can tell. */
export type Failure =
  | { kind: 'answer'; status: number; reason: string }
  /** The password is wrong. */
  | { kind: 'refused'; reason: string }
  | { kind: 'unreached'; reason: string }
  | { kind: 'unanswered'; reason: string }

export function readFailure(error: unknown): Failure {
  if (error instanceof ServerProblem) {
    if (error.status === 401 || error.status === 403) return { kind: 'refused', reason: 'BlueBubbles does not accept the password.' }
    if (error.status === 0) return { kind: 'unanswered', reason: error.message }
    return { kind: 'answer', status: error.status, reason: `BlueBubbles answered: ${error.message}` }
  }
  const code = connectCode(error)
  return code === undefined ? { kind: 'unanswered', reason: `The connection to BlueBubbles broke (${error instanceof Error ? error.name : typeof error}).` } : { kind: 'unreached', reason: `BlueBubbles does not answer (${code}).` }
}

export function toSendProblem(error: unknown): SendProblem {
  const failure = readFailure(error)
  switch (failure.kind) {
    case 'refused':
    case 'unreached':
      return new SendProblem('not-sent', failure.reason, { cause: error })
    case 'unanswered':
      return new SendProblem('unknown', failure.reason, { cause: error })
    case 'answer':
      // A 5xx is what Messages itself made of it, often after it had taken the words.
      return new SendProblem(failure.status < 500 ? 'never' : 'unknown', failure.reason, { cause: error })
  }
}
