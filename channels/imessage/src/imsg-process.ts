import { spawn, type ChildProcess } from 'node:child_process'
import { homedir } from 'node:os'
import type { ChannelHost } from '@moltbot/contract'

const callPatienceMs = 30_000
const goodbyeMs = 1_000
/** More than this in one line is no message: it is read over to its end. */
const lineCharactersMax = 4 * 1024 * 1024

/** `imsg` said no. */
export class ImsgProblem extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ImsgProblem'
  }
}

/** It ended, or did not answer in time: whether it did what it was asked, nobody knows. */
export class ImsgGone extends Error {
  /** True when the question certainly never reached it. */
  readonly before: boolean
  constructor(before: boolean) {
    super(before ? 'imsg does not run.' : 'imsg did not answer.')
    this.name = 'ImsgGone'
    this.before = before
  }
}

export interface ImsgProcess {
  call(method: string, params: Record<string, unknown>, signal?: AbortSignal, patienceMs?: number): Promise<unknown>
  /** Resolves with the last words on its standard error, shortened, once it is gone. */
  exited: Promise<string>
  stop(): Promise<void>
}

/** One run of `imsg rpc`: one JSON object a line, in both directions. No shell, and nothing of our environment but where programs and its home are. */
export function startImsg(program: string, args: readonly string[], host: Pick<ChannelHost, 'clock'>, onNotification: (method: string, params: unknown) => void): ImsgProcess {
  const child: ChildProcess = spawn(program, [...args], { shell: false, stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: '/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin', HOME: homedir(), LANG: 'en_US.UTF-8' } })
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>()
  let lastId = 0
  let lastWords = ''
  let gone = false
  let line = ''
  let size = 0

  const exited = new Promise<string>((resolve) => {
    const end = (words: string): void => {
      if (gone) return
      gone = true
      for (const { reject } of waiting.values()) reject(new ImsgGone(false))
      waiting.clear()
      resolve(words)
    }
    child.once('error', (error) => end((error as NodeJS.ErrnoException).code ?? error.name))
    child.once('close', () => end(lastWords.trim().slice(-300)))
  })
  child.stdin?.on('error', () => undefined) // It is gone; `exited` tells.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (lastWords = (lastWords + text).slice(-2_000)))
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = text.split('\n')
    parts.forEach((part, index) => {
      size += part.length
      line = size > lineCharactersMax ? '' : line + part
      if (index === parts.length - 1) return
      const whole = line
      line = ''
      size = 0
      if (whole.trim() !== '') hear(whole)
    })
  })

  function hear(text: string): void {
    let message: { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: { message?: unknown; data?: unknown } }
    try {
      message = JSON.parse(text) as typeof message
    } catch {
      // Not JSON: some programs talk beside their protocol.
      return
    }
    if (typeof message !== 'object' || message === null) return
    if (typeof message.method === 'string' && message.id === undefined) return onNotification(message.method, message.params)
    const asked = waiting.get(String(message.id))
    if (asked === undefined) return
    waiting.delete(String(message.id))
    if (message.error === undefined) asked.resolve(message.result)
    else asked.reject(new ImsgProblem(`${String(message.error.message ?? 'no reason given')} ${typeof message.error.data === 'string' ? message.error.data : ''}`.trim().slice(0, 300)))
  }

  return {
    exited,
    call(method, params, signal, patienceMs = callPatienceMs) {
      if (gone) return Promise.reject(new ImsgGone(true))
      const id = String(++lastId)
      return new Promise((resolve, reject) => {
        const give = (): void => {
          waiting.delete(id)
          done()
          reject(new ImsgGone(false))
        }
        const cancel = host.clock.after(patienceMs, give)
        const done = (): void => {
          cancel()
          signal?.removeEventListener('abort', give)
        }
        signal?.addEventListener('abort', give, { once: true })
        waiting.set(id, { resolve: (value) => (done(), resolve(value)), reject: (error) => (done(), reject(error)) })
        child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
      })
    },
    async stop() {
      if (gone) return
      child.stdin?.end()
      child.kill('SIGTERM')
      let cancel = (): void => {}
      await Promise.race([exited, new Promise<void>((resolve) => (cancel = host.clock.after(goodbyeMs, resolve)))])
      cancel()
      if (!gone) child.kill('SIGKILL')
    },
  }
}
