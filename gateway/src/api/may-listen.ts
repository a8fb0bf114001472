import { Problem, type Logger } from '@moltbot/contract'
import type { GatewayConfig } from './config.ts'
import type { Credentials } from './credentials.ts'

/** Throws a `Problem` for a gateway that would stand open: what other machines can reach needs a secret that nobody guesses, and encryption. */
export function assertMayListen({ bind, loopback, tls, secret, log }: {
  bind: GatewayConfig['bind']
  /** Nothing but this computer is listened to. */
  loopback: boolean
  tls: boolean
  secret: Credentials
  log: Pick<Logger, 'warn'>
}): void {
  if (secret.placeholder) {
    throw new Problem('door-placeholder', `The gateway ${secret.mode} is a word from an example.`, { next: secret.mode === 'token' ? 'Make a real one: bash scripts/rotate-gateway-token.sh' : 'Set another one: moltbot login password' })
  }
  if (!loopback && !secret.configured) {
    throw new Problem('door-open', `gateway.bind is "${bind}", which other machines can reach, but no gateway ${secret.mode} is set.`, {
      next: `Set gateway.auth.${secret.mode} (or MOLTBOT_GATEWAY_${secret.mode.toUpperCase()}), or set gateway.bind to loopback.`,
    })
  }
  if (!loopback && !tls) {
    throw new Problem('door-plain', `gateway.bind is "${bind}", which other machines can reach, but the port is not encrypted.`, {
      next: 'Set gateway.tls.enabled to true (moltbot config set gateway.tls.enabled true; a certificate is made by itself), or set gateway.bind to loopback and let tailscale serve or another TLS proxy on this machine stand in front.',
    })
  }
  if (!loopback && secret.weak) {
    throw new Problem('door-weak', `gateway.bind is "${bind}", which other machines can reach, but the gateway ${secret.mode} can be guessed.`, {
      next: secret.mode === 'token' ? 'Make a real one: bash scripts/rotate-gateway-token.sh' : 'Set one of at least 12 characters: moltbot login password',
    })
  }
  if (!loopback && !secret.strong) log.warn(`The gateway ${secret.mode} is short for a port that other machines can reach. Make a longer one with scripts/rotate-gateway-token.sh.`)
}
