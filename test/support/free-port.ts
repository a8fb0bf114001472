import { createServer } from 'node:net'

/** Linux gives out ports from 32,768 by itself, others from higher ones: none of these goes to somebody who asked for any. */
const first = 20_000
const count = 12_000

/** A port of loopback where nobody listens, and that stays free for who leaves it for a while: a gateway that is killed and started again, a network that goes away. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count)
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
