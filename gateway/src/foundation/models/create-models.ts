import { createHash } from 'node:crypto'
import { Problem, describeError } from '@moltbot/contract'
import type { Clock, ConfigView, Logger, ModelCall, ModelCallEvent, ModelEvent, ModelFetch, ModelFormat, ModelHost, ModelInfo, ModelRequest, NewId, Provider, Secret, SecretSource, Store, Tx } from '@moltbot/contract'
import { modelsSection } from './config.ts'
import { Cooldowns } from './cooldowns.ts'
import { Credentials } from './credentials.ts'
import { askInOrder } from './failover.ts'
import type { Candidate } from './failover.ts'
import { begunLater, changed } from './lean-iterables.ts'
import { Pictures, hasImages, withoutImages } from './pictures.ts'
import { baseOf, isLoopback, pinnedFetch } from './pinned-fetch.ts'
import { builtinProvider, knownProviders, splitRef } from './providers.ts'
import type { CatalogEntry, KnownModel, KnownProvider } from './providers.ts'
import type { CredentialAct, CredentialsDoor, Sealer, UsableCredential } from './types.ts'

export interface ModelsOptions {
  config: ConfigView
  secrets: SecretSource
  store: Store
  clock: Clock
  log: Logger
  newId: NewId
  /** The models shelf's wire formats and engines. */
  formats: readonly ModelFormat[]
  /** The models shelf's known providers, in the order in which a default is chosen. */
  catalog: readonly CatalogEntry[]
  fetch: ModelFetch
  /** Seals people's credentials. Absent: there are only those of the configuration and the environment. */
  sealer?: Sealer
  /** Unguessable bytes, for sign-ins. */
  random?(bytes: number): Buffer
  /** Hears every token before it is used, so that logs can hide it. */
  hide?(value: string): void
  /** Hears every token that is replaced, once it is. */
  forgetSecret?(value: string): void
  /** Everything is stopped: nothing is renewed ahead of time. */
  held?(): boolean
  /** Writes into the record. */
  record?(act: CredentialAct): Promise<void>
  /** A person has to do something; called once for each time. */
  needsYou?(sentence: string, profile: string): void
  /** What the agents' configuration says: `provider/model` or aliases of it. Asked anew each time. */
  agentsDefault(): { primary?: string; fallbacks: readonly string[]; aliases: Readonly<Record<string, string>> }
  /** Who describes pictures to models that cannot see. Absent or without any: one of the providers that answer anyway. */
  imageModel?(): { primary: string | undefined; fallbacks: readonly string[] }
}

type Listed = ModelInfo & { provider: string; available: boolean; credential: 'set' | 'missing' | 'not-needed' }

/** The room. `door` fits the API's `ModelsDoor`. */
export interface Models {
  /** Asks a model. Never throws; ends with exactly one `end`. Without usable candidates the default is asked. */
  call(call: ModelCall): AsyncIterable<ModelCallEvent>
  door: {
    list(): Promise<Listed[]>
    current(): { primary: string; fallbacks: string[]; why: string }
    /** `provider/model@profile` asks with that credential first. */
    resolve(name: string): string | undefined
    credentials: CredentialsDoor
  }
  /** A conversation is deleted: what was said of its pictures goes with it. */
  forget(tx: Tx, session: string): Promise<void>
  /** What is known about a model; for unknown ones the family's defaults. */
  info(ref: string): ModelInfo
  /** Looks which credentials are set and which local servers answer. Never rejects. */
  detect(): Promise<void>
  /** Reads the cooldowns and credentials. */
  start(): Promise<void>
  /** Looks for local servers, now and, while nothing else is set up, every minute. */
  watch(): void
  stop(): void
  /** Calls back when the default may have become another. Returns how to stop. */
  onChange(listener: () => void): () => void
}

const probeTimeoutMs = 500
const probeEveryMs = 60_000
/** What a credential's absence is called in a fingerprint. */
const noCredential = 'none'
const unknownModel = { contextWindow: 200_000, maxOutputTokens: 8192, reasoning: false }
/** A local server does not say how much it was started with; more would be cut off there without a word. */
const localContextWindow = 32_768

export function createModels(options: ModelsOptions): Models {
  const { config, clock, log } = options
  const formats = new Map(options.formats.map((format) => [format.id, format]))
  const cooldowns = new Cooldowns(options.store, clock)
  /** The usable credentials last seen, for the default choice, which must answer at once. */
  const keys = new Map<string, { subject: string; mark: string }[]>()
  /** Models of the local servers that answered last. */
  const local = new Map<string, ModelInfo[]>()
  const listeners = new Set<() => void>()
  let cancelProbe: () => void = () => undefined
  let stopped = false

  /** Worked out once for each configuration: a turn asks for them many times. */
  const known = new WeakMap<object, KnownProvider[]>()
  const providers = (): KnownProvider[] => {
    const section = config.get(modelsSection)
    let found = known.get(section)
    if (found === undefined) known.set(section, (found = knownProviders(section, options.catalog)))
    return found
  }
  const providerOf = (id: string): KnownProvider | undefined => providers().find((provider) => provider.id === id)

  const credentials = new Credentials({
    config, secrets: options.secrets, store: options.store, clock, log, newId: options.newId, fetch: options.fetch, providers,
    ...(options.sealer === undefined ? {} : { sealer: options.sealer }), ...(options.forgetSecret === undefined ? {} : { forget: options.forgetSecret }), ...(options.held === undefined ? {} : { held: options.held }), ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.hide === undefined ? {} : { hide: options.hide }), ...(options.record === undefined ? {} : { record: options.record }), ...(options.needsYou === undefined ? {} : { needsYou: options.needsYou }),
    changed: () => void detect(),
  })

  function needsKey(provider: KnownProvider): boolean {
    return formats.get(provider.api)?.credential.kind !== 'none' && (provider.keyNames.length > 0 || provider.oauth !== undefined)
  }

  /** Whether it could be asked now, as far as is known without asking. */
  function usable(provider: KnownProvider): boolean {
    if (!formats.has(provider.api)) return false
    if (needsKey(provider)) return keys.has(provider.id)
    return provider.id === builtinProvider || provider.configured || local.has(provider.id)
  }

  function see(provider: KnownProvider, found: readonly UsableCredential[]): void {
    const usable = found.filter(({ fault }) => fault === undefined)
    if (usable.length === 0) keys.delete(provider.id)
    else keys.set(provider.id, usable.map(({ subject, mark }) => ({ subject, mark: mark() })))
  }

  async function lookForKeys(): Promise<void> {
    for (const provider of providers()) {
      let found: UsableCredential[] = []
      try {
        found = await credentials.of(provider, undefined)
      } catch (error) {
        log.warn('a key could not be read', { provider: provider.id, error: describeError(error) })
      }
      see(provider, found)
    }
  }

  function hostFor(provider: KnownProvider, format: ModelFormat, use: UsableCredential | undefined, onLife: () => void): ModelHost {
    return { fetch: pinnedFetch({ provider, credential: format.credential, use, fetch: options.fetch, onLife }), clock, log }
  }

  // ---- local servers

  async function probe(provider: KnownProvider): Promise<ModelInfo[] | undefined> {
    const format = formats.get(provider.api)
    if (format === undefined || !isLoopback(baseOf(provider).hostname)) return undefined
    const control = new AbortController()
    const cancel = clock.after(probeTimeoutMs, () => control.abort())
    try {
      const model = format.connect(wireProvider(provider, undefined), hostFor(provider, format, undefined, () => undefined))
      const listed = await model.list?.(control.signal)
      return listed === undefined || listed.length === 0 ? undefined : listed.map((info) => (info.contextWindow === unknownModel.contextWindow ? { ...info, contextWindow: localContextWindow } : info))
    } catch {
      // Nothing there, or something else: the usual case on most machines.
      return undefined
    } finally {
      cancel()
    }
  }

  async function detect(): Promise<void> {
    const before = door.current().primary
    await lookForKeys()
    if (config.get(modelsSection).detectLocal) {
      await Promise.all(providers().filter((provider) => provider.local).map(async (provider) => {
        const found = await probe(provider)
        if (found === undefined) local.delete(provider.id)
        else {
          if (!local.has(provider.id)) log.info('found a model server on this machine', { provider: provider.id, models: found.length })
          local.set(provider.id, found)
        }
      }))
    } else local.clear()
    if (door.current().primary !== before) for (const listener of listeners) listener()
  }

  function probeAgainLater(): void {
    if (stopped) return
    cancelProbe = clock.after(probeEveryMs, () => {
      void (nothingElse() ? detect() : Promise.resolve()).finally(probeAgainLater)
    })
  }

  /** No model is set up but what this machine may have. A local server in use is looked at again too: it may have gone. */
  function nothingElse(): boolean {
    const chosen = splitRef(door.current().primary)?.provider
    const provider = chosen === undefined ? undefined : providerOf(chosen)
    return provider === undefined || provider.id === builtinProvider || (provider.local && !provider.configured)
  }

  // ---- choosing

  function defaultModelOf(provider: KnownProvider): string | undefined {
    return provider.defaultModel ?? local.get(provider.id)?.[0]?.id
  }

  function chosenDefault(): { primary: string; why: string } {
    const wanted = options.agentsDefault().primary
    if (wanted !== undefined) {
      const explicit = door.resolve(wanted)
      if (explicit === undefined) return { primary: wanted, why: `Set in the configuration (agents.defaults.model), and nothing can answer: ${unknownWords(wanted)} Choose another with \`moltbot models set\`.` }
      const provider = providerOf(splitRef(explicit)?.provider ?? '')
      const keyless = provider !== undefined && needsKey(provider) && !keys.has(provider.id) ? ` There is no key for ${provider.label} yet.` : ''
      return { primary: explicit, why: `Set in the configuration (agents.defaults.model).${keyless}` }
    }
    const all = providers().filter((provider) => provider.id !== builtinProvider && usable(provider))
    const kinds: [(provider: KnownProvider) => boolean, (provider: KnownProvider) => string][] = [
      [(provider) => provider.configured, (provider) => `${provider.label} is set up in the configuration (models.providers).`],
      [(provider) => keys.has(provider.id), (provider) => `There is a key for ${provider.label}.`],
      [(provider) => local.has(provider.id), (provider) => `${provider.label} runs on this machine.`],
    ]
    for (const [fits, why] of kinds) {
      const provider = all.find((candidate) => fits(candidate) && defaultModelOf(candidate) !== undefined)
      if (provider !== undefined) return { primary: `${provider.id}/${defaultModelOf(provider) ?? ''}`, why: why(provider) }
    }
    return { primary: `${builtinProvider}/assistant`, why: 'No key is set and no model server was found on this machine, so the built-in assistant answers.' }
  }

  function infoOf(provider: KnownProvider | undefined, model: string): KnownModel & { known: boolean } {
    const found = provider?.models.find((candidate) => candidate.info.id === model)
    if (found !== undefined) return { ...found, known: true }
    const listed = provider === undefined ? undefined : local.get(provider.id)?.find((info) => info.id === model)
    if (listed !== undefined) return { info: listed, known: true }
    return { info: { id: model, ...unknownModel, ...(provider?.local === true ? { contextWindow: localContextWindow } : {}), input: ['text', 'image'] }, known: false }
  }

  const door: Models['door'] = {
    current() {
      const { primary, why } = chosenDefault()
      const fallbacks = options.agentsDefault().fallbacks.map((name) => door.resolve(name)).filter((ref): ref is string => ref !== undefined && ref !== primary)
      return { primary, fallbacks: [...new Set(fallbacks)], why }
    },

    resolve(name) {
      const wanted = name.trim()
      if (wanted === '') return undefined
      const { aliases } = options.agentsDefault()
      const alias = Object.keys(aliases).find((candidate) => candidate.toLowerCase() === wanted.toLowerCase())
      const ref = alias === undefined ? wanted : (aliases[alias] ?? wanted)
      const all = providers()
      const parts = splitRef(ref)
      if (parts !== undefined && all.some((provider) => provider.id === parts.provider)) return ref
      const named = all.find((provider) => provider.id === ref.toLowerCase())
      if (named !== undefined) {
        const model = defaultModelOf(named)
        return model === undefined ? undefined : `${named.id}/${model}`
      }
      // A bare id: of a provider that could answer, before one that could not.
      for (const provider of [...all.filter(usable), ...all]) {
        if (provider.models.some((model) => model.info.id === ref) || local.get(provider.id)?.some((info) => info.id === ref) === true) return `${provider.id}/${ref}`
      }
      return undefined
    },

    async list() {
      await lookForKeys()
      const current = partsOf(door.current().primary)
      const listed: Listed[] = []
      for (const provider of providers()) {
        const chosen = provider.id === current?.provider
        if (!usable(provider) && !provider.configured && !chosen) continue
        const infos = new Map([...(local.get(provider.id) ?? []), ...provider.models.map((model) => model.info)].map((info) => [info.id, info]))
        if (chosen && !infos.has(current.model)) infos.set(current.model, infoOf(provider, current.model).info)
        const credential = !needsKey(provider) ? (keys.has(provider.id) ? 'set' : 'not-needed') : keys.has(provider.id) ? 'set' : 'missing'
        for (const info of infos.values()) {
          const awake = (keys.get(provider.id) ?? [{ subject: provider.id, mark: noCredential }]).some(({ subject, mark }) => cooldowns.of(subject, info.id, mark) === undefined)
          listed.push({ ...info, provider: provider.id, available: usable(provider) && awake, credential })
        }
      }
      return listed.sort((a, b) => compare(a.provider, b.provider) || compare(a.id, b.id))
    },

    credentials: credentials.door,
  }

  /** A reference taken apart; `@profile` at its end is one only where there is such a credential. */
  function partsOf(ref: string): { provider: string; model: string; profile?: string } | undefined {
    const parts = splitRef(ref)
    const at = parts?.model.lastIndexOf('@') ?? -1
    const profile = parts === undefined || at <= 0 ? undefined : credentials.isProfile(parts.provider, parts.model.slice(at + 1))
    return parts === undefined || profile === undefined ? parts : { provider: parts.provider, model: parts.model.slice(0, at), profile }
  }

  // ---- asking

  /** One for each credential that may be used, in the order in which they are; the same model, so that no other is noticed. */
  async function candidatesFor(ref: string, session: string | undefined, words: ReadonlyMap<string, string>): Promise<Candidate[]> {
    const { provider: id, model, profile } = partsOf(ref) ?? { provider: ref, model: '' }
    const provider = providerOf(id)
    const known = infoOf(provider, model)
    const format = provider === undefined ? undefined : formats.get(known.api ?? provider.api)
    let found: UsableCredential[] = []
    let unusable: Candidate['unusable']
    if (provider === undefined) unusable = { class: 'model_not_found', message: `${unknownWords(ref)} Check the name with \`moltbot models list\`.` }
    else if (format === undefined) unusable = { class: 'format', message: `The provider ${id} is set to the unknown wire format "${known.api ?? provider.api}" (models.providers.${id}.api).` }
    else {
      try {
        found = await credentials.of(provider, session, profile)
        if (found.length === 0 && needsKey(provider)) throw missingKey(provider)
        if (provider.id !== builtinProvider) baseOf(provider)
      } catch (error) {
        unusable = { class: 'auth', message: describeError(error) }
      }
      see(provider, found)
    }
    const candidate = (use: UsableCredential | undefined): Candidate => {
      const subject = use?.subject ?? id
      const mark = (): string => use?.mark() ?? noCredential
      const fault = unusable ?? (use?.fault === undefined ? undefined : { class: 'auth' as const, message: describeError(use.fault) })
      return {
        ref,
        local: provider !== undefined && provider.baseUrl !== '' && unusable === undefined && isLoopback(baseOf(provider).hostname),
        rest: cooldowns.of(subject, model, mark()),
        unusable: fault,
        fit: (request) => fitted({ ...request, model }, known, words),
        stream(request, onLife) {
          if (provider === undefined || format === undefined) throw new Error('What cannot be asked is not asked.')
          const hidden = new Set<string>()
          const hiding = use === undefined ? undefined : whileHearing(use, (value) => hidden.add(value))
          const connected = format.connect(wireProvider(provider, known), hostFor(provider, format, hiding, onLife))
          return changed(connected.stream(request), (event) => withoutValues(event, hidden))
        },
        // A fault known before asking says nothing about the provider.
        failed: (given) => (fault === undefined ? cooldowns.failed(subject, model, mark(), given) : Promise.resolve()),
        async succeeded() {
          await cooldowns.succeeded(subject, model)
          if (use !== undefined) await credentials.answered(id, use.profile, session)
        },
      }
    }
    return found.length === 0 || unusable !== undefined ? [candidate(undefined)] : found.map(candidate)
  }

  const pictures = new Pictures({ store: options.store, clock, log, random: (bytes) => options.random?.(bytes) ?? createHash('sha256').update(options.newId('boundary')).digest().subarray(0, bytes), ask: (asked) => call(asked) })

  function seesPictures(ref: string): { sees: boolean; known: boolean } {
    const parts = partsOf(ref)
    const { info, known } = infoOf(parts === undefined ? undefined : providerOf(parts.provider), parts?.model ?? ref)
    return { sees: info.input.includes('image'), known }
  }
  /** As far as is known: what nobody described is shown what comes. */
  function isBlind(ref: string): boolean {
    return !seesPictures(ref).sees
  }

  /** Who describes pictures: whom the configuration names, else a model that sees of the providers that get the conversation anyway. */
  function seeing(refs: readonly string[]): string[] {
    const { primary, fallbacks } = options.imageModel?.() ?? { primary: undefined, fallbacks: [] }
    const named = [...(primary === undefined ? [] : [primary]), ...fallbacks].map((name) => door.resolve(name)).filter((ref): ref is string => ref !== undefined)
    if (named.length > 0) return named.filter((ref) => !isBlind(ref))
    const beside = refs.flatMap((ref) => {
      const provider = providerOf(partsOf(ref)?.provider ?? '')
      if (provider === undefined || !usable(provider)) return []
      const found = [...provider.models.map(({ info }) => info), ...(local.get(provider.id) ?? [])].find(({ input }) => input.includes('image'))
      return found === undefined ? [] : [`${provider.id}/${found.id}`]
    })
    return [...new Set([...refs.filter((ref) => seesPictures(ref).known && !isBlind(ref)), ...beside])]
  }

  const call = (given: ModelCall): AsyncIterable<ModelCallEvent> => begunLater(() => begin(given))

  async function begin(given: ModelCall): Promise<AsyncIterable<ModelCallEvent>> {
    try {
      await cooldowns.load()
    } catch (error) {
      log.error('the cooldowns could not be read', { error: describeError(error) })
    }
    const wanted = given.candidates.length > 0 ? given.candidates : [door.current().primary, ...door.current().fallbacks]
    const refs = [...new Set(wanted.map((name) => door.resolve(name) ?? name))].slice(0, given.strict ? 1 : undefined)
    const candidates: Candidate[] = []
    const words = new Map<string, string>()
    for (const ref of refs) candidates.push(...(await candidatesFor(ref, given.sessionHint, words)))
    if (hasImages(given.messages) && refs.some(isBlind)) {
      const first = candidates.find(({ rest, unusable }) => rest === undefined && unusable === undefined) ?? candidates[0]
      for (const [picture, said] of await pictures.of(given, first !== undefined && isBlind(first.ref) ? seeing(refs) : [])) words.set(picture, said)
    }
    const { silenceSeconds, stallSeconds } = config.get(modelsSection)
    return askInOrder(given, candidates, {
      patience: { silenceMs: silenceSeconds * 1000, stallMs: stallSeconds * 1000 }, clock, log,
      jitter: () => (createHash('sha256').update(options.newId('jitter')).digest()[0] ?? 0) / 256,
    })
  }

  const stopListening = config.onChange(modelsSection, () => {
    void detect()
  })

  return {
    call,
    door,
    forget: (tx, session) => pictures.forget(tx, session),
    info: (ref) => {
      const parts = partsOf(door.resolve(ref) ?? ref)
      return infoOf(parts === undefined ? undefined : providerOf(parts.provider), parts?.model ?? ref).info
    },
    detect,
    async start() {
      await cooldowns.load()
      await credentials.start()
      await lookForKeys()
    },
    watch() {
      credentials.watch()
      void detect().finally(probeAgainLater)
    },
    stop() {
      stopped = true
      credentials.stop()
      cancelProbe()
      stopListening()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Why nobody can be asked under this name. */
function unknownWords(ref: string): string {
  const provider = splitRef(ref)?.provider
  return provider === undefined ? `No provider has a model called "${ref}".` : `There is no provider called "${provider}".`
}

function missingKey(provider: KnownProvider): Problem {
  if (provider.oauth !== undefined) return new Problem('models-credential-missing', `Nobody is signed in with ${provider.label}.`, { next: `Sign in: moltbot models auth login --provider ${provider.id}`, details: { fault: 'auth' } })
  const name = provider.keyNames[0] ?? ''
  const orSignIn = provider.keySignIn === undefined ? '' : `, sign in (moltbot models auth login --provider ${provider.id})`
  return new Problem('models-credential-missing', `There is no key for ${provider.label}.`, { next: `Put \`${name}=…\` into ~/.moltbot/secrets.env and restart${orSignIn}, or choose another model with \`moltbot models set\`.`, details: { fault: 'auth' } })
}

function wireProvider(provider: KnownProvider, model: KnownModel | undefined): Provider {
  return { id: provider.id, baseUrl: provider.baseUrl, headers: { ...provider.headers, ...model?.headers }, compat: { ...provider.compat, ...model?.compat } }
}

/** The same credential; every value it gives out is told first. */
function whileHearing(use: UsableCredential, hear: (value: string) => void): UsableCredential {
  const heard = <T extends Secret | undefined>(secret: T): T => {
    if (secret !== undefined) hear(secret.open(`keeping it out of messages of ${use.profile}`))
    return secret
  }
  return { ...use, open: async () => heard(await use.open()), renew: async (stale) => heard(await use.renew(stale)) }
}

/** What the model can't take is left out: pictures it can't see, thinking it can't do, more output than it gives. */
function fitted(request: Omit<ModelRequest, 'signal'>, model: KnownModel & { known: boolean }, words: ReadonlyMap<string, string>): Omit<ModelRequest, 'signal'> {
  if (!model.known) return request
  const { info } = model
  return {
    ...request,
    thinking: info.reasoning ? request.thinking : 'off',
    maxOutputTokens: Math.min(request.maxOutputTokens, info.maxOutputTokens),
    messages: info.input.includes('image') ? request.messages : request.messages.map((message) => withoutImages(message, words)),
  }
}

function withoutValues(event: ModelEvent, values: ReadonlySet<string>): ModelEvent {
  if (event.type !== 'end' || event.fault === undefined || values.size === 0) return event
  const message = [...values].reduce((words, value) => (value === '' ? words : words.replaceAll(value, '[credential]')), event.fault.message)
  return { ...event, fault: { ...event.fault, message } }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
