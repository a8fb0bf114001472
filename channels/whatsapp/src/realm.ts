import { ConnectProblem } from '@moltbot/contract'

/** Where WhatsApp is, and where its files are. */
export interface Realm {
  socket: string
  /** The address of a file, from the path a sender named. Undefined: no path of WhatsApp's. The host is never the sender's choice. */
  file(path: string): string | undefined
  /** Where a file is handed in at a media host that WhatsApp named. Undefined: no host of WhatsApp's. */
  upload(hostname: string): string | undefined
}

const mediaOrigin = 'https://mmg.whatsapp.net'
const mediaHost = /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,5}\.whatsapp\.net$/
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Reads the configured address. Rejects what is neither WhatsApp nor on this computer: the device's keys speak to it. */
export function realmOf(apiRoot: string): Realm {
  let url: URL
  try {
    url = new URL(apiRoot)
  } catch (cause) {
    throw new ConnectProblem('channels.whatsapp.apiRoot is no address.', { permanent: true, next: 'Take the key out of the configuration.', cause })
  }
  const own = loopback.has(url.hostname) && (url.protocol === 'ws:' || url.protocol === 'wss:')
  if (!own && !(url.protocol === 'wss:' && url.hostname === 'web.whatsapp.com' && url.port === '')) {
    throw new ConnectProblem('channels.whatsapp.apiRoot is neither WhatsApp nor on this computer.', { permanent: true, next: 'Take the key out of the configuration.' })
  }
  const origin = own ? `${url.protocol === 'ws:' ? 'http:' : 'https:'}//${url.host}` : mediaOrigin
  return {
    socket: url.href,
    file(path) {
      if (!/^\/[^/\\]/.test(path) || path.length > 2_000) return undefined
      const file = new URL(path, origin)
      return file.origin === origin ? file.href : undefined
    },
    upload: (hostname) => (own ? origin : mediaHost.test(hostname) ? `https://${hostname}` : undefined),
  }
}
