import { createServer } from 'node:net'

/** Linux gives out ports from 32,768 by itself, others from higher ones: none of these goes to somebody who asked for any. */
const first = 20_000
/** One share for each process that runs tests beside the others, and one for everybody else: nobody is given a port that another left for a moment. */
const shares = 8
const shareSize = 1_500
const mine = first + (Number(process.env['VITEST_POOL_ID'] ?? 0) % shares) * shareSize
/** Where it is begun is chance, for who runs the tests twice at once. */
let next = Math.floor(Math.random() * shareSize)

/** A port of loopback where nobody listens, and that stays free for who leaves it for a while: a gateway that is killed and started again, a network that goes away. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = mine + next
    next = (next + 1) % shareSize
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
