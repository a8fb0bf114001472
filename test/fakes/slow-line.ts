import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A way to a server on this machine that may become as slow as a bad telephone line. */
export interface SlowLine {
  /** The same address with the way's port. */
  through(address: string): string
  /** From now on a connection that sends more than so many bytes goes on byte by byte. */
  slowAfter(bytes: number): void
  /** Resolves once a connection has become slow. */
  isSlow(): Promise<void>
  /** As fast as ever, for connections of now and later. */
  mend(): void
  close(): Promise<void>
}

const byteEveryMs = 20

export async function startSlowLine(port: number): Promise<SlowLine> {
  let limit = Number.POSITIVE_INFINITY
  let slow: () => void = () => undefined
  let becameSlow = Promise.resolve()
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1')
    let sent = 0
    let waiting: Buffer[] = []
    const trickle = setInterval(() => {
      const [first] = waiting
      if (first === undefined) return
      const part = first.subarray(0, sent > limit ? 1 : first.length)
      target.write(part)
      waiting = part.length === first.length ? waiting.slice(1) : [first.subarray(part.length), ...waiting.slice(1)]
    }, byteEveryMs)
    client.on('data', (data) => {
      sent += data.length
      if (sent <= limit && waiting.length === 0) return void target.write(data)
      waiting.push(data)
      slow()
    })
    target.on('data', (data) => void client.write(data))
    for (const [one, other] of [[client, target], [target, client]] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        clearInterval(trickle)
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = (server.address() as AddressInfo).port
  return {
    through(address) {
      const url = new URL(address)
      url.port = String(own)
      return address.endsWith('/') ? url.href : url.href.replace(/\/$/, '')
    },
    slowAfter(bytes) {
      limit = bytes
      becameSlow = new Promise((resolve) => (slow = resolve))
    },
    isSlow: () => becameSlow,
    mend: () => void (limit = Number.POSITIVE_INFINITY),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
