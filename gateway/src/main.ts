/**
 * The process: builds the rooms, hands each what it needs of the others, starts them in order and stops them in reverse. The
 * only file that knows every room, and (besides the configuration) the only one that reads the environment.
 */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { close as closeInspector, url as inspectorUrl } from 'node:inspector'
import { createRequire } from 'node:module'
import { homedir, hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  Problem, describeError, mainAgent, ownerPrincipal, parseSecretsEnv, reviewFacts, Secret, type AgentId, type Channel, type Charge, type Door, type IncomingMessage, type ChatRef, type Clock, type Facts, type GatewayModule, type GatewayRunOptions,
  type ModelCall, type NewId, type OfflineAudit, type OfflineConfig, type Principal, type PrincipalId, type Review, type ReviewOptions, type SessionKey, type StatusFacts, type Tool, type TurnId, type OfflineVault, type OfflineVaultOptions, type Store,
} from '@moltbot/contract'
import { checks } from '@moltbot/checks'
import { catalog, formats } from '@moltbot/models'
import { tools } from '@moltbot/tools'
import { Compile } from 'typebox/compile'
import Value from 'typebox/value'
import { createBrowserSessions, createDevices, createDoor, createPresence, createReviewKeeper, createRuns, createWireEvents, createSteadyClock, doorIdentityMigration, doorMigration, doorReviewMigration, openDoorFloor, tailscaleWhois, withdrawableStore, gatewaySection, takeFacts, thisMachine, vaultFile, type CertificateFacts, type Rooms, foundAfterIncident, foundAtIncident, revokeDevices } from './api/index.ts'
import { methods } from './api/methods/index.gen.ts'
import { channels } from './channels.gen.ts'
import { agentsSection, createAgents, listNamesTool, ruleOnTools, toolsSection, unknownToolNames, type ToolPolicy } from './foundation/agents/index.ts'
import { auditMigrations, auditSection, bearingStore, createAudit, createRecord, during, openRecord } from './foundation/audit/index.ts'
import { createConfig, type Config, type SecretCommandRun } from './foundation/config/index.ts'
import { budgetMigration, budgetsSection, createBudget, type Unfinished } from './foundation/budget/index.ts'
import { connectionsMigration, createConnections } from './foundation/connections/index.ts'
import { createEgress, createLeakScan, createReader, createWeb, egressMigration, egressSection, webSection, type EgressOptions } from './foundation/egress/index.ts'
import { createHalt, factorSecrets, haltMigration, loopSection, processesUnder } from './foundation/halt/index.ts'
import { createLog, freeName, hideSecrets, linkForTail, logSection, markOf, maskedProblem } from './foundation/log/index.ts'
import { createMemory, memoryMigration, memorySection, withoutMarks } from './foundation/memory/index.ts'
import { createModels, modelsMigration, modelsSection } from './foundation/models/index.ts'
import { createIds, openSqlite, systemClock } from './foundation/platform/index.ts'
import { createSqliteStore, lockStateDirectory, openStore } from './foundation/storage/index.ts'
import { createVault, createVaultDesk, readPassphrase, systemKeyring, type Vault, type VaultAct, type VaultOptions } from './foundation/vault/index.ts'
import { buildSystemPrompt, compact, estimateTokens, promptDate, runTurn } from './journey/agent/index.ts'
import { chatCommands, parseCommand } from './journey/commands/index.ts'
import { askWords, channelDefaultsSection, commandsSection, createGuard, createPolicy, guardApprovalsMigration, guardMigration, guardPeopleMigration, peopleSection } from './journey/guard/index.ts'
import { answerTurn, handleMessage, resume, settleDelivery, type Journey } from './journey/handle-message.ts'
import { createInbox, inboxMigration, inboxThreadMigration } from './journey/inbox/index.ts'
import { createOutbox, migrations as outboxMigrations } from './journey/outbox/index.ts'
import { runAgent, toolSpecs } from './journey/run-agent.ts'
import { createCommands, createFileLabels, createGrants, createSubAgents, isSubAgent, subAgentsMigration, execSection, fileLabelsMigration, findProgram, sandboxSection, type GrantSubject } from './journey/sandbox/index.ts'
import { createSessions, agentOfKey, mainKey, messagesSection, migrations as sessionMigrations, sessionSection } from './journey/sessions/index.ts'
import { createWhy } from './journey/why.ts'

/** The sections of the configuration, each from the room that owns it. */
export const sections = [
  gatewaySection, agentsSection, modelsSection, sessionSection, messagesSection, commandsSection, peopleSection, channelDefaultsSection, logSection, auditSection, egressSection, webSection, budgetsSection, sandboxSection, execSection, loopSection, toolsSection, memorySection, ...channels.map((channel) => channel.config),
]
/** The steps that make the database, each from the room that owns the tables. */
export const migrations = [...auditMigrations, connectionsMigration, guardMigration, inboxMigration, inboxThreadMigration, ...outboxMigrations, ...sessionMigrations, doorMigration, modelsMigration, guardPeopleMigration, doorIdentityMigration, egressMigration, guardApprovalsMigration, budgetMigration, doorReviewMigration, fileLabelsMigration, haltMigration, memoryMigration, subAgentsMigration]

export interface StartOptions {
  stateDir: string
  environment: Readonly<Record<string, string | undefined>>
  version: string
  /** The built page; undefined: `/` says how to build it. */
  uiDir: string | undefined
  port?: number
  bind?: string
  /** Shown on the console as well as in the file. */
  console?: { write(text: string): void; color: boolean }
  verbose?: boolean
  /** Where the vault's key lies; outside the state directory. */
  vaultKeyFile: string
  /** Where the record is anchored when the configuration says nothing; absent: beside the vault's key. */
  auditAnchorFile?: string
  /** Asked when the vault's key is a passphrase; absent or undefined: it stays locked until somebody unlocks it. */
  vaultPassphrase?: () => Promise<string | undefined>
  /** The link people tail; absent: none. */
  logLink?: string
  /** Replaced in tests. */
  clock?: Clock
  fetch?: typeof globalThis.fetch
  /** Stands in for the network that tools reach. */
  network?: Pick<EgressOptions, 'resolve' | 'open' | 'ca'>
  /** What the agents may call; absent: what is on the shelf. */
  tools?: readonly Tool[]
  onShutdown?: (reason: string, restart: boolean) => void
}

export interface Gateway {
  port: number
  addresses: string[]
  rooms: Rooms
  journey: Journey
  config: Config
  vault: Vault
  /** The shared token as it is now. */
  token(): Promise<string>
  /** Stops in order: no new work, channels closed, what runs checkpointed, store closed. Calling twice is harmless. */
  close(why?: { reason?: string; restart?: boolean }): Promise<void>
}

/** How long running turns get to end by themselves when the gateway stops; then they are left for the next start. */
const drainMs = 5_000
/** Where people look for the log. */
const logLinkPath = '/tmp/moltbot-gateway.log'

/** Builds and starts a gateway in this process. Rejects with a `Problem` that says what to do. */
export async function startGateway(options: StartOptions): Promise<Gateway> {
  const { stateDir } = options
  const clock = options.clock ?? systemClock
  const newId: NewId = createIds(() => clock.now())
  const fetch = options.fetch ?? globalThis.fetch
  const startedAt = clock.now()
  const shelf = options.tools ?? (tools as readonly Tool[])
  for (const folder of [stateDir, join(stateDir, 'credentials'), join(stateDir, 'sessions'), join(stateDir, 'logs')]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  }
  const unlock = await lockStateDirectory(join(stateDir, 'sessions', 'gateway.lock'))
  const closers: (() => Promise<void> | void)[] = [unlock]
  try {
    return await build()
  } catch (error) {
    for (const close of closers.reverse()) await close()
    throw error
  }

  async function build(): Promise<Gateway> {
    const given = mergeEnvironment(stateDir, options.environment)
    const log = createLog({ stateDir, values: Value.Create(logSection.schema), clock, ...(options.console === undefined ? {} : { console: options.console }) })
    closers.push(() => log.close())
    const leaks = createLeakScan()
    /** A secret is neither logged nor let out through tools. */
    const hide = (value: string): void => {
      log.hide(value)
      leaks.add(value)
    }
    for (const [name, value] of Object.entries(given)) if (value !== undefined && /KEY|TOKEN|SECRET|PASSWORD/.test(name) && value.length >= 8) hide(value)
    const vault = await createVault({
      stateDir, keyFile: options.vaultKeyFile, clock, ...keyPlaces(options.environment), onSecret: hide, onNotice: (sentence) => log.warn(sentence),
      ...(options.vaultPassphrase === undefined ? {} : { passphrase: options.vaultPassphrase }),
    })
    const environment = withSealed(given, vault, (name, error) => log.warn('A value of secrets.env is in the vault and cannot be read.', { name, error: describeError(error) }))
    const early: SecretCommandRun[] = []
    let recordRun = async (run: SecretCommandRun): Promise<void> => void early.push(run)
    const config = await createConfig({
      onCommand: (run) => recordRun(run),
      stateDir, sections, environment, secrets: vault, clock, log: log.child('config'), watch: true, onSecret: hide,
      ...(configPath(options.environment) === undefined ? {} : { file: configPath(options.environment) as string }),
    })
    closers.push(() => config.close())
    const configureLog = (): void => log.configure({ ...config.get(logSection), ...(options.verbose === true ? { level: 'debug', consoleLevel: 'debug' } : {}) })
    configureLog()
    config.onChange(logSection, configureLog)
    if (options.logLink !== undefined) linkForTail(log.door.file, options.logLink)

    const store = bearingStore(withdrawableStore(await openStore({ file: join(stateDir, 'sessions', 'moltbot.db'), migrations, now: () => clock.now() })))
    closers.push(() => store.close())
    /** For what expires: it never goes back, whatever the machine's time does. */
    const steady = await createSteadyClock({ store, clock })
    const floor = await openDoorFloor({ store, file: join(dirname(options.vaultKeyFile), 'door.key'), random: randomBytes, log: log.child('door') })
    await ensureToken(config, environment)
    const token = async (): Promise<Secret | undefined> =>
      (await config.secrets.get('gateway.auth.token')) ?? firstSecret(environment, ['MOLTBOT_GATEWAY_TOKEN', 'CLAWDBOT_GATEWAY_TOKEN', 'OPENCLAW_GATEWAY_TOKEN'])

    const audit = createAudit({ store, clock, newId, key: () => auditKey(vault), mask: log.mask })
    const record = createRecord({
      audit, store, config, clock, log: log.child('audit'), fetch, stateDir, anchorFile: options.auditAnchorFile ?? join(dirname(options.vaultKeyFile), 'audit-anchor.jsonl'),
      source: { version: options.version, host: hostname() }, pid: process.pid,
    })
    await record.start()
    recordRun = (run) => store.transaction((tx) => audit.append(tx, {
      act: 'secret.command', principal: null, subject: run.command, outcome: run.ok ? 'done' : 'failed', reason: run.reason, facts: { provider: run.provider, id: run.id },
    }))
    for (const run of early) await recordRun(run)
    closers.push(() => record.close())
    const agents = createAgents({ config, stateDir, log: log.child('agents') })
    agents.seed()
    /** Writes to the owner where they were last, on a network if they use one. False: there is no such chat yet. */
    const tellOwner = async (words: string, key: string): Promise<boolean> => {
      const chats = (await sessions.list()).flatMap(({ principal, kind, lastChat }) => (principal === ownerPrincipal && kind === 'direct' && lastChat !== null ? [lastChat] : []))
      const isNetwork = (chat: ChatRef): boolean => channels.find(({ id }) => id === chat.channel)?.senders === 'platform'
      const chat = chats.find((each) => isNetwork(each) && connections.of(each) !== undefined) ?? chats.find((each) => !isNetwork(each) && connections.of(each)?.door?.serves !== 'http')
      if (chat === undefined) return false
      await outbox.send({ chat, markdown: words, principal: ownerPrincipal, key })
      return true
    }
    const budget = createBudget({
      store, clock, newId, log: log.child('budget'), config, timeZone: () => agents.defaults().userTimezone,
      known(provider, model) {
        const own = config.get(modelsSection).providers[provider]
        const { cost } = models.info(`${provider}/${model}`)
        return { ...(cost === undefined ? {} : { cost }), from: own?.models.find(({ id }) => id === model)?.cost === undefined ? 'catalog' : 'config', subscription: own?.auth === 'oauth' }
      },
      notify: (words, key) => tellOwner(words, `budget/${key}`),
    })
    closers.push(() => budget.close())
    const models = createModels({
      config, secrets: config.secrets, store, clock, log: log.child('models'), newId, formats: budget.meter(formats), catalog, fetch,
      agentsDefault: () => {
        const { models: { primary, fallbacks }, aliases } = agents.defaults()
        return { ...(primary === undefined ? {} : { primary }), fallbacks, aliases }
      },
    })
    closers.push(() => models.stop())
    const callModel = budget.callModel(models.call)
    const isElevated = ({ role }: Principal): boolean => role === 'owner' || role === 'admin'

    const inbox = createInbox({
      store, clock, newId,
      hide(text, taken) {
        const hidden = hideSecrets(text, taken)
        for (const { value } of hidden.found) log.hide(value)
        return hidden
      },
    })
    const connections = createConnections({
      channels, config, secrets: config.secrets, store, clock, log: log.child('channels'), fetch,
      receive: (message) => during({ place: placeOf(message.chat) }, () => handleMessage(message, journey)),
      notice: (channel, account, notice) => log.info('A channel noticed something.', { channel, account, notice }),
      commands: () => chatCommands.filter((command) => !command.ownerOnly).map(({ name, description }) => ({ name, description })),
    })
    const resolveModel = (name: string): string | undefined => models.door.resolve(name)
    const guard = createGuard({
      store, clock: steady, newId, log: log.child('guard'), config, audit, channels,
      accountConfig: (channel, account) => connections.accountConfig(channel, account),
      mentionPatterns: () => mentionPatterns([...config.get(messagesSection).groupChat.mentionPatterns, ...agents.ids().flatMap((id) => agents.get(id).mentionPatterns)]),
      isCommand: (text) => parseCommand(text, chatCommands, resolveModel).kind === 'command',
      activation: async () => undefined,
      namesTool: (list, name) => listNamesTool(list, shelf.find((tool) => tool.name === name) ?? { name }),
      commandPolicy(agent) {
        const { security, ask, allowlist, safeBins } = config.get(execSection)
        const own = agents.has(agent) ? agents.get(agent).tools.exec.allowlist : []
        // A container's programs are its image's: nobody can tell from here where a name leads.
        const ours = ['auto', 'bwrap'].includes(config.get(sandboxSection).backend)
        return { security, ask, entries: [...allowlist, ...own], safeBins, programAt: (word) => (ours ? findProgram(word) : undefined) }
      },
    })
    const outbox = createOutbox({
      store, clock, newId, log: log.child('outbox'), connections, random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
      streaming: (chat) => connections.of(chat)?.limits.streaming !== 'off',
      // Words of the gateway itself still reach whoever asked.
      holds: ({ inboxId }) => halt.state().kind === 'panic' && inboxId === null,
      settled: (tx, delivery, all) => settleDelivery(tx, delivery, all, { inbox, sessions }),
    })
    const channelLabel = (chat: ChatRef | null): string => channels.find((channel) => channel.id === chat?.channel)?.label ?? 'Web'
    /** The layers that decide which tools an agent has; a sub-agent has fewer. */
    const toolPolicyOf = (agent: AgentId, session?: string): ToolPolicy => {
      const all = config.get(toolsSection)
      const { profile, allow, ...own } = agents.get(agent).tools
      return {
        profile: profile ?? all.profile, profileOf: profile === undefined ? 'the profile' : `the profile of ${agent},`,
        layers: [{ name: 'tools', lists: all }, { name: `agents.list.${agent}.tools`, lists: { ...own, ...(allow === undefined ? {} : { allow }) } }],
        ...(session !== undefined && isSubAgent(session) ? { except: { name: 'a sub-agent', deny: ['group:sessions', 'group:messaging'] } } : {}),
      }
    }
    const toolsOf = (agent: AgentId, session?: string): Tool[] => {
      const there = new Set(ruleOnTools(shelf, toolPolicyOf(agent, session)).flatMap(({ name, removedBy }) => (removedBy === null ? [name] : [])))
      return shelf.filter(({ name }) => there.has(name))
    }
    const nameUnknownTools = (): void => {
      const unknown = agents.ids().flatMap((agent) => unknownToolNames(shelf, toolPolicyOf(agent)))
      if (unknown.length > 0) log.warn('A list of tools names some that do not exist.', { names: [...new Set(unknown.map(({ list, name }) => `${list}: ${name}`))] })
    }
    nameUnknownTools()
    config.onChange(toolsSection, nameUnknownTools)
    config.onChange(agentsSection, nameUnknownTools)
    /** What a person's turns are told of: what the agent has, less what their profile keeps from them. */
    const offeredTo = async (agent: AgentId, { id }: Principal, session?: string): Promise<Tool[]> => {
      const had = toolsOf(agent, session)
      const left = new Set(await guard.toolsLeft(id, had.map(({ name }) => name)))
      return had.filter(({ name }) => left.has(name))
    }
    const agentOf = (key: SessionKey): AgentId => agentOfKey(key)

    const sessions = createSessions({
      store, clock, newId, log: log.child('sessions'), config,
      needs: {
        assign: inbox.assign,
        endMessage: (tx, id, end, detail) => inbox.end(tx, id, end, detail),
        backlog: inbox.backlog,
        platformIds: (turn) => inbox.ofTurn(store.read, turn),
        byPlatformId: inbox.byPlatformId,
        agentFor: () => agents.defaultId(), defaultAgent: () => agents.defaultId(),
        agent: (id) => {
          const facts = agents.get(id)
          return { thinking: facts.thinkingDefault, timeoutMs: facts.timeoutMs, concurrent: agents.defaults().maxConcurrent }
        },
        async prompt(agent, principal, kind, chat) {
          const facts = agents.get(agent)
          // What is known of the owner stands in the owner's private chats alone.
          const privy = kind === 'direct' && (principal.role === 'owner' || principal.role === 'admin')
          // Our own ways in name a conversation by its key.
          const key = chat?.chat
          const isChild = key !== undefined && isSubAgent(key)
          const files = (await agents.files(agent)).filter((file) => (privy && !isChild) || !['USER.md', 'MEMORY.md'].includes(file.name))
            .map((file) => (file.name === 'MEMORY.md' && file.text !== undefined ? { ...file, text: withoutMarks(file.text) } : file))
          const parts = {
            agent: { id: agent, name: facts.name, emoji: facts.emoji, ...(facts.theme === null ? {} : { theme: facts.theme }) },
            files, tools: toolSpecs(await offeredTo(agent, principal, key), principal).map((tool) => tool.name), ...(isChild ? { audience: 'sub-agent' as const } : {}), chat: { label: channelLabel(chat), kind },
            bootstrapMaxChars: facts.bootstrapMaxChars, ...(facts.userTimezone === undefined ? {} : { timeZone: facts.userTimezone }),
          }
          const hash = buildSystemPrompt({ ...parts, date: '' })
          return { text: buildSystemPrompt({ ...parts, date: promptDate(clock.now(), facts.userTimezone) }), hash: hashOf(hash) }
        },
        models(agent, chosen) {
          const current = models.door.current()
          const own = agents.get(agent).models
          const primary = chosen ?? own.primary ?? current.primary
          const candidates = chosen === undefined ? [primary, ...(own.primary === undefined ? current.fallbacks : own.fallbacks)] : [chosen]
          const resolved = [...new Set(candidates.map((name) => models.door.resolve(name) ?? name))]
          const info = models.info(resolved[0] ?? primary)
          return { candidates: resolved, strict: chosen !== undefined, contextWindow: Math.min(agents.get(agent).contextTokens ?? Number.POSITIVE_INFINITY, info.contextWindow), maxOutputTokens: info.maxOutputTokens }
        },
        estimateTokens,
        spent: budget.write,
        principal: guard.principal,
        async refuse(tx, waiting, reason) {
          await outbox.reply(tx, { inbox: waiting.inbox, chat: waiting.message.chat, principal: waiting.principal.id }, reason, 'refused')
        },
        answer: (turn) => during({ place: placeOf(turn.chat), correlation: turn.id }, () => answerTurn(turn, journey)),
        async compact(view, focus, signal) {
          if (halt.state().kind !== 'running') return { reason: 'Everything is held: no model is asked.' }
          const session = await sessions.get(view.sessionKey)
          const payer = session === undefined ? undefined : await guard.principal(session.principal)
          const charge: Charge = {
            principal: session?.principal ?? ownerPrincipal, agent: agentOf(view.sessionKey), channel: session?.lastChat?.channel ?? ('' as ChatRef['channel']), session: view.sessionKey, turn: view.id,
            privy: payer !== undefined && isElevated(payer),
          }
          const host = {
            callModel: (call: ModelCall) => callModel({ ...call, charge }), tools: [], takeSteering: () => [], estimateTokens, signal, parallel: () => false,
            runTool: () => Promise.reject(new Error('no tools while summarising')),
          }
          let usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
          let reason = 'There was nothing to summarise.'
          const steps = compact(view, host, focus, { settings: agents.get(agentOf(view.sessionKey)).compaction })
          for (;;) {
            const step = await steps.next()
            if (step.done === true) return step.value === undefined ? { reason } : { ...step.value, usage }
            if (step.value.type === 'compaction-end') {
              usage = step.value.usage
              reason = step.value.error ?? reason
            }
          }
        },
      },
    })
    inbox.onEnd((row) => sessions.messageEnded({ inbox: row.id, platformId: row.message.id, key: row.sessionKey, end: row.end ?? '', detail: row.endDetail, turnId: row.turnId }))

    const status = (key: SessionKey): Promise<StatusFacts> => describeStatus(key)
    async function describeStatus(key: SessionKey): Promise<StatusFacts> {
      const session = await sessions.get(key)
      const chosen = session?.settings.model
      const current = models.door.current()
      const info = models.info(chosen ?? current.primary)
      const [used] = await budget.door.days(1)
      return {
        version: options.version, uptimeMs: clock.now() - startedAt, model: chosen ?? `${current.primary} (${current.why})`, session: key,
        contextTokens: session?.contextTokens ?? 0, contextWindow: info.contextWindow,
        ...(halt.state().kind === 'running' ? {} : { held: halt.state().kind === 'paused' ? 'Paused; `/resume` goes on' : 'Stopped by a panic; `moltbot resume` goes on' }),
        queue: `${sessions.waitingCount(key)} waiting${sessions.running(key).length > 0 ? ', one running' : ''}`,
        channels: connections.status().filter((each) => channels.find((channel) => channel.id === each.channel)?.senders === 'platform')
          .map((each) => ({ id: each.channel, account: each.account, state: stateWords(each.health) })),
        usageToday: { input: (used?.input ?? 0) + (used?.cacheRead ?? 0) + (used?.cacheWrite ?? 0), output: used?.output ?? 0, costUsd: used?.costUsd ?? 0 },
      }
    }

    const egress = createEgress({
      config, secrets: config.secrets, store, clock, log: log.child('egress'), stateDir, random: randomBytes, leaks, ...options.network,
      onRefused({ identity, host, code, reason }) {
        store.transaction((tx) => audit.append(tx, { act: 'egress.refused', principal: identity.principal, subject: identity.session, outcome: 'deny', reason, facts: { host, code, agent: identity.agent, use: identity.use } }))
          .catch((error: unknown) => log.error('A refusal could not be recorded.', { error: describeError(error) }))
      },
    })
    await egress.start()
    closers.push(() => egress.close())
    const web = createWeb({ egress, config, secrets: config.secrets, clock, random: randomBytes, reader: createReader({ command: readerCommand(), clock }) })
    const workspaceOf = (agent: AgentId, principal: PrincipalId, session: SessionKey): string => {
      const { workspaceAccess, scope } = config.get(sandboxSection)
      if (workspaceAccess === 'none') {
        const shared = scope === 'session' ? session : scope === 'agent' ? agent : 'all'
        const scratch = join(stateDir, 'sandboxes', hashOf(JSON.stringify([scope, shared, principal])).slice(0, 16))
        mkdirSync(scratch, { recursive: true, mode: 0o700 })
        return scratch
      }
      if (principal === ownerPrincipal) return agents.get(agent).workspace
      const folder = join(stateDir, 'people', hashOf(principal).slice(0, 16), agent)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      return folder
    }
    const labels = createFileLabels({ store, clock })
    const doorFor = (serves: Door['serves']): Door | undefined => channels.map((channel) => connections.of({ channel: channel.id, account: 'default' as ChatRef['account'] })?.door).find((door) => door?.serves === serves)
    const memory = createMemory({ store, newId, config })
    /** Chats a person may write to: those of their own conversations, for the owner and admins everybody's on a network, and of paired people. */
    const placesOf = async (principal: PrincipalId): Promise<{ chat: ChatRef; names: string[] }[]> => {
      const who = await guard.principal(principal)
      const privy = who !== undefined && isElevated(who)
      const places = new Map<string, { chat: ChatRef; names: string[] }>()
      const add = (chat: ChatRef, names: readonly (string | null | undefined)[]): void => {
        if (channels.find(({ id }) => id === chat.channel)?.senders !== 'platform') return
        const key = JSON.stringify([chat.channel, chat.account, chat.chat, chat.thread ?? null])
        const place = places.get(key) ?? { chat, names: [] }
        places.set(key, place)
        place.names.push(...names.filter((name) => name !== null && name !== undefined && !place.names.includes(name)) as string[])
      }
      for (const session of await sessions.list()) if (session.lastChat !== null && (privy || session.principal === principal)) add(session.lastChat, [session.settings.label])
      for (const person of privy ? await guard.people() : []) {
        for (const { channel, account, sender } of person.senders) {
          const connection = connections.of({ channel, account })
          const chat = await connection?.openDirect?.(sender).catch(() => undefined)
          if (chat !== undefined) add(chat, [person.name])
        }
      }
      return [...places.values()]
    }
    const subAgents = createSubAgents({
      store, clock, newId, log: log.child('sub-agents'),
      needs: {
        sessions: () => sessions.list(), history: sessions.history, isRunning: (key) => sessions.running(key).length > 0, abort: (key) => stopSession(key, { reason: 'stop' }),
        async submit({ id, session, principal, text, origin, wishes }) {
          const door = (['browser', 'terminal', 'http'] as const).map((serves) => doorFor(serves)).find((each) => each !== undefined)
          if (door === undefined) throw new Problem('door-closed', 'Every way in of this gateway\'s own is switched off, and work is handed over by one.', { next: 'Switch channels.web or channels.terminal on in the configuration.' })
          const receipt = await door.submit({
            id, chat: session as string as ChatRef['chat'], sender: { id: principal as string as IncomingMessage['sender']['id'] }, sentAt: clock.now(), text, attachments: [], mentioned: 'yes', session, wishes,
            ...(origin === undefined ? {} : { origin }),
          })
          if (receipt.kind === 'refused') throw new Problem('message-refused', receipt.reason)
        },
        async outcomeOf(id) {
          const row = await inbox.byPlatformId(id)
          if (row === undefined) return undefined
          const turn = row.turnId === null ? undefined : await sessions.transcript.turn(store.read, row.turnId)
          const { input, output, cacheRead, cacheWrite } = turn?.usage ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
          return {
            inbox: row.id, end: row.end, detail: row.endDetail, outcome: turn?.outcome ?? null, text: turn?.text ?? '', tokens: input + output + cacheRead + cacheWrite,
            elapsedMs: (turn?.endedAt ?? row.endedAt ?? clock.now()) - (turn?.startedAt ?? row.receivedAt),
          }
        },
        onEnded: (listener) => inbox.onEnd((row) => listener(row.message.id)),
        // It is written by the time of any later transaction, for they come in order; whether it arrived is the outbox's.
        tell(chat, markdown, principal, key) {
          outbox.send({ chat, markdown, principal, key }).catch((error: unknown) => log.error('The end of a sub-agent could not be told.', { key, error: describeError(error) }))
        },
        inject: (key, text, origin) => sessions.inject(key, text, undefined, origin),
        agent: (id) => agents.get(id).id, model: resolveModel,
        visibility: () => config.get(toolsSection).sessions.visibility, concurrentMax: () => config.get(toolsSection).sessions.concurrentMax, mask: log.mask,
      },
    })
    const commands = createCommands({
      workspaceOf: ({ agent, principal, session }) => workspaceOf(agent, principal, session),
      sandbox: () => config.get(sandboxSection), exec: () => config.get(execSection), clock, newId, own: [stateDir, dirname(options.vaultKeyFile)],
      egress({ agent, principal, session, owner = false }) {
        if (!egress.reachesAnything('commands', agent)) return undefined
        return { socket: egress.socketPath, user: 'sandbox', password: egress.admit({ use: 'commands', agent, principal, session, owner }) }
      },
      // What it changes is strangers' words when they may steer it, or it can reach or read them.
      changing: async ({ label }, workspace, { network }) => (label?.tainted() !== false || network || (await labels.any(workspace)) ? labels.watch(workspace) : undefined),
    })
    closers.push(() => commands.close())
    const halt = await createHalt({
      store, clock, log: log.child('halt'), stateDir, random: randomBytes, vault, label: hostname(),
      record: (tx, entry) => audit.append(tx, entry),
      acts: {
        hold(kind) {
          sessions.hold()
          if (kind === 'panic') egress.cut()
        },
        release() {
          egress.restore()
          outbox.release()
          sessions.release()
        },
        async stopWork() {
          const [turns, ended] = await Promise.all([sessions.stopAll(), commands.stopAll()])
          return { turns, commands: ended }
        },
        waiting: sessions.waitingInAll, forget: sessions.forgetWaiting,
        revoke: {
          browsers: () => rooms.signIns.endAll(),
          devices: () => revokeDevices(rooms),
          grants: ({ principal, via }) => guard.revokeStanding('all', { principal: { id: principal, role: 'owner' }, via }),
          async approvals({ principal, via }) {
            const open = await guard.approvals({ open: true })
            for (const { id } of open) await guard.decide(id, 'deny', { principal: { id: principal, role: 'owner' }, via })
            return open.length
          },
        },
        found: () => foundAtIncident(rooms, { processes: () => processesUnder(process.pid), commands: commands.running, mask: log.mask }),
        foundAfter: () => foundAfterIncident(rooms),
      },
    })
    /** Stop is stop: what its turns left running in the background, and what they handed to others, ends with them. */
    const stopSession: typeof sessions.abort = async (key, how) => {
      const [turns] = await Promise.all([sessions.abort(key, how), ...(how.turn === undefined ? [commands.stop(key), subAgents.stop(key)] : [])])
      return turns
    }
    const sandbox = createGrants({
      workspaceOf, readOnly: () => config.get(sandboxSection).workspaceAccess === 'ro', commands: (subject: GrantSubject) => commands.grant(subject),
      describeStatus: ({ session }) => status(session), clock, newId, web, labels,
      memory: { room: memory, today: () => promptDate(clock.now(), agents.defaults().userTimezone) },
      messaging: { places: placesOf, send: outbox.send, sent: outbox.ofSend, find: outbox.find, connection: (chat) => connections.of(chat), clock },
      subAgents,
    })
    const checkers = new Map<Tool, ReturnType<typeof Compile>>()
    /** Why an input does not fit a tool; undefined when it does. */
    const checkInput = (tool: Tool, input: unknown): string | undefined => {
      let checker = checkers.get(tool)
      if (checker === undefined) checkers.set(tool, (checker = Compile(tool.input)))
      if (checker.Check(input)) return undefined
      return checker.Errors(input).slice(0, 3).map((error) => `${error.instancePath === '' ? 'the input' : error.instancePath} ${error.message}`).join('; ')
    }
    const why = createWhy({ inbox, sessions, outbox, audit, store, spent: budget.door.ofTurn })

    const journey: Journey = {
      asPartOf: (row, work) => during({ place: placeOf(row.chat), correlation: row.id }, work),
      store, log: log.child('journey'), audit, inbox, guard, sessions, outbox, now: () => clock.now(), costUsd: budget.door.turnUsd,
      commands: {
        all: chatCommands,
        parse: (text) => (config.get(commandsSection).text ? parseCommand(text, chatCommands, resolveModel, config.get(sessionSection).resetTriggers) : { kind: 'text', text }),
        needs: {
          status, session: sessions.get, patch: sessions.patch,
          reset: (key, principal) => sessions.reset(key, principal.id),
          async stop(key) {
            const waiting = sessions.waitingCount(key)
            const at = clock.now()
            const turns = await stopSession(key, { reason: 'stop' })
            const calls = (await Promise.all(turns.map((turn) => sessions.callsAtStop(turn, key, at)))).flat()
            return { turns: turns.length, waiting, calls: calls.map(({ name, input, state }) => ({ state, what: wordsOfCall(shelf, name, input) })) }
          },
          halt,
          compact: sessions.compact, queueMode: sessions.queueMode, models: models.door,
          pairing: { pending: () => guard.pending(), approve: guard.approve, reject: guard.reject },
          approvals: { open: () => guard.approvals({ open: true }), find: guard.approval, decide: guard.decide },
          why,
          async money(principal) {
            const privy = isElevated(principal)
            const days = await budget.door.days(31, privy ? undefined : principal.id)
            const month = days.filter(({ date }) => date.slice(0, 7) === budget.door.today().slice(0, 7))
            return {
              todayUsd: days.at(-1)?.costUsd ?? 0, monthUsd: month.reduce((sum, { costUsd }) => sum + costUsd, 0),
              caps: budget.door.caps(privy ? undefined : { principal: principal.id }).filter(({ scope }) => privy || scope === 'person')
                .map(({ scope, id, period, spentUsd, capUsd, leftUsd }) => ({ name: `${period === 'day' ? 'daily' : 'monthly'}${scope === 'gateway' ? '' : `, ${scope} ${id}`}`, spentUsd, capUsd, leftUsd })),
            }
          },
          lastMessage: (message) => inbox.before(message),
        },
      },
      async keepSecrets(tx, row, principal, pasted) {
        const names = pasted.map(({ name }) => name).join(', ')
        if (principal.role !== 'owner' && principal.role !== 'admin') {
          await audit.append(tx, { act: 'secret.dropped', principal: principal.id, subject: row.id, outcome: 'deny', reason: 'pasted by somebody who may not keep secrets', facts: { kinds: names } })
          return { sentence: '🔑 Your message held what looks like a key or password. I removed it and did not keep it; please change it where it comes from, for it went through this chat.' }
        }
        try {
          const kept = await sealPasted(vault, pasted)
          await audit.append(tx, { act: 'secret.pasted', principal: principal.id, subject: row.id, outcome: 'done', reason: 'moved from the chat into the vault', facts: { names: [...kept.values()] } })
          const list = [...kept.values()].map((name) => `\`${name}\``).join(', ')
          return {
            sentence: `🔑 Your message held what looks like a key. It is in the vault now as ${list}, and \`[secret …]\` stands in its place here. The chat itself may still show it: delete your message there.`,
            ...([...kept].every(([before, after]) => before === after) ? {} : { renamed: (text: string) => renameMarks(text, kept) }),
          }
        } catch (error) {
          await audit.append(tx, { act: 'secret.dropped', principal: principal.id, subject: row.id, outcome: 'failed', reason: describeError(error), facts: { kinds: names } })
          return { sentence: `🔑 Your message held what looks like a key. I removed it but could not keep it: ${describeError(error)}` }
        }
      },
      heldNote: (tx, row, principal) => halt.noteFor(tx, row.chat, principal),
      heldCommands: () => (halt.state().kind === 'panic' ? '🛑 Everything is stopped, and this is not done. To go on: `moltbot resume` on my machine.' : undefined),
      async *runAgent(turn, view) {
        // What a sub-agent finds is told where its work was asked for.
        const childChat = await subAgents.chatOf(turn.key)
        yield* runAgent(turn, view, {
          clock, whenGoing: halt.whenGoing, guard, sessions, tools: toolsOf(agentOf(turn.key), turn.key), offered: () => offeredTo(agentOf(turn.key), turn.principal, turn.key), estimateTokens, agentOf,
          callModel: (call) => callModel({ ...call, charge: { principal: turn.principal.id, agent: agentOf(turn.key), channel: turn.chat.channel, session: turn.key, turn: turn.id, privy: isElevated(turn.principal) } }),
          async putQuestion(tx, { batch: [first], chat, principal }, approval) {
            if (first === undefined) return
            const minutes = Math.max(1, Math.round((approval.expiresAt - clock.now()) / 60_000))
            await outbox.reply(tx, { inbox: first.inbox, chat, principal: principal.id }, askWords(approval, { ownerOnly: !guard.mayDecide(principal, approval), minutes }), `ask-${approval.id}`)
          },
          async promptIsStrange() {
            const { workspace } = agents.get(agentOf(turn.key))
            if (!(await labels.any(workspace))) return false
            const files = await agents.files(agentOf(turn.key))
            return (await Promise.all(files.map(({ name }) => labels.isStrange(workspace, name)))).includes(true)
          },
          runTurn: (view, host) => runTurn(view, host, agents.get(agentOf(view.sessionKey)).compaction, config.get(loopSection)),
          checkInput,
          grants: (needs, who) => sandbox.grants(needs, {
            agent: who.agent, session: who.session, principal: who.principal.id, owner: who.principal.role === 'owner', label: who.label, privy: (childChat ?? turn.chat).kind === 'direct',
            conversation: { chat: turn.chat, turn: turn.id, replyTo: turn.replyTo },
          }),
        })
      },
    }

    const rooms: Rooms & { devices: ReturnType<typeof createDevices>; signIns: ReturnType<typeof createBrowserSessions> } = {
      version: options.version, startedAt, stateDir, clock: steady, newId, log, store, config, audit, record, guard, policy: createPolicy({ wouldRule: guard.wouldRule, principal: guard.principal, people: guard.people, tools: shelf, toolsOf, checkInput }), inbox, sessions: { ...sessions, abort: stopSession }, outbox, connections, channels,
      doors: doorFor,
      models: models.door, agents: agents.door, logs: log.door,
      devices: createDevices({ store, clock: steady, newId, random: randomBytes, floor }),
      signIns: createBrowserSessions({ store, clock: steady, newId, random: randomBytes, floor }),
      presence: createPresence({ clock, version: options.version, host: hostname(), ip: undefined, platform: process.platform }),
      why, runs: createRuns(log),
      vault: (by) => createVaultDesk({
        vault: withoutFactor(vault), secretsEnv: join(stateDir, 'secrets.env'), record: (act) => recordVaultAct(act, by, audit, store),
        // Whatever the configuration refers to takes effect at once.
        changed: async () => void (await config.reload({ force: true })),
      }),
      commands: () => chatCommands.map(({ name, aliases, description, args, ownerOnly }) => ({ name, aliases: [...aliases], description, args, ownerOnly })),
      egress, halt, budget: budget.door, bearing: during,
      tools: {
        async list({ agent = agents.defaultId(), as }) {
          const { id } = agents.get(agent)
          const role = (['owner', 'admin', 'member', 'guest'] as const).find((each) => each === as)
          const person = (await guard.people()).find((each) => each.id === as)
          if (role === undefined && person === undefined) throw new Problem('person-unknown', `Nobody here is "${as.slice(0, 100)}".`, { next: 'Use an id of `moltbot people list`, or owner, admin, member or guest.' })
          const policy = toolPolicyOf(id)
          const rulings = new Map(ruleOnTools(shelf, policy).map((ruling) => [ruling.name, ruling.removedBy]))
          const left = person === undefined ? undefined : new Set(await guard.toolsLeft(person.id, shelf.map(({ name }) => name)))
          const removedBy = (name: string): string | null => {
            if ((person?.role ?? role) === 'guest') return 'being a guest'
            return rulings.get(name) ?? (left !== undefined && !left.has(name) ? `the person's profile ${person?.profile ?? ''}` : null)
          }
          return { agentId: id, as, tools: shelf.map(({ name, description }) => ({ name, description, removedBy: removedBy(name) })), unknown: unknownToolNames(shelf, policy) }
        },
      },
      memory: {
        search: ({ principal, agent = agents.defaultId(), query, max }) => sandbox.memoryOf({ agent: agents.get(agent).id, session: mainKey(agents.get(agent).id), principal }).search(query, max),
        status: ({ principal, agent = agents.defaultId() }) => sandbox.memoryOf({ agent: agents.get(agent).id, session: mainKey(agents.get(agent).id), principal }).status(),
      },
      sandbox: { explain: commands.explain, probe: commands.probe },
      review: {
        checks, machine: thisMachine(), vaultKeyFile: options.vaultKeyFile, ...(options.logLink === undefined ? {} : { logLink: options.logLink }),
        vault: () => sealed(vault), port: () => portInUse,
      },
      shutdown: (reason, restart) => options.onShutdown?.(reason, restart),
    }
    const reviews = createReviewKeeper({ rooms, tellOwner: (words, key) => tellOwner(words, `review/${key}`) })
    rooms.reviews = reviews
    closers.push(() => reviews.close())
    let portInUse: number | undefined
    const door = createDoor({
      // What a method could not do is told to its caller: masked, like every line of the log.
      rooms, methods: methods.map((method) => ({ ...method, handle: (params: never, to: Rooms, caller: never) => method.handle(params, to, caller).catch((error: unknown) => { throw maskedProblem(error, log.mask) }) })), events: createWireEvents(rooms), uiDir: options.uiDir, token, whois: tailscaleWhois, random: randomBytes,
      port: options.port, bind: options.bind as never,
      socketPath: join(stateDir, 'gateway.sock'),
      certificateKeys: { read: (name) => vault.get(name)?.open('the certificate of the door'), write: (name, value) => vault.set(name, value) },
      onCertificate: (facts) => writeRunning(facts),
    })
    await models.start()
    /** The first of each conversation that was not done with: its model may have been at work when the gateway died. */
    await budget.open(async () => {
      const calls = new Map<SessionKey, Unfinished>()
      for (const { sessionKey, principal, turnId, chat, message, receivedAt } of await inbox.open()) {
        if (sessionKey === null || principal === null || calls.has(sessionKey)) continue
        const turn = turnId === null ? undefined : await sessions.transcript.turn(store.read, turnId)
        if (turn?.state === 'done') continue
        const session = await sessions.get(sessionKey)
        const named = session?.settings.model ?? models.door.current().primary
        const model = models.door.resolve(named) ?? named
        const provider = model.split('/')[0] ?? ''
        calls.set(sessionKey, {
          charge: { principal, agent: agentOf(sessionKey), channel: chat.channel, session: sessionKey, turn: turnId ?? ('' as TurnId), privy: true },
          model, baseUrl: config.get(modelsSection).providers[provider]?.baseUrl ?? catalog.find(({ id }) => id === provider)?.baseUrl ?? '',
          // A first prompt is about this long: the instructions, the tools and the files of the workspace.
          inputTokens: Math.max(4_000, session?.contextTokens ?? 0) + estimateTokens(message.text), maxOutputTokens: models.info(model).maxOutputTokens, since: receivedAt,
        })
      }
      return [...calls.values()]
    })
    await halt.start()
    const resumed = await resume(journey)
    await subAgents.resume()
    if (resumed.messages + resumed.deliveries > 0) log.info('Continued what was unfinished.', resumed)
    // Our own ways in are needed by the first client; networks connect in the background.
    const opening = connections.start(60_000).catch((error: unknown) => log.error('Channels could not be started.', { error: describeError(error) }))
    const listening = await door.listen()
    portInUse = listening.port
    // For the command line, which must find a gateway started on another port than the configured one, and know its certificate.
    const running = join(stateDir, 'running.json')
    const writeRunning = (certificate: CertificateFacts | undefined): void => {
      const tls = certificate === undefined ? {} : { tls: { fingerprint: certificate.fingerprint, authorityFile: certificate.authorityFile } }
      writeFileSync(running, JSON.stringify({ port: listening.port, pid: process.pid, ...(listening.socketPath === undefined ? {} : { socketPath: listening.socketPath }), ...tls }), { mode: 0o600 })
    }
    writeRunning(listening.certificate)
    closers.push(() => rmSync(running, { force: true }))
    log.info('The gateway is ready.', { port: listening.port, addresses: listening.addresses, ...(listening.certificate === undefined ? {} : { fingerprint: listening.certificate.fingerprint }), version: options.version, startMs: clock.now() - startedAt })
    await reviews.start()

    let closing: Promise<void> | undefined
    return {
      port: listening.port, addresses: listening.addresses, rooms, journey, config, vault,
      token: async () => (await token())?.open('the owner asked') ?? '',
      close(why = {}) {
        closing ??= (async () => {
          log.info('The gateway is stopping.', { reason: why.reason ?? 'asked' })
          const doorClosed = door.close({ ...(why.reason === undefined ? {} : { reason: why.reason }), ...(why.restart === true ? { restartExpectedMs: 2_000 } : {}) })
          await connections.close()
          await sessions.close(drainMs)
          await outbox.close(drainMs)
          await doorClosed
          await opening
          for (const close of closers.reverse()) await close()
        })()
        return closing
      },
    }
  }
}

/** The vault without the second factor: whoever holds the gateway's token alone must not get it by the desk. */
function withoutFactor(vault: Vault): Vault {
  const own = (name: string): boolean => factorSecrets.includes(name)
  const refuse = (): never => { throw new Problem('vault-reserved', 'This name is kept for the second factor of `moltbot resume`.', { next: 'Choose another name.' }) }
  return {
    ...vault,
    get: (name) => (own(name) ? undefined : vault.get(name)),
    list: () => vault.list().filter(({ name }) => !own(name)),
    set: async (name, value) => (own(name) ? refuse() : vault.set(name, value)),
    remove: async (name) => (own(name) ? refuse() : vault.remove(name)),
  }
}

/** A call in a line, as its tool says it. */
function wordsOfCall(shelf: readonly Tool[], name: string, input: Record<string, unknown>): string {
  const tool = shelf.find((each) => each.name === name || each.aliases?.includes(name) === true)
  try {
    return tool === undefined ? name : `${name}: ${tool.summarize(input as never)}`
  } catch {
    // The model's input fits no schema, so that its tool has no words for it.
    return name
  }
}

/** Puts what was pasted into the vault, each under its own name or the next free one. Resolves with the names: as found, as kept. The same value twice is one secret. */
async function sealPasted(vault: Vault, pasted: readonly { name: string; value: string }[]): Promise<Map<string, string>> {
  const kept = new Map<string, string>()
  for (const { name, value } of pasted) {
    const holds = (candidate: string): string | undefined => vault.get(candidate)?.open('comparing with what was pasted')
    const final = freeName(name.replace(/-\d+$/, ''), (candidate) => ![undefined, value].includes(holds(candidate)))
    if (holds(final) === undefined) await vault.set(final, value)
    kept.set(name, final)
  }
  return kept
}

function renameMarks(text: string, names: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\[secret ([a-z0-9-]+)\]/g, (whole, name: string) => markOf(names.get(name) ?? name))
}

/** A place as the record names it. */
function placeOf({ channel, account, chat }: ChatRef): string {
  return [channel, ...(account === 'default' ? [] : [account]), chat].join(':')
}

function stateWords(health: import('@moltbot/contract').ChannelHealth): string {
  switch (health.kind) {
    case 'connected': return health.detail === undefined ? 'connected' : `connected as ${health.detail}`
    case 'retrying': return `trying again (${health.reason})`
    case 'needs-you': return `needs you: ${health.reason} ${health.action}`
    case 'throttled': return 'asked to slow down'
    default: return health.kind
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Patterns a person wrote, as far as they are valid and short; a broken one never opens a gate. */
function mentionPatterns(sources: readonly string[]): RegExp[] {
  return sources.flatMap((source) => {
    if (source.trim() === '' || source.length > 200) return []
    try {
      return [new RegExp(source, 'iu')]
    } catch {
      // Not a regular expression: it matches nothing. The configuration check names it.
      return []
    }
  })
}

function firstSecret(environment: Readonly<Record<string, string | undefined>>, names: readonly string[]): Secret | undefined {
  const name = names.find((each) => (environment[each] ?? '') !== '')
  return name === undefined ? undefined : new Secret(name, environment[name] ?? '')
}

function configPath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  return environment['MOLTBOT_CONFIG_PATH'] ?? environment['CLAWDBOT_CONFIG_PATH']
}

/** The process's environment over `secrets.env`. */
function mergeEnvironment(stateDir: string, environment: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const file = join(stateDir, 'secrets.env')
  if (!existsSync(file)) return { ...environment }
  const { mode, uid } = statSync(file)
  const us = process.getuid?.()
  // Whoever can change the file decides which keys and tokens count. Who can only read it is kept out when the modes are mended.
  if ((mode & 0o022) !== 0 || (us !== undefined && us !== 0 && uid !== us && uid !== 0)) {
    throw new Problem('secrets-env-unsafe', `${file} can be changed by others, so it is not read.`, { next: 'Look whether every line is yours, then run: bash scripts/secure-permissions.sh' })
  }
  return { ...Object.fromEntries(parseSecretsEnv(readFileSync(file, 'utf8'))), ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')) }
}

/** A gateway without any secret gets a token of its own at its first start. */
async function ensureToken(config: Config, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
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

/** `moltbot gateway run`: a gateway in this process until it is told to stop. Resolves with the exit code. */
export async function runGateway(options: GatewayRunOptions): Promise<number> {
  process.umask(0o077)
  const environment = process.env
  const stateDir = stateDirectory(environment)
  const root = installation()
  let finish: (code: number) => void = () => undefined
  const done = new Promise<number>((resolveDone) => { finish = resolveDone })
  const interactive = process.stdout.isTTY === true
  const passphrase = passphraseOnce(options, environment)
  shutDebugger()
  const start = (): Promise<Gateway> => startGateway({
    stateDir, environment, vaultPassphrase: passphrase, version: readVersion(root), uiDir: uiDirectory(root), vaultKeyFile: vaultKeyFile(environment), auditAnchorFile: auditAnchorFile(environment),
    ...(options.port === undefined ? {} : { port: options.port }), ...(options.bind === undefined ? {} : { bind: options.bind }), verbose: options.verbose,
    logLink: logLinkPath,
    ...(environment['MOLTBOT_QUIET'] === '1' ? {} : { console: { write: (text: string) => void process.stdout.write(text), color: interactive && environment['NO_COLOR'] === undefined } }),
    onShutdown: (reason, restart) => void stop(reason, restart),
  })
  let gateway: Gateway
  const stop = async (reason: string, restart: boolean): Promise<void> => {
    await gateway.close({ reason, restart })
    if (!restart) return finish(0)
    gateway = await start()
  }
  gateway = await start()
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130)
      stopping = true
      void stop(signal === 'SIGINT' ? 'interrupted' : 'terminated', false)
    })
  }
  process.on('uncaughtException', (error) => gateway.rooms.log.error('Something was not caught; the gateway goes on.', { error: describeError(error) }))
  process.on('unhandledRejection', (error) => gateway.rooms.log.error('Something was not awaited; the gateway goes on.', { error: describeError(error) }))
  return done
}

/** The vault's passphrase, from the descriptor that was handed over or a person at the terminal; asked for once and kept for restarts of this process. */
function passphraseOnce(options: Pick<GatewayRunOptions, 'passphraseFd' | 'askPassphrase'>, environment: Readonly<Record<string, string | undefined>>): () => Promise<string | undefined> {
  const descriptor = options.passphraseFd ?? (/^\d+$/.test(environment['MOLTBOT_VAULT_PASSPHRASE_FD'] ?? '') ? Number(environment['MOLTBOT_VAULT_PASSPHRASE_FD']) : undefined)
  let kept: Promise<Secret | undefined> | undefined
  return async () => {
    kept ??= (async () => {
      const given = descriptor === undefined ? await options.askPassphrase?.() : readPassphrase(descriptor)
      return given === undefined ? undefined : new Secret('the passphrase of the vault', given)
    })()
    return (await kept)?.open('opening the vault')
  }
}

/** Whoever could attach a debugger, or read a crash report, would read every secret out of the memory. */
function shutDebugger(): void {
  // Having a listener at all keeps Node from opening the inspector's port for this signal.
  process.on('SIGUSR1', () => undefined)
  if (inspectorUrl() !== undefined) closeInspector()
  Object.assign(process.report, { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false, excludeEnv: true })
}

/** The configuration without a running gateway, by the same code. */
export async function offlineConfig(stateDir: string): Promise<OfflineConfig> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const sealedSecrets = await sealedFor(stateDir, process.env)
  const config = await openConfigOffline(stateDir, withSealed(mergeEnvironment(stateDir, process.env), sealedSecrets), sealedSecrets)
  return {
    file: config.snapshot().path,
    get: async (path) => (path === undefined ? config.snapshot().effective : path.split('.').reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined), config.snapshot().effective)),
    set: async (path, value) => void (await config.set(path, value)),
    unset: async (path) => void (await config.set(path, undefined)),
    validate: async () => config.snapshot().issues,
    schema: async () => config.schema(),
  }
}

function openConfigOffline(stateDir: string, environment: Readonly<Record<string, string | undefined>>, secrets: Pick<Vault, 'get'>): Promise<Config> {
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
  return createConfig({
    stateDir, sections, environment, secrets, clock: systemClock, log: silent, watch: false, lookOnly: true,
    ...(configPath(environment) === undefined ? {} : { file: configPath(environment) as string }),
  })
}

/** The facts of a state directory without asking a running gateway. Makes nothing and changes nothing. */
export async function offlineFacts(stateDir: string, options: { deep: boolean }): Promise<Facts> {
  let environment: Record<string, string | undefined> = { ...process.env }
  let secretsFault: string | null = null
  try {
    environment = mergeEnvironment(stateDir, process.env)
  } catch (error) {
    secretsFault = error instanceof Problem ? error.message : describeError(error)
  }
  const keyFile = vaultKeyFile(process.env)
  const vault = await openVaultOffline(stateDir, keyFile)
  const sealedSecrets = { get: (name: string) => vault.opened?.get(name) }
  const config = await openConfigOffline(stateDir, withSealed(environment, sealedSecrets), sealedSecrets)
  try {
    return await takeFacts({
      version: readVersion(installation()), stateDir, config, channels, clock: systemClock, machine: thisMachine(), secretsFault, vault: vault.state, vaultKeyFile: keyFile, logLink: logLinkPath, deep: options.deep,
    })
  } finally {
    await config.close()
  }
}

/** The review without a running gateway, by the same code. */
export async function offlineReview(stateDir: string, options: ReviewOptions): Promise<Review> {
  return reviewFacts(options.quick ? checks.filter(({ quick }) => quick === true) : checks, await offlineFacts(stateDir, options))
}

async function openVaultOffline(stateDir: string, keyFile: string): Promise<{ state: Facts['vault']; opened?: Vault }> {
  if (!existsSync(vaultFile(stateDir))) return { state: { state: 'none' } }
  // Opening makes the folder private, which would hide from the review that it was not.
  if ((statSync(dirname(vaultFile(stateDir))).mode & 0o077) !== 0) return { state: { state: 'unopened' } }
  try {
    const opened = await createVault({ stateDir, keyFile, clock: systemClock, ...keyPlaces(process.env), lookOnly: true })
    return { state: sealed(opened), opened }
  } catch (error) {
    return { state: { state: 'unusable', reason: describeError(error) } }
  }
}

/** Whether the vault can be read. */
function sealed(vault: Vault): Facts['vault'] {
  try {
    const { length } = vault.list()
    return length === 0 ? { state: 'none' } : { state: 'ok', secrets: length }
  } catch (error) {
    return { state: 'unusable', reason: describeError(error) }
  }
}

/** What the record is sealed with; undefined while the vault is locked. */
function auditKey(vault: Pick<Vault, 'deriveKey'>): Buffer | undefined {
  try {
    return vault.deriveKey('audit chain')
  } catch (error) {
    if (error instanceof Problem && error.code === 'vault-locked') return undefined
    throw error
  }
}

/** Beside other programs' state, never in ours: who restores an older state directory does not restore it too. */
function auditAnchorFile(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_STATE_HOME'] ?? ''
  return join(base === '' ? join(environment['HOME'] ?? homedir(), '.local', 'state') : base, 'moltbot', 'audit-anchor.jsonl')
}

/** The record without a running gateway, by the same code; reads only. */
export async function offlineAudit(stateDir: string): Promise<OfflineAudit> {
  const file = join(stateDir, 'sessions', 'moltbot.db')
  if (!existsSync(file)) throw new Problem('audit-empty', `There is no record yet: ${file} is not there.`, { next: 'Start the gateway once: moltbot gateway run' })
  const vault = await openVaultOffline(stateDir, vaultKeyFile(process.env))
  const key = vault.opened === undefined ? undefined : auditKey(vault.opened)
  const sealedSecrets = { get: (name: string) => vault.opened?.get(name) }
  const config = await openConfigOffline(stateDir, withSealed(mergeEnvironment(stateDir, process.env), sealedSecrets), sealedSecrets)
  const database = await openSqlite(file, { readOnly: true })
  const store = createSqliteStore(database, database)
  return openRecord({
    read: store.read, key, stateDir, anchor: config.get(auditSection).anchor.file, anchorFile: auditAnchorFile(process.env), source: { version: readVersion(installation()), host: hostname() },
    async close() {
      await store.close()
      await config.close()
    },
  })
}

/** The vault without a running gateway, by the same code, with every act in the record. No gateway can start on this state directory until it is closed. */
export async function offlineVault(stateDir: string, options: OfflineVaultOptions): Promise<OfflineVault> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const unlock = await lockStateDirectory(join(stateDir, 'sessions', 'gateway.lock'))
  try {
    const vault = await createVault({
      stateDir, keyFile: vaultKeyFile(process.env), clock: systemClock, ...keyPlaces(process.env),
      passphrase: passphraseOnce(options.passphrase === undefined ? {} : { askPassphrase: options.passphrase }, process.env), ...(options.acceptOlder === undefined ? {} : { acceptOlder: options.acceptOlder }),
    })
    const store = await openStore({ file: join(stateDir, 'sessions', 'moltbot.db'), migrations, now: () => systemClock.now() })
    const audit = createAudit({ store, clock: systemClock, newId: createIds(() => systemClock.now()), key: () => auditKey(vault) })
    const record = (act: VaultAct): Promise<void> => recordVaultAct(act, ownerPrincipal, audit, store)
    if (options.acceptOlder === true) await record({ act: 'vault.older-accepted', subject: 'vault', outcome: 'done', reason: 'the owner put an older copy back', facts: { generation: vault.status().generation } })
    return {
      ...createVaultDesk({ vault, secretsEnv: join(stateDir, 'secrets.env'), record, changed: async () => undefined }),
      async close() {
        await store.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function recordVaultAct(act: VaultAct, by: PrincipalId, audit: Pick<ReturnType<typeof createAudit>, 'append'>, store: Store): Promise<void> {
  return store.transaction((tx) => audit.append(tx, { ...act, principal: by }))
}

/** The vault for somebody who only looks: nothing is made where there is none, and what keeps it shut is told to whoever asks for a secret. */
async function sealedFor(stateDir: string, environment: Readonly<Record<string, string | undefined>>): Promise<Pick<Vault, 'get'>> {
  if (!existsSync(vaultFile(stateDir))) return { get: () => undefined }
  try {
    return await createVault({ stateDir, keyFile: vaultKeyFile(environment), clock: systemClock, ...keyPlaces(environment), lookOnly: true })
  } catch (error) {
    return { get() { throw error } }
  }
}

/** Where the vault's key may be besides its file. */
function keyPlaces(environment: Readonly<Record<string, string | undefined>>): Pick<VaultOptions, 'credentialsDir' | 'keyring'> {
  const credentialsDir = environment['CREDENTIALS_DIRECTORY'] ?? ''
  return { keyring: systemKeyring({ platform: process.platform, environment }), ...(credentialsDir === '' ? {} : { credentialsDir }) }
}

/** The values with every `${secret:NAME}` of `secrets.env` standing for the vault's value of the moment. A sealed value that cannot be read is not set. */
function withSealed(values: Readonly<Record<string, string | undefined>>, secrets: Pick<Vault, 'get'>, onFailure?: (name: string, error: unknown) => void): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = { ...values }
  for (const [name, value] of Object.entries(values)) {
    const reference = /^\$\{secret:([^}]+)\}$/.exec(value ?? '')?.[1]
    if (reference === undefined) continue
    Object.defineProperty(environment, name, {
      enumerable: true,
      get() {
        try {
          return secrets.get(reference)?.open(`${name} of secrets.env`)
        } catch (error) {
          onFailure?.(name, error)
          return undefined
        }
      },
    })
  }
  return environment
}

/** Where the built page is, seen from the bundle or from the source. */
function installation(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return here.endsWith('dist') ? resolve(here, '..') : resolve(here, '..', '..')
}

/** The program that reads documents: from the bundle, with Node's own limits on what it may open; from the source where there is no bundle. */
function readerCommand(): { file: string; args: string[] } {
  const here = dirname(fileURLToPath(import.meta.url))
  const memory = '--max-old-space-size=384'
  if (!here.endsWith('dist')) {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    return { file: process.execPath, args: [memory, '--import', tsx, join(here, 'foundation', 'egress', 'reading', 'reader-process.ts')] }
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const permission = major > 23 || (major === 23 && minor >= 5) ? '--permission' : '--experimental-permission'
  return { file: process.execPath, args: [memory, permission, `--allow-fs-read=${here}/*`, join(here, 'reader.mjs')] }
}

function uiDirectory(root: string): string | undefined {
  const folder = join(root, 'dist', 'ui')
  return existsSync(join(folder, 'index.html')) ? folder : undefined
}

function readVersion(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: string }).version ?? '0.0.0'
}

function stateDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['MOLTBOT_STATE_DIR'] ?? environment['CLAWDBOT_STATE_DIR'] ?? ''
  return resolve(given === '' ? join(environment['HOME'] ?? homedir(), '.moltbot') : given)
}

/** Beside the other programs' settings, never in the state directory: a copy of the state alone opens no secret. */
function vaultKeyFile(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['MOLTBOT_VAULT_KEY_FILE'] ?? ''
  const base = environment['XDG_CONFIG_HOME'] ?? ''
  return given !== '' ? resolve(given) : join(base === '' ? join(environment['HOME'] ?? homedir(), '.config') : base, 'moltbot', 'vault.key')
}

export const gatewayModule: GatewayModule = { runGateway, offlineConfig, offlineReview, offlineAudit, offlineVault }
export type { Channel, Principal, PrincipalId }
export { mainAgent }
