import type { Section } from '@moltbot/contract'
import { fits, parsePath } from './config-path.ts'
import type { Steps } from './schema-walk.ts'

/** What stands in the place of a secret that is shown; written back, it means the value that is there. */
export const redactionMark = '__MOLTBOT_REDACTED__'

/** Also the marks of clients of this family. */
export function isRedactionMark(value: unknown): boolean {
  return typeof value === 'string' && /^__(?:MOLTBOT|CLAWDBOT|OPENCLAW)_REDACTED__$/.test(value)
}

/** Names that hold secrets wherever they stand; for keys that no section declares. */
const secretName = /(?:^|[a-z_-])(?:token|password|passwd|passphrase|secret|api_?key|private_?key|credentials?|signing_?secret)$/i

function isSecretName(key: string): boolean {
  return secretName.test(key) && !/^(?:max|min|reserve|keep|soft|context)/i.test(key)
}

/** Environment names whose values are secrets. */
export function isSecretVariable(name: string): boolean {
  return /(?:TOKEN|KEY|SECRET|PASSWORD|PASSPHRASE|CREDENTIALS?)$/.test(name)
}

/** A question about a path of the whole file: does a section declare a secret there? Rooms get these only from the secret source. */
export function declaredSecrets(sections: readonly Section[]): (path: Steps) => boolean {
  const patterns = sections.flatMap((section) => (section.secrets ?? []).map((secret) => [...(parsePath(section.path) ?? []), ...(parsePath(secret) ?? [])]))
  return (path) => patterns.some((pattern) => fits(path, pattern))
}

/** The same question for showing: also whatever is named like a secret, in keys that nobody declares. */
export function shownAsSecret(sections: readonly Section[]): (path: Steps) => boolean {
  const declared = declaredSecrets(sections)
  return (path) => {
    const last = path.findLast((step) => typeof step === 'string')
    return declared(path) || (typeof last === 'string' && isSecretName(last))
  }
}

/** Names of the environment that may hold what is not configured at a path; the first that is set counts. */
export function environmentNames(path: readonly string[]): string[] {
  const [first, second, third] = path
  if (path.join('.') === 'gateway.auth.token') return ['MOLTBOT_GATEWAY_TOKEN', 'CLAWDBOT_GATEWAY_TOKEN', 'OPENCLAW_GATEWAY_TOKEN']
  if (path.join('.') === 'gateway.auth.password') return ['MOLTBOT_GATEWAY_PASSWORD', 'CLAWDBOT_GATEWAY_PASSWORD', 'OPENCLAW_GATEWAY_PASSWORD']
  // `channels.x.botToken` is X_BOT_TOKEN; further accounts are only ever configured in the file.
  if (first !== 'channels' || second === undefined || third === undefined || path.length !== 3) return []
  const channel = upperSnake(second)
  const names = [`${channel}_${upperSnake(third)}`]
  return third === 'token' ? [`${channel}_BOT_TOKEN`, ...names] : names
}

function upperSnake(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[^A-Za-z0-9]+/g, '_').toUpperCase()
}
