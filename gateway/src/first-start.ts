/** What the first start of a gateway leaves behind: a token, and a configuration to begin with. */
import { randomBytes } from 'node:crypto'
import { Problem } from '@moltbot/contract'
import { firstSecret, type Environment } from './environment.ts'
import type { Config } from './foundation/config/index.ts'

/** A gateway without any secret gets a token of its own at its first start. */
export async function ensureToken(config: Config, environment: Environment): Promise<void> {
  if ((await config.secrets.get('gateway.auth.token')) !== undefined || (await config.secrets.get('gateway.auth.password')) !== undefined) return
  if (firstSecret(environment, ['MOLTBOT_GATEWAY_TOKEN', 'CLAWDBOT_GATEWAY_TOKEN', 'OPENCLAW_GATEWAY_TOKEN']) !== undefined) return
  if (config.snapshot().issues.some((issue) => issue.severity === 'error' && issue.path === '')) {
    throw new Problem('token-missing', 'There is no gateway token, and the configuration cannot be read to keep one.', { next: `Mend ${config.snapshot().path}, or set MOLTBOT_GATEWAY_TOKEN in secrets.env.` })
  }
  if (!config.snapshot().exists) await config.replace(firstConfig(), undefined)
  await config.set('gateway.auth.token', randomBytes(32).toString('hex'))
}

/** What a person finds when they open the file for the first time. */
function firstConfig(): string {
  return `// Moltbot's configuration (JSON5: comments and trailing commas are fine). Changes take effect at once.
// Every key is described in docs/reference/configuration.md, and by: moltbot config schema
{
  gateway: {
    bind: "loopback", // only this computer
    port: 18789,
    auth: {
      mode: "token",
    },
  },
  logging: {
    redactSensitive: "tools",
  },
}
`
}
