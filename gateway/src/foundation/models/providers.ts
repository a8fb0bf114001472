import type { ModelInfo, Provider } from '@moltbot/contract'
import type { ModelsConfig } from './config.ts'

/** A known provider, as the models shelf's catalog lists it. */
export interface CatalogEntry {
  id: string
  label: string
  baseUrl: string
  api: string
  keyNames: readonly string[]
  defaultModel?: string
  compat: Provider['compat']
  local?: true
  /** A person who signs in on `page` gets a key made at `keys`; the program needs no name there. */
  keySignIn?: { page: string; keys: string }
  models: readonly ModelInfo[]
}

/** A provider that can be asked, configuration and catalog together. */
export interface KnownProvider {
  id: string
  label: string
  baseUrl: string
  api: string
  headers: Record<string, string>
  compat: Provider['compat']
  /** Environment names of its key. */
  keyNames: readonly string[]
  /** `bearer`: the key goes into `Authorization` whatever the format says. */
  auth: 'format' | 'bearer'
  /** How people sign in with it; undefined: they don't. */
  oauth: ModelsConfig['providers'][string]['oauth']
  /** How people have a key made by signing in; undefined: they don't, or the key would go elsewhere than to who made it. */
  keySignIn: CatalogEntry['keySignIn']
  defaultModel: string | undefined
  models: readonly KnownModel[]
  /** Stands in the configuration. */
  configured: boolean
  /** On this machine and found by asking. */
  local: boolean
}
export interface KnownModel { info: ModelInfo; api?: string; headers?: Record<string, string>; compat?: Provider['compat'] }

export const builtinProvider = 'builtin'
const unknownApi = 'openai-completions'

/** Providers in the order in which a default is chosen: the configured ones as they stand in the file, then the catalog's. */
export function knownProviders(config: ModelsConfig, catalog: readonly CatalogEntry[]): KnownProvider[] {
  const configured = Object.entries(config.providers).map(([id, entry]): KnownProvider => {
    const known = catalog.find((candidate) => candidate.id === id)
    const own = entry.models.map(configuredModel)
    return {
      id,
      label: known?.label ?? id,
      baseUrl: entry.baseUrl ?? known?.baseUrl ?? '',
      api: entry.api ?? known?.api ?? unknownApi,
      headers: entry.headers ?? {},
      compat: { ...known?.compat, ...entry.compat },
      keyNames: known?.keyNames ?? [],
      auth: entry.authHeader === true || entry.auth === 'token' || entry.auth === 'oauth' ? 'bearer' : 'format',
      oauth: entry.oauth,
      keySignIn: entry.baseUrl === undefined || entry.baseUrl === known?.baseUrl ? known?.keySignIn : undefined,
      defaultModel: own[0]?.info.id ?? known?.defaultModel,
      models: [...own, ...(known?.models ?? []).filter((info) => !own.some((model) => model.info.id === info.id)).map((info) => ({ info }))],
      configured: true,
      local: known?.local === true,
    }
  })
  const rest = catalog
    .filter((entry) => !Object.hasOwn(config.providers, entry.id) && (config.mode === 'merge' || entry.id === builtinProvider))
    .map((entry): KnownProvider => ({
      id: entry.id, label: entry.label, baseUrl: entry.baseUrl, api: entry.api, headers: {}, compat: entry.compat, keyNames: entry.keyNames, auth: 'format', oauth: undefined, keySignIn: entry.keySignIn,
      defaultModel: entry.defaultModel, models: entry.models.map((info) => ({ info })), configured: false, local: entry.local === true,
    }))
  return [...configured, ...rest]
}

function configuredModel(model: ModelsConfig['providers'][string]['models'][number]): KnownModel {
  return {
    info: {
      id: model.id,
      ...(model.name === undefined ? {} : { name: model.name }),
      contextWindow: model.contextWindow,
      maxOutputTokens: model.maxTokens,
      input: model.input,
      reasoning: model.reasoning,
      ...(model.cost === undefined ? {} : { cost: model.cost }),
    },
    ...(model.api === undefined ? {} : { api: model.api }),
    ...(model.headers === undefined ? {} : { headers: model.headers }),
    ...(model.compat === undefined ? {} : { compat: model.compat }),
  }
}

/** `provider/model`, taken apart at the first slash: model ids may hold further ones. */
export function splitRef(ref: string): { provider: string; model: string } | undefined {
  const at = ref.indexOf('/')
  return at <= 0 || at === ref.length - 1 ? undefined : { provider: ref.slice(0, at), model: ref.slice(at + 1) }
}
