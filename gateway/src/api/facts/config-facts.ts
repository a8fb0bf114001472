import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CredentialFact, Facts } from '@moltbot/contract'
import json5 from 'json5'
import type { ConfigDoor, ConfigSnapshot } from '../../foundation/config/types.ts'

/** How many earlier texts of the configuration are kept at most. */
const backupsMax = 20
const reference = /^\$\{[^}]+\}$/

/** The configuration without any secret. */
export function configFacts(snapshot: ConfigSnapshot): Facts['config'] {
  return {
    exists: snapshot.exists,
    effective: snapshot.effective,
    written: snapshot.redactedParsed ?? {},
    issues: snapshot.issues.map(({ path, line, message, severity }) => ({ path, line, message, severity, unknownKey: /\bunknown key\b/.test(message) })),
    plainSecrets: plainSecrets(snapshot).map(({ path }) => path),
  }
}

/** What is known of each secret the configuration has or refers to, and of what opens the door wherever it is. Values stay here. */
export async function credentialFacts(config: Pick<ConfigDoor, 'snapshot' | 'secrets'>, stateDir: string): Promise<CredentialFact[]> {
  const snapshot = config.snapshot()
  const found = plainSecrets(snapshot).map(({ path, value }) => ({ path, value, from: 'plain' as CredentialFact['from'] }))
  for (const path of [...references(snapshot.parsed, []), 'gateway.auth.token', 'gateway.auth.password']) {
    if (found.some((each) => each.path === path)) continue
    const value = await open(config, path)
    if (value !== undefined && value !== '') found.push({ path, value, from: path.startsWith('gateway.auth.') && !references(snapshot.parsed, []).includes(path) ? 'elsewhere' : 'reference' })
  }
  const facts: CredentialFact[] = []
  for (const { path, value, from } of found) {
    facts.push({
      path, from, length: value.length, bits: bitsOf(value), placeholder: isPlaceholder(value),
      sameAs: found.filter((other) => other.path !== path && other.value === value).map((other) => other.path),
      knownSince: from === 'plain' && path.startsWith('gateway.auth.') ? await knownSince(snapshot.path, stateDir, path, value) : null,
    })
  }
  return facts
}

async function open(config: Pick<ConfigDoor, 'secrets'>, path: string): Promise<string | undefined> {
  try {
    return (await config.secrets.get(path))?.open('review of its strength')
  } catch {
    // A reference that leads nowhere is an issue of the configuration, reported there.
    return undefined
  }
}

/** Where what is written differs from what may be shown, a secret stands in the file. */
function plainSecrets(snapshot: ConfigSnapshot): { path: string; value: string }[] {
  return differing(snapshot.parsed, snapshot.redactedParsed ?? snapshot.parsed, []).filter(({ path, value }) => value !== '' && !(path.startsWith('env.') && !/(?:TOKEN|KEY|SECRET|PASSWORD|PASSPHRASE|CREDENTIALS?)$/.test(path)))
}

function differing(written: unknown, shown: unknown, keys: readonly string[]): { path: string; value: string }[] {
  if (typeof written === 'string' || typeof written === 'number') return written === shown ? [] : [{ path: pathOf(keys), value: String(written) }]
  if (typeof written !== 'object' || written === null || typeof shown !== 'object' || shown === null) return []
  return Object.entries(written).flatMap(([key, value]) => differing(value, (shown as Record<string, unknown>)[key], [...keys, key]))
}

function references(value: unknown, keys: readonly string[]): string[] {
  if (typeof value === 'string') return reference.test(value.trim()) ? [pathOf(keys)] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => references(inner, [...keys, key]))
}

function pathOf(keys: readonly string[]): string {
  return keys.map((key, index) => (/^[A-Za-z0-9_-]+$/.test(key) ? `${index === 0 ? '' : '.'}${key}` : `[${JSON.stringify(key)}]`)).join('')
}

/** The oldest of the configuration file and its kept earlier texts that already has the value; epoch ms. */
async function knownSince(file: string, stateDir: string, path: string, value: string): Promise<number | null> {
  const times: number[] = []
  for (const candidate of [file, ...Array.from({ length: backupsMax }, (_, index) => join(stateDir, 'backups', `${basename(file)}.${index + 1}`))]) {
    try {
      const parsed: unknown = json5.parse(await readFile(candidate, 'utf8'))
      const there = path.split('.').reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined), parsed)
      if (there === value) times.push((await stat(candidate)).mtimeMs)
    } catch {
      // Not there or not readable: it says nothing about the age.
    }
  }
  return times.length === 0 ? null : Math.floor(Math.min(...times))
}

/** A rough measure: how many letters, of how many different ones; a text that repeats itself counts once. */
export function bitsOf(value: string): number {
  const repeated = (value + value).indexOf(value, 1)
  const once = repeated > 0 && repeated < value.length ? value.slice(0, repeated) : value
  return Math.round(once.length * Math.log2(Math.max(1, new Set(once).size)))
}

const examples = /^(?:<.*>|\[.*\]|\.{2,}|[*x]{3,}|sk-(?:ant-|proj-)?\.*|(?:change|replace|fix)[-_ ]?(?:me|this|it)?!*|pass(?:word|wort)?\d*!*|secret\d*|token\d*|tests?\d*|testing|example|sample|admin\d*|letmein|qwerty\d*|12345\d*|todo|none|null|undefined|demo|default|moltbot|clawdbot|openclaw|your[-_ ].*|my[-_ ](?:token|secret|password|key)|.*(?:paste|insert|put)[-_ ].*here.*|.*[-_ ]here|dummy|placeholder|foo(?:bar)?)$/i

/** A word from an example, or one everybody tries first. */
export function isPlaceholder(value: string): boolean {
  return examples.test(value.trim())
}
