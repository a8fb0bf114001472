import { connect, type Socket } from 'node:net'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'

export interface ProxyAnswer { status: number; refused: string | undefined; head: string; body: string }

/** Where the proxy listens. */
export type ProxyPlace = { path: string } | { port: number; host: string }

const authorization = (token: string | undefined): string => (token === undefined ? '' : `proxy-authorization: Basic ${Buffer.from(`anyone:${token}`).toString('base64')}\r\n`)

/** Sends these very bytes and gives back everything that came, once the proxy closed. */
export function rawThrough(place: ProxyPlace, bytes: string): Promise<ProxyAnswer> {
  return new Promise((resolve) => {
    const socket = connect(place)
    let text = ''
    socket.on('data', (piece) => { text += piece.toString('latin1') })
    // It may be closed before everything was said; what was answered counts.
    socket.on('error', () => undefined)
    socket.once('close', () => resolve(parse(text)))
    socket.write(bytes)
  })
}

/** One plain request by its whole address. `head`: further header lines, each ending in CRLF. */
export function plainThrough(place: ProxyPlace, token: string | undefined, url: string, more: { method?: string; head?: string; body?: string } = {}): Promise<ProxyAnswer> {
  return rawThrough(place, `${more.method ?? 'GET'} ${url} HTTP/1.1\r\nhost: ${/^\w+:\/\/([^/]*)/.exec(url)?.[1] ?? 'x'}\r\n${authorization(token)}connection: close\r\n${more.head ?? ''}\r\n${more.body ?? ''}`)
}

/** A tunnel as far as the proxy's answer. */
export function tunnelThrough(place: ProxyPlace, token: string | undefined, authority: string): Promise<ProxyAnswer & { socket: Socket }> {
  return new Promise((resolve, reject) => {
    const socket = connect(place)
    let text = ''
    const settle = (): void => {
      socket.off('data', take)
      socket.off('close', settle)
      resolve({ ...parse(text), socket })
    }
    const take = (piece: Buffer): void => {
      text += piece.toString('latin1')
      if (/^HTTP\/1\.1 200 [^\r]*\r\n\r\n/.test(text)) settle()
    }
    socket.on('data', take)
    socket.once('close', settle)
    socket.once('error', reject)
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization(token)}\r\n`)
  })
}

/** TLS inside a tunnel. Rejects when it is cut. */
export function tlsInside(socket: Socket, servername: string | undefined, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = tlsConnect({ socket, ca, ...(servername === undefined ? {} : { servername }), checkServerIdentity: () => undefined }, () => resolve(tls))
    tls.once('error', reject)
    tls.once('close', () => reject(new Error('the tunnel was cut')))
  })
}

/** What a server says to one request inside a tunnel. */
export function askInside(tls: TLSSocket, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    tls.on('data', (piece: Buffer) => { text += piece.toString('latin1') })
    tls.once('error', reject)
    tls.once('close', () => resolve(text))
    tls.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
  })
}

function parse(text: string): ProxyAnswer {
  const at = text.indexOf('\r\n\r\n')
  const head = at < 0 ? text : text.slice(0, at)
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), refused: /\r\nx-moltbot-refused: ([\w-]+)/i.exec(head)?.[1], head, body: at < 0 ? '' : text.slice(at + 4) }
}
