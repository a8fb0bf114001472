import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { withValue, type Tree } from './config-form.ts'

/** A messaging network this gateway can join, and what it needs for that. */
export interface Network { id: string; label: string; title: string; path: string; enabled: boolean; tokens: { key: string; help: string; set: boolean }[]; login: boolean; loginByNumber: boolean; policies: Tree }

/** Out of `channels.catalog`. */
export function readNetworks(payload: unknown): Network[] {
  return list(fields(payload)['channels']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['id'])
    if (id === undefined) return []
    return [{
      id, label: words(raw['label']) ?? id, title: words(raw['title']) ?? '', path: words(raw['path']) ?? `channels.${id}`, enabled: raw['enabled'] === true, login: raw['login'] === true, loginByNumber: raw['loginByNumber'] === true, policies: fields(raw['policies']),
      tokens: list(raw['tokens']).map((token) => ({ key: words(fields(token)['key']) ?? '', help: words(fields(token)['help']) ?? '', set: fields(token)['set'] === true })),
    }]
  })
}

/** Writes into the part of the configuration that belongs to one network, on top of the file as it is now. */
export async function patchNetwork(stage: Stage, network: Network, changes: Tree | null): Promise<void> {
  const { hash } = fields(await stage.desk.ask('config.get', {}))
  const patch = withValue({}, network.path.split('.'), changes)
  await stage.desk.ask('config.patch', { raw: JSON.stringify(patch), ...(typeof hash === 'string' ? { baseHash: hash } : {}) })
}

const sealedName = (network: Network, key: string): string => `${network.path}.${key}`

/** Tokens are sealed where the gateway has a vault; the configuration then only refers to them. */
export async function keepTokens(stage: Stage, network: Network, tokens: ReadonlyMap<string, string>): Promise<void> {
  const written: Tree = { enabled: true }
  for (const [key, value] of tokens) {
    if (stage.desk.can('vault.set')) {
      await stage.desk.ask('vault.set', { name: sealedName(network, key), value })
      written[key] = `\${secret:${sealedName(network, key)}}`
    } else written[key] = value
  }
  await patchNetwork(stage, network, written)
}

/** Before the configuration forgets them: the change of the file is what closes the connection, and by then nothing may be left to open it again. */
export async function forgetTokens(stage: Stage, network: Network): Promise<void> {
  const { desk } = stage
  if (!desk.can('vault.list') || !desk.can('vault.remove')) return
  const kept = new Set(list(fields(await desk.ask('vault.list', {}))['secrets']).map((secret) => words(fields(secret)['name'])))
  for (const { key } of network.tokens) if (kept.has(sealedName(network, key))) await desk.ask('vault.remove', { name: sealedName(network, key) })
}
