import { chmodSync, lstatSync, rmSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import type { Logger } from '@moltbot/contract'
import { markUnixPeer } from './unix-peers.ts'

/** What the kernel takes as the path of a Unix socket, in bytes, on the system that takes least (macOS). */
const socketPathBytesMax = 103

/** A Unix socket for clients of this user. Undefined: none can be had; then there is one way in less, and the log says why. */
export async function listenForUser(path: string, { makeServer, log }: { makeServer(): Server; log: Pick<Logger, 'warn' | 'error'> }): Promise<Server | undefined> {
  if (process.platform === 'win32') return undefined
  const without = (why: string): undefined => {
    log.warn('There is no Unix socket; clients of this machine use the port.', { path, why })
    return undefined
  }
  if (Buffer.byteLength(path) > socketPathBytesMax) return without('the path is too long for the system')
  const folder = statSync(dirname(path))
  if ((folder.mode & 0o077) !== 0 || folder.uid !== process.getuid?.()) return without('its folder is not private to this user')
  // The lock on the state directory is ours, so whatever lies there is left over from a gateway that died.
  const old = lstatSync(path, { throwIfNoEntry: false })
  if (old !== undefined && !old.isSocket()) return without('something else lies there')
  rmSync(path, { force: true })
  const server = makeServer()
  server.on('connection', markUnixPeer)
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ path }, () => resolve()))
  } catch (error) {
    return without(String(error))
  }
  chmodSync(path, 0o600)
  server.on('error', (error) => log.error('The Unix socket failed.', { path, error: String(error) }))
  return server
}
