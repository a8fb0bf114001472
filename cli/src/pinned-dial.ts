import { X509Certificate } from 'node:crypto'
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { GatewayAddress } from './gateway-address.ts'

/** How `http.request` asks for a connection of our own. */
export type Dial = (options: object, opened: (error: Error | null, socket: Socket) => void) => undefined

/** The gateway shows another certificate than the pinned one: somebody may stand between. */
export class WrongCertificate extends Error {
  readonly shown: string
  constructor(shown: string) {
    super('the gateway shows another certificate than the one that was pinned')
    this.shown = shown
  }
}

/**
 * A connection by Unix socket, or by TLS to whom a pin fits; nothing is sent before that is known. Undefined where the ordinary way will
 * do: plain, or TLS that an authority this computer trusts vouches for.
 */
export function dialFor(address: GatewayAddress): Dial | undefined {
  const { socketPath, fingerprint } = address
  if (socketPath !== undefined) {
    return (_options, opened) => {
      const socket: Socket = connectPlain({ path: socketPath })
      once(socket, 'connect', () => opened(null, socket), opened)
    }
  }
  if (fingerprint === undefined) return undefined
  const { hostname, port } = new URL(address.url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return (_options, opened) => {
    // The pin is the proof, stronger than any chain; what the chain would have said is looked at by it.
    const socket: TLSSocket = connectTls({ host, port: Number(port || 443), ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }), rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] })
    once(socket, 'secureConnect', () => {
      const shown = socket.getPeerCertificate(true)
      if (fitsPin(shown, fingerprint, Date.now())) return opened(null, socket)
      const wrong = new WrongCertificate(shown.fingerprint256)
      socket.destroy()
      opened(wrong, socket)
    }, opened)
  }
}

/** Whether what was shown is a pinned certificate, or was signed by a pinned authority, and is valid now. `fingerprint`: one, or several with a comma between. */
function fitsPin(shown: DetailedPeerCertificate, fingerprint: string, now: number): boolean {
  const leaf = new X509Certificate(shown.raw)
  if (Date.parse(leaf.validFrom) > now || Date.parse(leaf.validTo) < now) return false
  const pins = fingerprint.split(',')
  if (pins.includes(plain(leaf.fingerprint256))) return true
  // That the authority's certificate was sent along proves nothing: anybody can send it. Its signature does.
  const issuer = shown.issuerCertificate?.raw === undefined ? undefined : new X509Certificate(shown.issuerCertificate.raw)
  return issuer !== undefined && issuer.ca && pins.includes(plain(issuer.fingerprint256)) && leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey)
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

function once(socket: Socket, event: string, done: () => void, failed: (error: Error | null, socket: Socket) => void): undefined {
  const onError = (error: Error): void => failed(error, socket)
  socket.once('error', onError)
  socket.once(event, () => {
    socket.removeListener('error', onError)
    done()
  })
}
