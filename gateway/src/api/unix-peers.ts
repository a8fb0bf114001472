import type { Duplex } from 'node:stream'

/**
 * Connections of the Unix socket. Whoever holds one could pass a folder of mode 700 and a socket of mode 600: a process of this
 * user, or of root. It says nothing about which process; the secret of the gateway is asked for all the same.
 */
const peers = new WeakSet<object>()

/** The address such a peer is known by, in logs and limits. */
export const unixPeer = 'unix'

export function markUnixPeer(socket: Duplex): void {
  peers.add(socket)
}

export function isUnixPeer(socket: Duplex): boolean {
  return peers.has(socket)
}
