import { execFile } from 'node:child_process'

/** The name of this machine in its tailnet, as the Tailscale here says; undefined: it has none, or there is no Tailscale. */
export function tailnetName(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('tailscale', ['status', '--json', '--peers=false'], { timeout: 2_000, maxBuffer: 1_048_576 }, (error, output) => {
      if (error !== null) return resolve(undefined)
      try {
        const name = (JSON.parse(output) as { Self?: { DNSName?: unknown } }).Self?.DNSName
        resolve(typeof name === 'string' && name !== '' ? name.replace(/\.$/, '') : undefined)
      } catch {
        resolve(undefined) // An answer that is no JSON names nothing.
      }
    })
  })
}
