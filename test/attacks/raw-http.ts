import { connect, type Socket } from 'node:net'

/** One response as it came over the wire. */
export interface RawAnswer { status: number; headers: Map<string, string>; body: string }
export interface RawExchange { answers: RawAnswer[]; closed: boolean; text: string }

/** Bytes on a socket, exactly as given; resolves when the other side closes, or `enough` says so, or after the time. */
export function exchange(port: number, bytes: string | Buffer | readonly (string | Buffer)[], options: { waitMs?: number; enough?: (text: string) => boolean; host?: string; halfClose?: boolean } = {}): Promise<RawExchange> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: options.host ?? '127.0.0.1', allowHalfOpen: true })
    let text = ''
    let closed = false
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ answers: parseAnswers(text), closed, text })
    }
    const timer = setTimeout(done, options.waitMs ?? 60_000)
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (options.enough?.(text) === true) done()
    })
    socket.on('error', () => undefined)
    socket.on('end', () => { closed = true; done() })
    socket.on('close', () => { closed = true; done() })
    for (const part of Array.isArray(bytes) ? bytes : [bytes as string | Buffer]) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
    if (options.halfClose === true) socket.end()
  })
}

/** Splits what came into responses by their lengths. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    const status = /^HTTP\/1\.1 (\d{3})/.exec(rest)?.[1]
    if (end === -1 || status === undefined) return answers
    const headers = new Map(rest.slice(0, end).split('\r\n').slice(1).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const))
    const length = Number(headers.get('content-length') ?? 0)
    answers.push({ status: Number(status), headers, body: rest.slice(end + 4, end + 4 + length) })
    rest = rest.slice(end + 4 + length)
  }
}

/** A request with a proper `Host`, one header a line; `body` gets its length. */
export function requestText(port: number, line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all: Record<string, string> = { Host: `127.0.0.1:${port}`, ...headers, ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }) }
  return `${line} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** Resolves once the socket is connected. */
export function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}
