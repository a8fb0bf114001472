/**
 * The composer: builds the rooms, hands each what it needs of the others, starts them in order and stops them in reverse. The
 * only file that knows every room; the pieces beside it (`toolbox`, `known-chats`, `status` …) are handed the rooms they serve.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { checks } from '@moltbot/checks'
import {
  describeError, Secret, type Charge, type ChatRef, type Door, type IncomingMessage, type NewId, type Principal, type Tool, type TurnId,
} from '@moltbot/contract'
import { catalog, formats } from '@moltbot/models'
import { tools } from '@moltbot/tools'
import Value from 'typebox/value'
import {
  createBrowserSessions, createDevices, createDoor, createPresence, createReviewKeeper, createRuns, createSteadyClock, createWireEvents, startPushNotices,
  openDoorFloor, tailscaleWhois, thisMachine, withdrawableStore, type Rooms,
} from './api/index.ts'
import { methods } from './api/methods/index.gen.ts'
import { channels } from './channels.gen.ts'
import { isElevated } from './elevated.ts'
import { configPath, environmentOfChannels, firstSecret, keyPlaces, mergeEnvironment, withSealed } from './environment.ts'
import { ensureToken } from './first-start.ts'
import { createAgents, promptFileNames, toolsSection } from './foundation/agents/index.ts'
import { bearingStore, createAudit, createRecord, during } from './foundation/audit/index.ts'
import { createBudget } from './foundation/budget/index.ts'
import { createConfig, type SecretCommandRun } from './foundation/config/index.ts'
import { createConnections } from './foundation/connections/index.ts'
import { createPush } from './foundation/push/index.ts'
import { createEgress, createLeakScan, createReader, createWeb } from './foundation/egress/index.ts'
import { createHalt } from './foundation/halt/index.ts'
import { createJobs, cronSection } from './foundation/jobs/index.ts'
import { createLog, hideSecrets, linkForTail, logSection, maskedProblem } from './foundation/log/index.ts'
import { createFilesTaken, createMadeSounds, createMedia, createSpeech } from './foundation/media/index.ts'
import { createMemory } from './foundation/memory/index.ts'
import { createDirectFetch, createModels, modelsSection } from './foundation/models/index.ts'
import { createNodes } from './foundation/nodes/index.ts'
import { createIds, examineStateFolder, systemClock } from './foundation/platform/index.ts'
import { createChannelProcesses } from './foundation/remote/index.ts'
import { createHouseSchedule } from './foundation/schedule/index.ts'
import { lockStateDirectory, openStore } from './foundation/storage/index.ts'
import { createSealing, createVault, createVaultDesk } from './foundation/vault/index.ts'
import { channelCommand, readerCommand } from './installation.ts'
import { promptDate } from './journey/agent/index.ts'
import { chatCommands, parseCommand } from './journey/commands/index.ts'
import { commandsSection, createGuard } from './journey/guard/index.ts'
import { answerTurn, handleMessage, resume, settleDelivery, type Journey } from './journey/handle-message.ts'
import { createInbox } from './journey/inbox/index.ts'
import { bareFile, createOutbox } from './journey/outbox/index.ts'
import { runAgent } from './journey/run-agent.ts'
import {
  browserSection, bwrapIsolation, createBackgroundCommands, createBrowsers, createCommands, createFileLabels, createGrants, createSubAgents, execSection, findProgram, isSubAgent, sandboxSection, workspaceFiles, type GrantSubject,
} from './journey/sandbox/index.ts'
import { agentOfKey, createSessions, mainKey, sessionSection } from './journey/sessions/index.ts'
import { createWhy } from './journey/why.ts'
import { agentNeeds } from './agent-needs.ts'
import { commandPolicyOf, createExpectedPolicy, expectationsFile, namesToolOn, policyOver, type PolicyParts } from './expected-policy.ts'
import { commandEnds } from './command-ends.ts'
import { commandNeeds } from './command-needs.ts'
import { fetchMedia } from './fetch-media.ts'
import { fetchPublicKeys } from './fetch-public-keys.ts'
import { haltActs } from './halt-acts.ts'
import { createHouseBackups } from './house-backups.ts'
import { createInputCheck } from './input-check.ts'
import { jobNeeds, jobsSubject, placeForJobs, type JobRooms } from './job-needs.ts'
import { createKnownChats } from './known-chats.ts'
import { mediaNeeds } from './media-needs.ts'
import { mentionPatterns } from './mention-patterns.ts'
import { auditKey, recordVaultAct, sealed, withoutFactor } from './opened-vault.ts'
import { moneyFacts } from './money-facts.ts'
import { keepPastedSecrets } from './pasted-secrets.ts'
import { createNodeDesk } from './node-desk.ts'
import { pushPost } from './push-post.ts'
import { runningFile } from './running-file.ts'
import { sayAloud } from './say-aloud.ts'
import { migrations, sections } from './sections.ts'
import { endAnsweredButtons, moneyQuestions, questionsInChat } from './questions.ts'
import { openSigns } from './signs-of-life.ts'
import { sessionNeeds } from './session-needs.ts'
import { createSessionPrompt } from './session-prompt.ts'
import type { Gateway, StartOptions } from './start-options.ts'
import { createStatus } from './status.ts'
import { subAgentNeeds } from './sub-agent-needs.ts'
import { createSummariser } from './summarise-session.ts'
import { createToolbox, sandboxFor } from './toolbox.ts'
import { unfinishedCalls } from './unfinished-calls.ts'
import { spokenForClients } from './spoken-for-clients.ts'
import { createVoiceAnswers } from './voice-answers.ts'
import { createWorkspaceOf } from './workspace-of.ts'

export type { Gateway, StartOptions }

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
    const recordAct = (act: Parameters<typeof audit.append>[1]): Promise<void> => store.transaction((tx) => audit.append(tx, act))
    record.jobs.forEach(schedule.add)
    await record.start()
    recordRun = ({ command, ok, reason, provider, id }) => recordAct({ act: 'secret.command', principal: null, subject: command, outcome: ok ? 'done' : 'failed', reason, facts: { provider, id } })
    for (const run of early) await recordRun(run)
    closers.push(() => record.close())
    const agents = createAgents({ config, stateDir, log: log.child('agents'), now: () => clock.now() })
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
      record: recordAct,
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
      mentionPatterns: mentionPatterns({ config, agents }),
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
      needs: sessionNeeds({
        store, inbox, outbox, agents, models, budget, guard, channels, background: { forget: (tx, key) => background.forget(tx, key) },
        prompt: createSessionPrompt({ clock, agents, toolbox, channelLabel }),
        readFiles: (message, principal) => media.read(message, principal, chargeOfHearing(message, principal)),
        answer: (turn) => during({ place: placeOf(turn.chat), correlation: turn.id }, () => answerTurn(turn, journey)),
        compact: createSummariser({ halt: () => halt.state(), session: (key) => sessions.get(key), principal: guard.principal, agents, callModel }),
      }),
    })
    const signs = openSigns({ config, log: log.child('signs'), clock, store, connections, agents, inbox, mentionPatterns: mentionPatterns({ config, agents }) })
    closers.push(signs.close)
    inbox.onEnd((row) => sessions.messageEnded({ inbox: row.id, platformId: row.message.id, key: row.sessionKey, end: row.end ?? '', detail: row.endDetail, turnId: row.turnId }))

    const status = createStatus({ version: options.version, startedAt, clock, channels, sessions, models, budget, halt: () => halt.state(), connections })

    const egress = createEgress({
      config, secrets: config.secrets, store, clock, log: log.child('egress'), stateDir, random: randomBytes, leaks, ...options.network,
      onRefused({ identity, host, code, reason }) {
        recordAct({ act: 'egress.refused', principal: identity.principal, subject: identity.session, outcome: 'deny', reason, facts: { host, code, agent: identity.agent, use: identity.use } })
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
    const sounds = createMadeSounds({ folder: join(stateDir, 'spoken'), clock, newId })
    await sounds.clear()
    closers.push(() => sounds.clear())
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
      acts: haltActs({ sessions, egress, outbox, jobs, commands, browsers, guard, rooms: () => rooms, mask: log.mask }),
    })
    /** Stop is stop: what its turns left running in the background, and what they handed to others, ends with them. */
    const stopSession: typeof sessions.abort = async (key, how) => {
      const [turns] = await Promise.all([sessions.abort(key, how), ...(how.turn === undefined ? [commands.stop(key), browsers.stop(key), subAgents.stop(key), jobs.stop(key)] : [])])
      return turns
    }
    const nodes = createNodes({
      config, clock, newId, log: log.child('nodes'),
      record: ({ principal, node, command, by, outcome, reason }) => recordAct({
        act: 'node.used', principal, subject: by.kind === 'agent' ? by.session : node, outcome, reason, facts: { node, command, ...(by.kind === 'agent' ? { agent: by.agent } : { client: by.name }) },
      }),
    })
    const filesTaken = createFilesTaken({ config, providers: answering })
    const sandbox = createGrants({
      nodes: createNodeDesk({ nodes, media, taken: filesTaken, guard, agents, newId, now: () => clock.now(), random: randomBytes }),
      workspaceOf, readOnly: (agent) => sandboxFor(config, agents, agent).workspaceAccess === 'ro', commands: (subject: GrantSubject) => commands.grant(subject),
      describeStatus: ({ session }) => status(session), clock, newId, web, labels, browsers,
      memory: { room: memory, today: () => promptDate(clock.now(), agents.defaults().userTimezone) },
      messaging: { places: chats.placesOf, send: outbox.send, sent: outbox.ofSend, find: outbox.find, connection: (chat) => connections.of(chat), bare: bareFile, speak: sayAloud({ guard, voice: voice.desk }), clock },
      subAgents, jobs: (subject) => jobs.grant(jobsSubject(jobRooms, subject)),
    })
    const why = createWhy({ inbox, sessions, outbox, audit, store, spent: budget.door.ofTurn })

    const putQuestion = questionsInChat({ clock, guard, outbox })
    const askForMoney = moneyQuestions({ store, guard, outbox, tellOwner: chats.tellOwner, clock, putQuestion })

    const needsOfAgent = agentNeeds({ clock, config, agents, guard, sessions, toolbox, labels, sandbox, subAgents, connections, callModel, askForMoney, putQuestion, checkInput, whenGoing: halt.whenGoing })
    const journey: Journey = {
      asPartOf: (row, work) => during({ place: placeOf(row.chat), correlation: row.id }, work),
      store, log: log.child('journey'), audit, inbox, guard, sessions, outbox, signs, now: () => clock.now(), costUsd: budget.door.turnUsd,
      commands: {
        all: chatCommands,
        parse: (text) => (config.get(commandsSection).text ? parseCommand(text, chatCommands, resolveModel, config.get(sessionSection).resetTriggers) : { kind: 'text', text }),
        needs: commandNeeds({ shelf, clock, inbox, sessions, stopSession, halt, models, guard, toolbox, toolsHeld, status, why, money: moneyFacts(budget.door), voice: voice.desk }),
      },
      keepSecrets: (tx, row, principal, pasted) => keepPastedSecrets({ vault, audit }, tx, row, principal, pasted),
      heldNote: (tx, row, principal) => halt.noteFor(tx, row.chat, principal),
      listening: { may: media.mayListen, listen: (message, speaker) => media.listen(message, speaker, chargeOfHearing(message, speaker)) },
      planAnswer: (turn) => voice.plan(turn),
      heldCommands: () => (halt.state().kind === 'panic' ? '🛑 Everything is stopped, and this is not done. To go on: `moltbot resume` on my machine.' : undefined),
      async *runAgent(turn, given) {
        const { instructions } = await voice.plan(turn)
        const view = instructions === undefined ? given : { ...given, system: `${given.system}\n\n${instructions}` }
        yield* runAgent(turn, view, await needsOfAgent(turn))
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
      speech: spokenForClients({
        speech, sounds, outbox, connections, held: () => halt.state().kind !== 'running', main: () => ({ agent: agents.defaultId(), session: mainKey(agents.defaultId()) }),
      }),
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
    rooms.push = createPush({ store, clock, log: log.child('push'), keys: vault, post: pushPost({ egress, agents }) })
    closers.push(rooms.push.close)
    const reviews = createReviewKeeper({ rooms, tellOwner: (words, key) => chats.tellOwner(words, `review/${key}`), ran: (run) => schedule.ran(reviews.job.name, run) })
    rooms.reviews = reviews
    schedule.add(reviews.job)
    closers.push(() => reviews.close())
    closers.push(startPushNotices(rooms))
    let portInUse: number | undefined
    const running = runningFile(stateDir, process.pid)
    const door = createDoor({
      // What a method could not do is told to its caller: masked, like every line of the log.
      rooms, methods: methods.map((method) => ({ ...method, handle: (params: never, to: Rooms, caller: never) => method.handle(params, to, caller).catch((error: unknown) => { throw maskedProblem(error, log.mask) }) })), events: createWireEvents(rooms), uiDir: options.uiDir, token, whois: tailscaleWhois, fetchKeys: (url) => fetchPublicKeys(egress, url), random: randomBytes,
      port: options.port, bind: options.bind as never,
      socketPath: join(stateDir, 'gateway.sock'),
      certificateKeys: { read: (name) => vault.get(name)?.open('the certificate of the door'), write: (name, value) => vault.set(name, value), remove: (name) => vault.remove(name) },
      onCertificate: (facts) => running.write(listening, facts),
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
    running.write(listening, listening.certificate)
    closers.push(running.remove)
    log.info('The gateway is ready.', { port: listening.port, addresses: listening.addresses, ...(listening.certificate === undefined ? {} : { fingerprint: listening.certificate.fingerprint }), version: options.version, startMs: clock.now() - startedAt })
    models.watch()
    await reviews.start()
    if (options.makeBackup !== undefined) {
      const backups = createHouseBackups({ config, stateDir, clock, log, make: options.makeBackup, tellOwner: chats.tellOwner, recordAct, ran: (run) => schedule.ran(backups.job.name, run) })
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

/** A place as the record names it. */
function placeOf({ channel, account, chat }: ChatRef): string {
  return [channel, ...(account === 'default' ? [] : [account]), chat].join(':')
}
