import type { SecretSource } from '@moltbot/contract'
import type { EgressConfig } from './config.ts'
import type { Target } from './parse-target.ts'
import type { EgressIdentity } from './types.ts'

/** The header that is added for this identity at this host; undefined: none. */
export async function credentialFor(config: EgressConfig, secrets: SecretSource, identity: EgressIdentity, target: Target): Promise<{ header: string; value: string } | undefined> {
  const rule = credentialRule(config, identity, target)
  if (rule === undefined) return undefined
  const secret = await secrets.get(`egress.credentials.${rule.name}.value`)
  return secret === undefined ? undefined : { header: rule.header.toLowerCase(), value: rule.prefix + secret.open(`request of ${identity.agent} to ${target.host}`) }
}

/** The rule itself, by the exact name of the host and the port of https; without opening anything. A browser gets none: any page may let it ask any host. Media get none: any sender may. */
export function credentialRule(config: EgressConfig, identity: EgressIdentity, target: Pick<Target, 'host' | 'port'>): { name: string; header: string; prefix: string } | undefined {
  if (identity.use === 'browser' || identity.use === 'media' || (target.port !== 443 && target.port !== 80)) return undefined
  const found = Object.entries(config.credentials).find(([, rule]) =>
    rule.host.toLowerCase() === target.host && (rule.agents === undefined || rule.agents.includes(identity.agent)) && (identity.owner || rule.everyone))
  return found === undefined ? undefined : { name: found[0], header: found[1].header, prefix: found[1].prefix }
}
