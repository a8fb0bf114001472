/**
 * The composer: builds the rooms, hands each what it needs of the others, starts them in order and stops them in reverse. The
 * only file that knows every room; the pieces beside it (`toolbox`, `known-chats`, `status` …) are handed the rooms they serve.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { checks } from '@moltbot/checks'
import {
  describeError, Problem, Secret, type AgentId, type Charge, type ChatRef, type Clock, type Door, type IncomingMessage,
  type NewId, type Principal, type PrincipalId, type SessionKey, type Tool, type TurnId,
} from '@moltbot/contract'
import { catalog, formats } from '@moltbot/models'
import { tools } from '@moltbot/tools'
import Value from 'typebox/value'
import {
  createBrowserSessions, createDevices, createDoor, createPresence, createReviewKeeper, createRuns, createSteadyClock, createWireEvents, startPushNotices,
  foundAfterIncident, foundAtIncident, openDoorFloor, revokeDevices, tailscaleWhois, thisMachine, withdrawableStore, type CertificateFacts,
  type Rooms,
} from './api/index.ts'
import { methods } from './api/methods/index.gen.ts'
import { channels } from './channels.gen.ts'
import { isElevated } from './elevated.ts'
import { configPath, environmentOfChannels, firstSecret, keyPlaces, mergeEnvironment, withSealed } from './environment.ts'
import { ensureToken } from './first-start.ts'
import { createAgents, promptFileNames, toolsSection } from './foundation/agents/index.ts'
import { bearingStore, createAudit, createRecord, during } from './foundation/audit/index.ts'
import { backupSection, createBackupSchedule } from './foundation/backup/index.ts'
import { createBudget } from './foundation/budget/index.ts'
import { createConfig, type Config, type SecretCommandRun } from './foundation/config/index.ts'
import { createConnections } from './foundation/connections/index.ts'
import { createPush } from './foundation/push/index.ts'
import { createEgress, createLeakScan, createReader, createWeb, type EgressOptions } from './foundation/egress/index.ts'
import { createHalt, loopSection, processesUnder } from './foundation/halt/index.ts'
import { createJobs, cronSection } from './foundation/jobs/index.ts'
import { createLog, hideSecrets, linkForTail, logSection, maskedProblem } from './foundation/log/index.ts'
import { createFilesTaken, createMedia, createSpeech } from './foundation/media/index.ts'
import { createMemory } from './foundation/memory/index.ts'
import { createDirectFetch, createModels, modelsSection } from './foundation/models/index.ts'
import { createNodes } from './foundation/nodes/index.ts'
import { createIds, examineStateFolder, systemClock } from './foundation/platform/index.ts'
import { createChannelProcesses } from './foundation/remote/index.ts'
import { createHouseSchedule } from './foundation/schedule/index.ts'
import { lockStateDirectory, openStore } from './foundation/storage/index.ts'
import { createSealing, createVault, createVaultDesk, type Vault } from './foundation/vault/index.ts'
import { channelCommand, readerCommand } from './installation.ts'
import { estimateTokens, promptDate, runTurn } from './journey/agent/index.ts'
import { chatCommands, parseCommand } from './journey/commands/index.ts'
import { commandsSection, createGuard } from './journey/guard/index.ts'
import { answerTurn, handleMessage, resume, settleDelivery, type Journey } from './journey/handle-message.ts'
import { createInbox } from './journey/inbox/index.ts'
import { createOutbox } from './journey/outbox/index.ts'
import { runAgent } from './journey/run-agent.ts'
import {
  browserSection, bwrapIsolation, createBackgroundCommands, createBrowsers, createCommands, createFileLabels, createGrants, createSubAgents, execSection, findProgram, isSubAgent, sandboxSection, workspaceFiles, type GrantSubject,
} from './journey/sandbox/index.ts'
import { agentOfKey, createSessions, mainKey, messagesSection, sessionSection } from './journey/sessions/index.ts'
import { createWhy } from './journey/why.ts'
import { commandPolicyOf, createExpectedPolicy, expectationsFile, namesToolOn, policyOver, type PolicyParts } from './expected-policy.ts'
import { commandEnds } from './command-ends.ts'
import { fetchMedia } from './fetch-media.ts'
import { fetchPublicKeys } from './fetch-public-keys.ts'
import { createInputCheck } from './input-check.ts'
import { jobNeeds, jobsSubject, placeForJobs, type JobRooms } from './job-needs.ts'
import { createKnownChats } from './known-chats.ts'
import { mediaNeeds } from './media-needs.ts'
import { auditKey, recordVaultAct, sealed, withoutFactor } from './opened-vault.ts'
import { moneyFacts } from './money-facts.ts'
import { keepPastedSecrets } from './pasted-secrets.ts'
import { createNodeDesk } from './node-desk.ts'
import { migrations, sections } from './sections.ts'
import { endAnsweredButtons, moneyQuestions, questionsInChat } from './questions.ts'
import { createSessionPrompt } from './session-prompt.ts'
import { createStatus } from './status.ts'
import { subAgentNeeds } from './sub-agent-needs.ts'
import { createSummariser } from './summarise-session.ts'
import { createToolbox, sandboxFor, whereOf } from './toolbox.ts'
import { unfinishedCalls } from './unfinished-calls.ts'
import { createVoiceAnswers } from './voice-answers.ts'
import { createWorkspaceOf } from './workspace-of.ts'

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
  /** Writes a sealed backup for age recipients; absent: none makes itself. */
  makeBackup?: (file: string, recipients: readonly string[]) => Promise<{ bytes: number }>
  /** Replaced in tests. */
  clock?: Clock
  fetch?: typeof globalThis.fetch
  /** Stands in for the network that tools reach. */
  network?: Pick<EgressOptions, 'resolve' | 'open' | 'ca'>
  /** Stands in for the program that reads documents. */
  reader?: { file: string; args: readonly string[] }
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

/** Where this machine is, for times nobody gave a zone. Asked for when it is needed: the tables of zones take some five megabytes. */
const machineZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

/** How long running turns get to end by themselves when the gateway stops; then they are left for the next start. */
const drainMs = 5_000

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
    for (const note of await examineStateFolder(stateDir)) log.warn(note)
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
      stateDir, sections, environment, secrets: vault, clock, log: log.child('config'), watch: true, onSecret: hide, ruled: true, beside: [expectationsFile],
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

    const schedule = createHouseSchedule({ store, clock, log: log.child('schedule') })
    const audit = createAudit({ store, clock, newId, key: () => auditKey(vault), mask: log.mask })
    const record = createRecord({
      audit, store, config, clock, log: log.child('audit'), fetch, stateDir, anchorFile: options.auditAnchorFile ?? join(dirname(options.vaultKeyFile), 'audit-anchor.jsonl'),
      source: { version: options.version, host: hostname() }, pid: process.pid, ran: schedule.ran,
    })
    record.jobs.forEach(schedule.add)
    await record.start()
    recordRun = (run) => store.transaction((tx) => audit.append(tx, {
      act: 'secret.command', principal: null, subject: run.command, outcome: run.ok ? 'done' : 'failed', reason: run.reason, facts: { provider: run.provider, id: run.id },
    }))
    for (const run of early) await recordRun(run)
    closers.push(() => record.close())
    const agents = createAgents({ config, stateDir, log: log.child('agents') })
    agents.seed()
    const budget = createBudget({
      store, clock, newId, log: log.child('budget'), config, timeZone: () => agents.defaults().userTimezone,
      known(provider, model) {
        const own = config.get(modelsSection).providers[provider]
        const { cost } = models.info(`${provider}/${model}`)
        return { ...(cost === undefined ? {} : { cost }), from: own?.models.find(({ id }) => id === model)?.cost === undefined ? 'catalog' : 'config', subscription: own?.auth === 'oauth' }
      },
      notify: (words, key) => chats.tellOwner(words, `budget/${key}`),
    })
    closers.push(() => budget.close())
    const direct = createDirectFetch()
    closers.push(() => direct.close())
    const models = createModels({
      config, secrets: config.secrets, store, clock, log: log.child('models'), newId, formats: budget.meter(formats), catalog, fetch: options.fetch ?? direct.fetch,
      sealer: createSealing(vault, 'models.sealing'), random: randomBytes, held: () => halt.state().kind === 'panic',
      // Tokens come and go: what is replaced opens nothing any more, and need not be looked for.
      hide(value) {
        log.hide(value, 'met')
        leaks.add(value)
      },
      forgetSecret: leaks.drop,
      record: (act) => store.transaction((tx) => audit.append(tx, act)),
      needsYou: (sentence, profile) => void chats.tellOwner(sentence, `credential/${profile}/${clock.now()}`).catch((error: unknown) => log.error('The owner could not be told of a sign-in that needs them.', { error: describeError(error) })),
      imageModel: () => agents.defaults().imageModel,
      agentsDefault: () => {
        const { models: { primary, fallbacks }, aliases } = agents.defaults()
        return { ...(primary === undefined ? {} : { primary }), fallbacks, aliases }
      },
    })
    closers.push(() => models.stop())
    const callModel = budget.callModel(models.call)

    const inbox = createInbox({
      store, clock, newId,
      hide(text, taken) {
        const hidden = hideSecrets(text, taken)
        for (const { value } of hidden.found) log.hide(value, 'met')
        return hidden
      },
    })
    const channelProcesses = createChannelProcesses({ command: channelCommand(), environment: environmentOfChannels(options.environment), clock: systemClock, log: log.child('channels') })
    closers.push(() => channelProcesses.close())
    const connections = createConnections({
      channels: channels.map((channel) => channelProcesses.wrap(channel)), config, secrets: config.secrets, store, clock, log: log.child('channels'), fetch,
      sealer: createSealing(vault, 'channels.sealing'),
      films: () => media.looksAtFilms(),
      media: (channel, account, from, request) => fetchMedia(egress, channel, account, from, request),
      receive: (message) => during({ place: placeOf(message.chat) }, () => handleMessage(message, journey)),
      notice: (channel, account, notice) => log.info('A channel noticed something.', { channel, account, notice }),
      commands: () => chatCommands.filter((command) => !command.ownerOnly).map(({ name, description }) => ({ name, description })),
    })
    const resolveModel = (name: string): string | undefined => models.door.resolve(name)
    const toolsHeld = (): string | undefined => (config.forbidden()[0] === undefined ? undefined : `the configuration in force is not what the owner expects of it (${config.forbidden()[0]?.message ?? ''})`)
    const guard = createGuard({
      store, clock: steady, newId, log: log.child('guard'), config, audit, channels,
      accountConfig: (channel, account) => connections.accountConfig(channel, account),
      mentionPatterns: () => mentionPatterns([...config.get(messagesSection).groupChat.mentionPatterns, ...agents.ids().flatMap((id) => agents.get(id).mentionPatterns)]),
      isCommand: (text) => parseCommand(text, chatCommands, resolveModel).kind === 'command',
      activation: (tx, message) => sessions.activationIn(tx, message),
      namesTool: namesToolOn(shelf), commandPolicy: (agent) => commandPolicyOf(config, agents, agent),
      toolsHeld,
    })
    const checkInput = createInputCheck()
    const policyParts: PolicyParts = { read: store.read, shelf, channels, stateDir, checkInput }
    const expected = createExpectedPolicy(policyParts, () => config.snapshot().path)
    await config.holdTo(expected.rule)
    for (const { message } of config.forbidden()) log.error('What is in force is not what the owner expects of it: no tool runs until it is.', { message })
    const outbox = createOutbox({
      store, clock, newId, log: log.child('outbox'), connections, random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
      streaming: (chat) => connections.of(chat)?.limits.streaming !== 'off',
      // Words of the gateway itself still reach whoever asked.
      holds: ({ inboxId }) => halt.state().kind === 'panic' && inboxId === null,
      // A page fetches what was sent to it when somebody opens it.
      files: { folder: join(stateDir, 'files-to-send'), stay: (chat) => channels.find(({ id }) => id === chat.channel)?.senders === 'authenticated' },
      label: (chat) => channelLabel(chat),
      settled: (tx, delivery, all) => settleDelivery(tx, delivery, all, { inbox, sessions }),
    })
    const channelLabel = (chat: ChatRef | null): string => channels.find((channel) => channel.id === chat?.channel)?.label ?? 'Web'
    const toolbox = createToolbox({ shelf, config, agents, channels, guard, log, missing: (tool) => (tool === 'browser' ? browsers.missing() : undefined) })

    const sessions = createSessions({
      store, clock, newId, log: log.child('sessions'), config,
      needs: {
        assign: inbox.assign,
        endMessage: (tx, id, end, detail) => inbox.end(tx, id, end, detail),
        backlog: inbox.backlog,
        platformIds: (turn) => inbox.ofTurn(store.read, turn),
        ofClient: (id, { principal, key }) => inbox.ofClient(id, { channels: channels.filter(({ senders }) => senders === 'authenticated').map((channel) => channel.id), sender: principal, ...(key === undefined ? {} : { chat: key }) }),
        agentFor: () => agents.defaultId(), defaultAgent: () => agents.defaultId(),
        agent: (id) => {
          const facts = agents.get(id)
          return { thinking: facts.thinkingDefault, timeoutMs: facts.timeoutMs, concurrent: agents.defaults().maxConcurrent }
        },
        prompt: createSessionPrompt({ clock, agents, toolbox, channelLabel }),
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
        readFiles: (message, principal) => media.read(message, principal, chargeOfHearing(message, principal)),
        async forget(tx, key, turns) {
          // Our own ways in name their chats by the session's key.
          await outbox.forget(tx, { turns, inbox: await inbox.forget(tx, key), chats: [key] })
          await background.forget(tx, key)
          await models.forget(tx, key)
        },
        principal: guard.principal,
        async refuse(tx, waiting, reason) {
          await outbox.reply(tx, { inbox: waiting.inbox, chat: waiting.message.chat, principal: waiting.principal.id }, reason, 'refused')
        },
        answer: (turn) => during({ place: placeOf(turn.chat), correlation: turn.id }, () => answerTurn(turn, journey)),
        compact: createSummariser({ halt: () => halt.state(), session: (key) => sessions.get(key), principal: guard.principal, agents, callModel }),
      },
    })
    inbox.onEnd((row) => sessions.messageEnded({ inbox: row.id, platformId: row.message.id, key: row.sessionKey, end: row.end ?? '', detail: row.endDetail, turnId: row.turnId }))

    const status = createStatus({ version: options.version, startedAt, clock, channels, sessions, models, budget, halt: () => halt.state(), connections })

    const egress = createEgress({
      config, secrets: config.secrets, store, clock, log: log.child('egress'), stateDir, random: randomBytes, leaks, ...options.network,
      onRefused({ identity, host, code, reason }) {
        store.transaction((tx) => audit.append(tx, { act: 'egress.refused', principal: identity.principal, subject: identity.session, outcome: 'deny', reason, facts: { host, code, agent: identity.agent, use: identity.use } }))
          .catch((error: unknown) => log.error('A refusal could not be recorded.', { error: describeError(error) }))
      },
    })
    await egress.start()
    closers.push(() => egress.close())
    const reader = createReader({ command: options.reader ?? readerCommand(), clock })
    const web = createWeb({ egress, config, secrets: config.secrets, clock, random: randomBytes, reader })
    const answering = (): string[] => [models.door.current().primary, ...models.door.current().fallbacks].map((name) => name.split('/')[0] ?? '')
    const soundNeeds = mediaNeeds({
      egress, reader, secrets: config.secrets, isolation: () => bwrapIsolation({ clock }), limits: () => config.get(sandboxSection), own: [stateDir, dirname(options.vaultKeyFile)],
      hide(text) {
        const hidden = hideSecrets(text)
        for (const { value } of hidden.found) hide(value)
        return hidden.text
      },
      // Sound goes by itself only to who reads the words anyway.
      providers: answering,
      keyNames: (provider) => (provider === 'elevenlabs' ? ['ELEVENLABS_API_KEY', 'XI_API_KEY'] : catalog.find(({ id }) => id === provider)?.keyNames ?? []),
      has: (program) => findProgram(program) !== undefined, setAside: budget.setAside,
    })
    const media = createMedia({ config, clock, log: log.child('media'), needs: soundNeeds })
    closers.push(() => media.close())
    /** What is heard is heard before there is a turn. */
    const chargeOfHearing = (message: IncomingMessage, principal: Principal): Charge => {
      const session = sessions.keyFor(message, principal)
      return { principal: principal.id, agent: agentOfKey(session), channel: message.chat.channel, session, turn: '' as TurnId, privy: isElevated(principal) }
    }
    const speech = createSpeech({ config, clock, log: log.child('speech'), needs: soundNeeds })
    closers.push(() => speech.close())
    const voice = createVoiceAnswers({ speech, outbox, sessions, connections, channels, agentOf: agentOfKey, isChild: isSubAgent, callModel, clock, log: log.child('speech') })
    const workspaceOf = createWorkspaceOf({ stateDir, config, agents })
    const labels = createFileLabels({ store, clock })
    const doorFor = (serves: Door['serves']): Door | undefined => channels.map((channel) => connections.of({ channel: channel.id, account: 'default' as ChatRef['account'] })?.door).find((door) => door?.serves === serves)
    const memory = createMemory({ store, newId, config })
    const chats = createKnownChats({ channels, guard, sessions, connections, outbox })
    const subAgents = createSubAgents({
      store, clock, newId, log: log.child('sub-agents'),
      needs: subAgentNeeds({
        store, clock, log, inbox, sessions, outbox, stopSession: (key, how) => stopSession(key, how), doorFor,
        settings: {
          agent: (id) => agents.get(id).id, model: resolveModel,
          visibility: () => config.get(toolsSection).sessions.visibility, concurrentMax: () => config.get(toolsSection).sessions.concurrentMax, mask: log.mask,
        },
      }),
    })
    const jobRooms: JobRooms = {
      store, log: log.child('jobs'), config, audit, channels, inbox, sessions, outbox, guard, chats, connections, stopSession: (key, how) => stopSession(key, how), receive: (message) => during({ place: placeOf(message.chat) }, () => handleMessage(message, journey)),
      held: () => halt.state().kind !== 'running', zone: () => agents.defaults().userTimezone ?? machineZone(), model: resolveModel, mask: log.mask,
    }
    const jobs = createJobs({ store, clock, newId, log: log.child('jobs'), needs: jobNeeds(jobRooms) })
    closers.push(() => jobs.close())
    config.onChange(cronSection, jobs.wake)
    const background = createBackgroundCommands({
      store, clock, log: log.child('commands'),
      needs: commandEnds({ store, clock, newId, config, inbox, sessions, labels, workspaceOf, receive: (message) => handleMessage(message, journey), mask: log.mask }),
    })
    const commands = createCommands({
      background, log: log.child('commands'),
      workspaceOf: ({ agent, principal, session }) => workspaceOf(agent, principal, session),
      sandbox: (agent) => sandboxFor(config, agents, agent), exec: () => config.get(execSection), clock, newId, own: [stateDir, dirname(options.vaultKeyFile)],
      egress({ agent, principal, session, owner = false }) {
        if (!egress.reachesAnything('commands', agent)) return undefined
        return { socket: egress.socketPath, user: 'sandbox', password: egress.admit({ use: 'commands', agent, principal, session, owner }) }
      },
      // What it changes is strangers' words when they may steer it, or it can reach or read them.
      changing: async ({ label }, workspace, { network }) => (label?.tainted() !== false || network || (await labels.any(workspace)) ? labels.watch(workspace) : undefined),
    })
    closers.push(() => commands.close())
    const browsers = createBrowsers({
      stateDir, config: () => config.get(browserSection), sandbox: () => config.get(sandboxSection), own: [stateDir, dirname(options.vaultKeyFile)], isolation: () => bwrapIsolation({ clock }), egress,
      clock, newId, random: randomBytes, log: log.child('browser'),
    })
    closers.push(() => browsers.close())
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
          jobs.wake()
        },
        async stopWork() {
          const [turns, ended] = await Promise.all([sessions.stopAll(), commands.stopAll(), browsers.stopAll()])
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
      const [turns] = await Promise.all([sessions.abort(key, how), ...(how.turn === undefined ? [commands.stop(key), browsers.stop(key), subAgents.stop(key), jobs.stop(key)] : [])])
      return turns
    }
    const sayAloud = async (text: string, to: { chat: ChatRef; principal: PrincipalId; agent: AgentId; session: SessionKey; turn: TurnId; key: string }, signal: AbortSignal): ReturnType<typeof outbox.send> => {
      const who = await guard.principal(to.principal)
      if (who === undefined) throw new Problem('person-unknown', 'Whoever asked is not known any more.')
      return voice.desk.say(text, { ...to, principal: who }, signal)
    }
    const nodes = createNodes({
      config, clock, newId, log: log.child('nodes'),
      record: ({ principal, node, command, by, outcome, reason }) => store.transaction((tx) => audit.append(tx, {
        act: 'node.used', principal, subject: by.kind === 'agent' ? by.session : node, outcome, reason, facts: { node, command, ...(by.kind === 'agent' ? { agent: by.agent } : { client: by.name }) },
      })),
    })
    const filesTaken = createFilesTaken({ config, providers: answering })
    const sandbox = createGrants({
      nodes: createNodeDesk({ nodes, media, taken: filesTaken, guard, agents, newId, now: () => clock.now(), random: randomBytes }),
      workspaceOf, readOnly: (agent) => sandboxFor(config, agents, agent).workspaceAccess === 'ro', commands: (subject: GrantSubject) => commands.grant(subject),
      describeStatus: ({ session }) => status(session), clock, newId, web, labels, browsers,
      memory: { room: memory, today: () => promptDate(clock.now(), agents.defaults().userTimezone) },
      messaging: { places: chats.placesOf, send: outbox.send, sent: outbox.ofSend, find: outbox.find, connection: (chat) => connections.of(chat), speak: sayAloud, clock },
      subAgents, jobs: (subject) => jobs.grant(jobsSubject(jobRooms, subject)),
    })
    const why = createWhy({ inbox, sessions, outbox, audit, store, spent: budget.door.ofTurn })

    const putQuestion = questionsInChat({ clock, guard, outbox })
    const askForMoney = moneyQuestions({ store, guard, outbox, tellOwner: chats.tellOwner, clock, putQuestion })

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
          tools: async (key, { chat, sender }, { id }) => ({ held: toolsHeld() ?? null, ...(await toolbox.list({ agent: agentOfKey(key), as: id, where: { session: key, chat, senders: [sender.id] } })) }),
          money: moneyFacts(budget.door),
          voice: {
            facts: voice.desk.facts,
            async say(text, { message, inbox: id, principal, key }) {
              const { state, error } = await voice.desk.say(text, { chat: message.chat, principal, agent: agentOfKey(key), session: key, key: `tts/${id}` }, new AbortController().signal)
              if (state !== 'sent') throw new Problem('send-failed', error ?? 'It could not be sent.')
            },
          },
          lastMessage: (message) => inbox.before(message),
        },
      },
      keepSecrets: (tx, row, principal, pasted) => keepPastedSecrets({ vault, audit }, tx, row, principal, pasted),
      heldNote: (tx, row, principal) => halt.noteFor(tx, row.chat, principal),
      listening: { may: media.mayListen, listen: (message, speaker) => media.listen(message, speaker, chargeOfHearing(message, speaker)) },
      planAnswer: (turn) => voice.plan(turn),
      heldCommands: () => (halt.state().kind === 'panic' ? '🛑 Everything is stopped, and this is not done. To go on: `moltbot resume` on my machine.' : undefined),
      async *runAgent(turn, given) {
        const { instructions } = await voice.plan(turn)
        const view = instructions === undefined ? given : { ...given, system: `${given.system}\n\n${instructions}` }
        // What a sub-agent finds is told where its work was asked for.
        const childChat = await subAgents.chatOf(turn.key)
        yield* runAgent(turn, view, {
          clock, whenGoing: halt.whenGoing, guard, sessions, tools: toolbox.toolsOf(agentOfKey(turn.key), whereOf(turn)), offered: () => toolbox.offeredTo(agentOfKey(turn.key), turn.principal, whereOf(turn)), estimateTokens, agentOf: agentOfKey,
          callModel: (call) => callModel({ ...call, ...(connections.of(turn.chat)?.door?.serves === 'http' ? { showsForGood: true } : {}), charge: { principal: turn.principal.id, agent: agentOfKey(turn.key), channel: turn.chat.channel, session: turn.key, turn: turn.id, privy: isElevated(turn.principal) } }, askForMoney(turn)),
          putQuestion,
          async promptIsStrange() {
            const { workspace } = agents.get(agentOfKey(turn.key))
            if (!(await labels.any(workspace))) return false
            const files = await agents.files(agentOfKey(turn.key))
            return (await Promise.all(files.map(({ name }) => labels.isStrange(workspace, name)))).includes(true)
          },
          runTurn(view, host) {
            const { notes, ...compaction } = agents.get(agentOfKey(view.sessionKey)).compaction
            return runTurn(view, host, { ...compaction, ...(notes !== undefined && toolbox.keepsNotes(agentOfKey(turn.key), turn, host.tools) ? { notes } : {}) }, config.get(loopSection))
          },
          checkInput,
          grants: (needs, who) => sandbox.grants(needs, {
            agent: who.agent, session: who.session, principal: who.principal.id, owner: who.principal.role === 'owner', label: who.label, privy: (childChat ?? turn.chat).kind === 'direct',
            conversation: { chat: turn.chat, turn: turn.id, replyTo: turn.replyTo },
          }),
        })
      },
    }

    const rooms: Rooms & { devices: ReturnType<typeof createDevices>; signIns: ReturnType<typeof createBrowserSessions> } = {
      version: options.version, startedAt, stateDir, clock: steady, newId, log, store, config, audit, record, guard, policy: { ...policyOver(config, policyParts), test: () => expected.test(config) }, inbox, sessions: { ...sessions, abort: stopSession }, outbox, connections, channels,
      doors: doorFor,
      models: models.door, agents: agents.door, logs: log.door,
      filesOf: (agent) => ({ ...workspaceFiles({ root: agents.get(agent).workspace, clock, newId, byHand: true }), promptFiles: promptFileNames }),
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
      fetchFile: (url, principal) => web.file({ use: 'web', agent: agents.defaultId(), principal: principal.id, owner: principal.role === 'owner', session: mainKey(agents.defaultId()) }, url, new AbortController().signal),
      egress, halt, schedule, jobs: { ...jobs, agent: (id) => agents.get(id ?? agents.defaultId()).id, place: (principal, wanted) => placeForJobs(jobRooms, principal, wanted) }, budget: budget.door, bearing: during,
      tools: { list: toolbox.list, catalog: toolbox.catalog },
      memory: {
        search: ({ principal, agent = agents.defaultId(), query, max }) => sandbox.memoryOf({ agent: agents.get(agent).id, session: mainKey(agents.get(agent).id), principal }).search(query, max),
        status: ({ principal, agent = agents.defaultId() }) => sandbox.memoryOf({ agent: agents.get(agent).id, session: mainKey(agents.get(agent).id), principal }).status(),
      },
      speech: { auto: () => speech.settings().auto, voices: () => speech.voices() },
      sandbox: { explain: async (agent) => ({ ...(await commands.explain(agent)), browser: await browsers.facts() }), probe: commands.probe },
      review: {
        checks, machine: thisMachine(), vaultKeyFile: options.vaultKeyFile, ...(options.logLink === undefined ? {} : { logLink: options.logLink }),
        vault: () => sealed(vault), port: () => portInUse,
      },
      rotateAuthority: (from) => door.rotateAuthority(from),
      shutdown: (reason, restart) => options.onShutdown?.(reason, restart),
    }
    rooms.files = filesTaken
    rooms.nodes = nodes
    rooms.push = createPush({
      store, clock, log: log.child('push'), keys: vault,
      // Who a push service may be is for the rules of the web: no private address, https only, counted like everything that leaves.
      async post({ url, headers, body, principal }) {
        const answer = await egress.request(
          { use: 'web', agent: agents.defaultId(), principal, owner: false, session: mainKey(agents.defaultId()) },
          { url, headers, post: body, bytesMax: 65_536, timeoutMs: 15_000, redirectsMax: 0, signal: new AbortController().signal },
        )
        const retryAfter = answer.headers['retry-after']
        return { status: answer.status, ...(retryAfter === undefined ? {} : { retryAfter }) }
      },
    })
    closers.push(rooms.push.close)
    const reviews = createReviewKeeper({ rooms, tellOwner: (words, key) => chats.tellOwner(words, `review/${key}`), ran: (run) => schedule.ran(reviews.job.name, run) })
    rooms.reviews = reviews
    schedule.add(reviews.job)
    closers.push(() => reviews.close())
    closers.push(startPushNotices(rooms))
    let portInUse: number | undefined
    const door = createDoor({
      // What a method could not do is told to its caller: masked, like every line of the log.
      rooms, methods: methods.map((method) => ({ ...method, handle: (params: never, to: Rooms, caller: never) => method.handle(params, to, caller).catch((error: unknown) => { throw maskedProblem(error, log.mask) }) })), events: createWireEvents(rooms), uiDir: options.uiDir, token, whois: tailscaleWhois, fetchKeys: (url) => fetchPublicKeys(egress, url), random: randomBytes,
      port: options.port, bind: options.bind as never,
      socketPath: join(stateDir, 'gateway.sock'),
      certificateKeys: { read: (name) => vault.get(name)?.open('the certificate of the door'), write: (name, value) => vault.set(name, value), remove: (name) => vault.remove(name) },
      onCertificate: (facts) => writeRunning(facts),
    })
    await models.start()
    await budget.open(() => unfinishedCalls({ inbox, sessions, models, config, store }))
    await halt.start()
    const resumed = await resume(journey)
    await endAnsweredButtons({ guard, outbox, log })
    await subAgents.resume()
    await background.resume()
    await jobs.start()
    if (resumed.messages + resumed.deliveries > 0) log.info('Continued what was unfinished.', resumed)
    // Our own ways in are needed by the first client; networks connect in the background.
    const opening = connections.start(60_000).catch((error: unknown) => log.error('Channels could not be started.', { error: describeError(error) }))
    const listening = await door.listen()
    portInUse = listening.port
    // For the command line, which must find a gateway started on another port than the configured one, and know its certificate.
    const running = join(stateDir, 'running.json')
    const writeRunning = (certificate: CertificateFacts | undefined): void => {
      const tls = certificate === undefined ? {} : { tls: { fingerprint: certificate.fingerprint, authorityFile: certificate.authorityFile, next: certificate.next } }
      writeFileSync(running, JSON.stringify({ port: listening.port, pid: process.pid, ...(listening.socketPath === undefined ? {} : { socketPath: listening.socketPath }), ...tls }), { mode: 0o600 })
    }
    writeRunning(listening.certificate)
    closers.push(() => rmSync(running, { force: true }))
    log.info('The gateway is ready.', { port: listening.port, addresses: listening.addresses, ...(listening.certificate === undefined ? {} : { fingerprint: listening.certificate.fingerprint }), version: options.version, startMs: clock.now() - startedAt })
    models.watch()
    await reviews.start()
    if (options.makeBackup !== undefined) {
      const backups = createBackupSchedule({
        settings: () => config.get(backupSection), stateDir, clock, log: log.child('backup'), make: options.makeBackup, tellOwner: (words, key) => chats.tellOwner(words, `backup/${key}`),
        ran: (run) => schedule.ran(backups.job.name, run),
        record: ({ file, bytes, failure, asked }) => store.transaction((tx) => audit.append(tx, {
          act: 'backup.made', principal: null, subject: 'state', outcome: failure === undefined ? 'done' : 'failed', reason: failure ?? (asked ? 'it was asked for' : 'it was due'), facts: { file, ...(bytes === undefined ? {} : { bytes }) },
        })),
      })
      closers.push(() => backups.close())
      schedule.add(backups.job)
      backups.start()
    }

    let closing: Promise<void> | undefined
    return {
      port: listening.port, addresses: listening.addresses, rooms, journey, config, vault,
      token: async () => (await token())?.open('the owner asked') ?? '',
      close(why = {}) {
        closing ??= (async () => {
          log.info('The gateway is stopping.', { reason: why.reason ?? 'asked' })
          const doorClosed = door.close({ ...(why.reason === undefined ? {} : { reason: why.reason }), ...(why.restart === true ? { restartExpectedMs: 2_000 } : {}) })
          await jobs.close()
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

/** A place as the record names it. */
function placeOf({ channel, account, chat }: ChatRef): string {
  return [channel, ...(account === 'default' ? [] : [account]), chat].join(':')
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
