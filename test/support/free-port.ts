import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Linux gives out ports from 32,768 by itself, others from higher ones: none of these goes to somebody who asked for any. */
const first = 20_000
const count = 12_000

/** Whoever was given a port says so here, until it ends: no other process of tests so much as tries it. */
const claims = join(tmpdir(), 'moltbot-test-ports')
const ours = new Set<string>()
process.on('exit', () => { for (const claim of ours) rmSync(claim, { force: true }) })

function claim(port: number): boolean {
  const path = join(claims, String(port))
  try {
    mkdirSync(claims, { recursive: true })
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    ours.add(path)
    return true
  } catch (error) {
    // The folder is another user's: whose ports they are is then left to chance.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return true
    // Somebody was given it: forgotten once they ended without a word, so that the next who comes by may have it.
    if (!isAlive(path)) rmSync(path, { force: true })
    return false
  }
}

function isAlive(claim: string): boolean {
  try {
    return process.kill(Number(readFileSync(claim, 'utf8')), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A port of loopback where nobody listens, and that stays free for who leaves it for a while: a gateway that is killed and started again, a network that goes away. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count)
    if (!claim(port)) continue
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
