import { execFile } from 'node:child_process'
import { isIP } from 'node:net'

/** Who owns an address of the tailnet, as the Tailscale of this machine says; undefined: nobody, no address, or no Tailscale here. */
export function tailscaleWhois(address: string): Promise<string | undefined> {
  if (isIP(address) === 0) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    execFile('tailscale', ['whois', '--json', address], { timeout: 3_000, maxBuffer: 262_144 }, (error, output) => {
      if (error !== null) return resolve(undefined)
      try {
        const name = (JSON.parse(output) as { UserProfile?: { LoginName?: unknown } }).UserProfile?.LoginName
        resolve(typeof name === 'string' && name !== '' ? name : undefined)
      } catch {
        resolve(undefined) // An answer that is no JSON names nobody.
      }
    })
  })
}
