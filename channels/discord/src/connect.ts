import { createHash } from 'node:crypto'
import type { API, APIUser, GatewayInteractionCreateDispatchData } from '@discordjs/core/http-only'
import { ConnectProblem, Problem, type ChannelHost, type Connection, createHealthKeeper } from '@moltbot/contract'
import { buttonLabelMax, buttonsMax } from './buttons.ts'
import { guildsLeftOut, type DiscordConfig } from './config.ts'
import { openApi, realmOf } from './discord-api.ts'
import { ForeignAnswer, describeFailure, readFailure, type Failure } from './failures.ts'
import { allowContent, newToken, openGatewayLine } from './gateway-line.ts'
import { createHandOver } from './hand-over.ts'
import { createFileFetcher } from './media.ts'
import { createOutgoing } from './outgoing.ts'
import { loadSessionMemory } from './session-memory.ts'
import { isSnowflake } from './discord-id.ts'

/** Opening an account must not hang on a silent network, ms. */
const openPatienceMs = 25_000
/** `close` gives up waiting shortly before the five seconds it may take. */
const closePatienceMs = 2_500
/** Discord asks for no more than one edit in a second. */
const editEveryMs = 1_000
/** What Discord takes as one file from a bot, where the server has not paid for more. */
const fileBytesMax = 10 * 1024 * 1024

/** What Discord is asked to tell: guilds, their messages and reactions, direct messages and their reactions. */
const intentsAlways = (1 << 0) | (1 << 9) | (1 << 10) | (1 << 12) | (1 << 13)
const messageContentIntent = 1 << 15
/** An application that may read content: verified, or small enough to need no verification. */
const contentFlags = (1 << 18) | (1 << 19)

/** Opens one bot: asks who it is, then opens the line. */
export async function connectDiscord(config: DiscordConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const realm = realmOf(config.apiRoot)
  const token = await readToken(host)
  const { api, close: closeApi } = openApi(token, realm, host)
  try {
    return await open(config, host, token, api, realm, closeApi)
  } catch (error) {
    closeApi()
    throw error
  }
}

async function open(config: DiscordConfig, host: ChannelHost, token: string, api: API, realm: ReturnType<typeof realmOf>, closeApi: () => void): Promise<Connection> {
  const { me, applicationId, mayReadContent } = await whoAmI(api, host)
  if (config.intents.messageContent && !mayReadContent) {
    host.health({ kind: 'needs-you', reason: 'Discord does not let this bot read message content.', action: allowContent })
    throw new ConnectProblem('Discord does not let this bot read message content.', { permanent: true, next: allowContent })
  }
  const health = createHealthKeeper(host, { detail: `@${me.username}`, warning: warningOf(config) })
  const memory = await loadSessionMemory(host, realm.acceptsGateway)
  let closing: Promise<void> | undefined
  const handOver = createHandOver({
    host, api, memory, self: { id: me.id, username: me.username },
    fetchFiles: createFileFetcher(config.mediaMaxMb, realm.acceptsMedia, host),
    answer: (interaction, outcome, deferred) => void answerInteraction(api, host, interaction, outcome, deferred),
    renew: (reason) => line.renew(reason),
  })
  const line = openGatewayLine({
    host, token, api, memory, health, acceptsGateway: realm.acceptsGateway,
    intents: intentsAlways | (config.intents.messageContent ? messageContentIntent : 0),
    onDispatch: (payload) => handOver.take(payload),
  })

  async function close(): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))
    await Promise.race([handOver.close(), patience])
    cancel()
    await line.close()
    await memory.close()
    closeApi()
    health.closed()
  }

  let cancelPatience = (): void => {}
  const tooLong = new Promise<never>((_, reject) => {
    cancelPatience = host.clock.after(openPatienceMs, () => reject(new ConnectProblem('Discord’s gateway does not answer.', { permanent: false, next: 'Check the connection to the internet.' })))
  })
  try {
    await Promise.race([line.up, tooLong])
  } catch (error) {
    await handOver.close()
    await line.close()
    await memory.close()
    throw error
  } finally {
    cancelPatience()
  }
  if (config.commands.native) void offerCommands(api, applicationId, host)
  const textLengthMax = Math.min(config.textChunkLimit, 2_000)

  return {
    limits: {
      textLengthMax, linesMax: config.maxLinesPerMessage, editEveryMs, nonce: true, streaming: config.streaming,
      files: { bytesMax: fileBytesMax, captionMax: textLengthMax, speech: 'opus' }, buttons: { most: buttonsMax, labelMax: buttonLabelMax },
    },
    ...createOutgoing({ api, host, config, self: me, health, isClosed: () => closing !== undefined }),
    async probe(signal) {
      try {
        return `@${(await api.users.getCurrent({ signal })).username}`
      } catch (error) {
        const failure = readFailure(error)
        throw new Problem('discord-unreachable', describeFailure(failure), { next: hint(failure), cause: error })
      }
    },
    close: () => (closing ??= close()),
  }
}

async function readToken(host: ChannelHost): Promise<string> {
  const token = (await host.secret('token'))?.open('discord login').trim().replace(/^Bot\s+/i, '')
  if (token === undefined || token === '') throw new ConnectProblem('There is no bot token for Discord.', { permanent: true, next: newToken })
  // It becomes part of a header: anything but a token's own characters must not get there.
  if (!/^[A-Za-z0-9_-]{1,100}\.[A-Za-z0-9_-]{1,50}\.[A-Za-z0-9_-]{1,200}$/.test(token)) {
    throw new ConnectProblem('The bot token does not look like one (three parts with dots between them).', { permanent: true, next: newToken })
  }
  return token
}

async function whoAmI(api: API, host: ChannelHost): Promise<{ me: APIUser; applicationId: string; mayReadContent: boolean }> {
  const controller = new AbortController()
  const cancel = host.clock.after(openPatienceMs, () => controller.abort())
  try {
    const me = await api.users.getCurrent({ signal: controller.signal })
    const application = await api.applications.getCurrent({ signal: controller.signal })
    if (!isSnowflake(me?.id) || !isSnowflake(application?.id)) throw new ForeignAnswer()
    // Where Discord does not say, the gateway's own refusal (4014) tells.
    const mayReadContent = application.flags === undefined || (application.flags & contentFlags) !== 0
    return { me, applicationId: application.id, mayReadContent }
  } catch (error) {
    const failure = readFailure(error)
    const next = hint(failure)
    if (failure.kind === 'answer' && failure.status === 401) {
      host.health({ kind: 'needs-you', reason: 'Discord does not accept the bot token.', action: newToken })
      throw new ConnectProblem('Discord does not accept the bot token.', { permanent: true, next, cause: error })
    }
    throw new ConnectProblem(describeFailure(failure), { permanent: false, next, cause: error })
  } finally {
    cancel()
  }
}

function hint(failure: Failure): string {
  if (failure.kind === 'unreached' || failure.kind === 'unanswered') return 'Check the connection to the internet.'
  return failure.kind === 'answer' && failure.status === 401 ? newToken : 'Try again in a moment.'
}

/** What works worse than its owner may think. */
function warningOf(config: DiscordConfig): string | undefined {
  const left = guildsLeftOut(config)
  const guilds = left.length === 0 ? undefined : `channels.discord.guilds opens nothing for ${left.slice(0, 5).join(', ')}: name its channels by their ids, in quotes.`
  const warnings = [contentConflict(config), guilds].filter((warning) => warning !== undefined)
  return warnings.length === 0 ? undefined : warnings.join(' ')
}

/** The configuration wants to hear everything somewhere, and itself forbids the bot to read it. */
function contentConflict(config: DiscordConfig): string | undefined {
  if (config.intents.messageContent || config.groupPolicy === 'disabled') return undefined
  const places = Object.entries(config.groups).flatMap(([id, group]) => [
    { id, ...group }, ...Object.entries(group.topics ?? {}).map(([topic, place]) => ({ id: `${id}/${topic}`, ...place })),
  ]).filter((place) => place.requireMention === false && place.enabled !== false).map((place) => place.id)
  if (!config.requireMention) places.push('every channel')
  if (places.length === 0) return undefined
  return `Set to answer without a mention (${places.slice(0, 5).join(', ')}), but channels.discord.intents.messageContent is off: such messages arrive without words.`
}

const commandName = /^[-_a-z0-9]{1,32}$/
const commandsMax = 100
const argumentName = 'text'

/** Fills Discord's command menu, when it is not as it was left. A menu that can't be set is no reason not to talk. */
async function offerCommands(api: API, applicationId: string, host: ChannelHost): Promise<void> {
  const menu = (host.commands ?? []).filter((entry) => commandName.test(entry.name)).slice(0, commandsMax).map((entry) => ({
    name: entry.name, type: 1 as const, description: entry.description.slice(0, 100) || entry.name,
    // In servers where the bot is, and in direct chats with it: not in private chats of others.
    contexts: [0, 1], integration_types: [0],
    options: [{ type: 3 as const, name: argumentName, description: 'What comes after the command', required: false }],
  }))
  if (menu.length === 0) return
  try {
    const digest = createHash('sha256').update(JSON.stringify([applicationId, menu])).digest('hex')
    if (await host.state.get('menu') === digest) return
    await api.applicationCommands.bulkOverwriteGlobalCommands(applicationId, menu)
    await host.state.set('menu', digest)
  } catch (error) {
    host.log.warn('discord: the command menu could not be set', { reason: describeFailure(readFailure(error)) })
  }
}

/** Ends the little clock Discord shows to whoever used a command or a button. The answer itself comes as a message. */
async function answerInteraction(api: API, host: ChannelHost, interaction: GatewayInteractionCreateDispatchData, outcome: 'taken' | 'refused' | 'later', deferred: boolean): Promise<void> {
  const flags = 1 << 6 // Seen by that person alone.
  const { id, token, application_id: applicationId } = interaction
  const words = { content: outcome === 'taken' ? 'Passed on.' : 'This does not work here.', flags }
  const press = interaction.type === 3
  try {
    if (!press && interaction.type !== 2) return
    if (outcome === 'later') await (press ? api.interactions.deferMessageUpdate(id, token) : api.interactions.defer(id, token, { flags }))
    else if (press && outcome === 'taken') await (deferred ? undefined : api.interactions.deferMessageUpdate(id, token))
    else if (press && deferred) await api.interactions.followUp(applicationId, token, words)
    else if (deferred) await api.interactions.editReply(applicationId, token, { content: words.content })
    else await api.interactions.reply(id, token, words)
  } catch (error) {
    host.log.debug('discord: a command or a button could not be answered', { reason: describeFailure(readFailure(error)) })
  }
}
