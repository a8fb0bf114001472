import { Problem } from '@moltbot/contract'
import type { CommandContext } from '@moltbot/contract'
import type { ConfigAccess } from './config-access.ts'
import { readConfigFile } from './machine.ts'
import { nearestName } from './nearest-name.ts'
import { printableLine } from './printable.ts'
import { asFields, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

/** A messaging network as the schema of the configuration describes it. */
export interface Network {
  id: string
  label: string
  /** Its settings by name, each with its schema. */
  settings: Fields
  /** The settings that are secrets, in the order of the schema: the first is what a login stands on. Empty: it is logged in by telephone. */
  secrets: string[]
  /** Whether it is switched on where the file says nothing of it. */
  onByDefault: boolean
}

/** The networks that take logins. Ways in of our own have none and are left out. */
export function networksOf(schema: Fields): Network[] {
  const sections = asFields(asFields(asFields(asFields(schema)['properties'])['channels'])['properties'])
  return Object.entries(sections).flatMap(([id, section]) => {
    const settings = asFields(asFields(section)['properties'])
    if (settings['accounts'] === undefined) return []
    const label = asText(asFields(section)['title'])?.split(/[,:(]/)[0]?.trim() ?? id
    const secrets = Object.keys(settings).filter((key) => asFields(settings[key])['writeOnly'] === true)
    return [{ id, label, settings, secrets, onByDefault: asFields(settings['enabled'])['default'] === true }]
  })
}

/** Throws `usage` for a network nobody knows, with the nearest name or all of them. */
export function findNetwork(networks: readonly Network[], id: string): Network {
  const found = networks.find((network) => network.id === id)
  if (found !== undefined) return found
  const ids = networks.map((network) => network.id).toSorted()
  const near = nearestName(id, ids)
  throw new Problem('usage', `There is no network "${printableLine(id)}" here.${near === undefined ? '' : ` Did you mean "${near}"?`}`, { next: `Known are: ${ids.join(', ')}.` })
}

/** The account that is meant where no name is said; its values stand in the section itself. */
export const unnamedAccount = 'default'

/** Throws `usage` for a name that would not be one key and one part of a secret's name. */
export function checkAccountName(name: string): void {
  if (/^[a-z0-9][a-z0-9_-]{0,39}$/i.test(name) && !['constructor', 'prototype'].includes(name)) return
  throw new Problem('usage', `"${printableLine(name)}" cannot name an account.`, { next: 'Take up to 40 letters, digits, - and _, beginning with a letter or digit.' })
}

/** Where the values of an account stand. */
export function accountPath(id: string, account: string, section: Fields): string {
  return account === unnamedAccount && asFields(section['accounts'])[account] === undefined ? `channels.${id}` : `channels.${id}.accounts.${account}`
}

/** `botToken` of a network `x` is kept as `X_BOT_TOKEN`, of its account `home` as `X_HOME_BOT_TOKEN`. */
export function secretName(id: string, account: string, key: string): string {
  const words = [id, ...(account === unnamedAccount ? [] : [account]), key.replace(/([a-z0-9])([A-Z])/g, '$1_$2')]
  return words.join('_').toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}

/** The section as it stands in the file, without defaults; {} when it is not there. Secrets may be masked. */
export async function writtenSection(context: CommandContext, config: ConfigAccess, id: string): Promise<Fields> {
  const whole = config.through === 'gateway' ? asFields(asFields(await (await context.gateway()).request('config.get', {}))['parsed']) : await readConfigFile(config.file)
  return asFields(asFields(whole['channels'])[id])
}

/** Writes some keys of one place and leaves its others: in one change through the gateway, which follows at once, else key by key. */
export async function writeKeys(config: ConfigAccess, path: string, values: Fields): Promise<void> {
  if (config.through === 'gateway') return config.set(path, values)
  for (const [key, value] of Object.entries(values)) await config.set(`${path}.${key}`, value)
}
