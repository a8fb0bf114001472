import { readFile } from 'node:fs/promises'
import { ConnectProblem, Problem, type ChannelHost, type Connection } from '@moltbot/contract'
import type { UserFromGetMe } from 'grammy/types'
import type { TelegramConfig } from './config.ts'
import { readFailure, type Failure } from './failures.ts'
import { createHandOver } from './hand-over.ts'
import { createHealthKeeper } from './health.ts'
import { createHoldingPlace } from './holding-place.ts'
import { createFileFetcher } from './media.ts'
import { createOutgoing } from './outgoing.ts'
import { startPolling } from './poll.ts'
import { createStickers } from './stickers.ts'
import { grammySignal, openApi, type Api } from './telegram-api.ts'
import { captionLengthMax, createUpload, fileBytesMax } from './upload.ts'
import { startWebhook } from './webhook.ts'

/** Opening an account must not hang on a silent network, ms. */
const openPatienceMs = 20_000
/** `close` gives up waiting shortly before the five seconds it may take. */
const closePatienceMs = 4_500
const newToken = 'Get a token from @BotFather and put it at channels.telegram.botToken, or set TELEGRAM_BOT_TOKEN.'

/** Opens one bot: asks who it is, then polls or listens. */
export async function connectTelegram(config: TelegramConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const token = await readToken(config, host)
  const api = openApi(token, { ...config, apiRoot: checkRoot(config.apiRoot, host) }, host)
  const me = await whoAmI(api, host)
  const health = createHealthKeeper(host, `@${me.username}`, privacyConflict(config, me))
  health.alive()

  const webhookSecret = config.webhookUrl === undefined ? undefined : await host.secret('webhookSecret')
  if (config.webhookUrl !== undefined && webhookSecret === undefined) {
    throw new ConnectProblem('A webhook without a secret would let anybody write in anybody’s name.', { permanent: true, next: 'Set channels.telegram.webhookSecret, or remove webhookUrl to use polling.' })
  }
  const hold = host.sealed === undefined ? undefined
    : createHoldingPlace(host.sealed, (error) => host.log.debug('telegram: what was held could not be taken away; it is known when it comes again', { error: String(error) }))
  const stickers = createStickers(host.state)
  const handOver = createHandOver({
    host,
    self: me,
    // Telegram brings the next piece by webhook only after this one was acknowledged: without a place to hold it, pieces are messages of their own.
    join: config.webhookUrl === undefined || hold !== undefined,
    holdPieces: config.webhookUrl !== undefined,
    ...(hold === undefined ? {} : { hold }),
    fetchFile: createFileFetcher(api, token, { ...config, apiRoot: trimRoot(config.apiRoot) }, host),
    answerPress: (id) => {
      // The press is durable; the answer only ends the little clock on the button.
      api.answerCallbackQuery(id).catch(() => host.log.debug('telegram: a button press could not be answered'))
    },
    onSticker: (chat, emoji, fileId) => void stickers.remember(chat, emoji, fileId).catch(() => host.log.debug('telegram: a sticker could not be kept; it cannot be sent again')),
  })
  await handOver.recall()
  const stop = config.webhookUrl !== undefined && webhookSecret !== undefined
    ? await startWebhook({ api, host, config, url: config.webhookUrl, secret: webhookSecret.open('telegram webhook'), handOver, health })
    : startPolling({ api, host, config, handOver, health, botId: me.id })
  void offerCommands(api, config, host)

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => {
      cancel = host.clock.after(closePatienceMs, resolve)
    })
    await Promise.race([stop(), patience])
    cancel()
    health.closed()
  }

  return {
    limits: {
      textLengthMax: Math.min(config.textChunkLimit, 4_000), editEveryMs: 1_000, nonce: false, streaming: streamingOf(config),
      // Room for what rendering adds.
      files: { bytesMax: fileBytesMax, captionMax: captionLengthMax - 24, speech: 'opus' }, buttons: { most: 8, labelMax: 64 },
    },
    ...createOutgoing({ api, upload: createUpload(token, trimRoot(config.apiRoot), host), host, config, health, stickers, isClosed: () => closing !== undefined }),
    async probe(signal) {
      try {
        const { username } = await api.getMe(grammySignal(signal))
        return `@${username}`
      } catch (error) {
        const failure = readFailure(error)
        throw new Problem('telegram-unreachable', failure.kind === 'answer' ? `Telegram answered: ${failure.description}.` : failure.reason, { next: hint(failure), cause: error })
      }
    },
    close: () => (closing ??= close()),
  }
}

function streamingOf(config: TelegramConfig): 'off' | 'partial' | 'block' {
  if (typeof config.streaming === 'object') return config.streaming.mode
  return config.streaming === 'partial' ? (config.streamMode ?? 'partial') : config.streaming
}

async function readToken(config: TelegramConfig, host: ChannelHost): Promise<string> {
  const secret = await host.secret('botToken')
  let token = secret?.open('telegram login')
  if (token === undefined && config.tokenFile !== undefined) {
    try {
      token = await readFile(config.tokenFile, 'utf8')
    } catch (cause) {
      throw new ConnectProblem('The file with the bot token could not be read.', { permanent: true, next: `Check channels.telegram.tokenFile (${config.tokenFile}).`, cause })
    }
  }
  token = token?.trim()
  if (token === undefined || token === '') throw new ConnectProblem('There is no bot token for Telegram.', { permanent: true, next: newToken })
  // It becomes part of an address: anything but a token's own characters must not get there.
  if (!/^\d{1,20}:[A-Za-z0-9_-]{1,200}$/.test(token)) throw new ConnectProblem('The bot token does not look like one (`123456:ABC…`).', { permanent: true, next: newToken })
  return token
}

function trimRoot(apiRoot: string): string {
  return apiRoot.replace(/(?<!\/)\/+$/, '')
}

function checkRoot(apiRoot: string, host: ChannelHost): string {
  let url: URL
  try {
    url = new URL(apiRoot)
  } catch (cause) {
    throw new ConnectProblem('channels.telegram.apiRoot is not an address.', { permanent: true, next: 'Remove it to use https://api.telegram.org.', cause })
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new ConnectProblem('channels.telegram.apiRoot must be an http or https address.', { permanent: true, next: 'Remove it to use https://api.telegram.org.' })
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) host.log.warn('telegram: apiRoot is not encrypted; the bot token can be read on the way', { host: url.hostname })
  return trimRoot(apiRoot)
}

async function whoAmI(api: Api, host: ChannelHost): Promise<UserFromGetMe> {
  const controller = new AbortController()
  const cancel = host.clock.after(openPatienceMs, () => controller.abort())
  try {
    return await api.getMe(grammySignal(controller.signal))
  } catch (error) {
    const failure = readFailure(error)
    const next = hint(failure)
    if (failure.kind === 'answer' && (failure.code === 401 || failure.code === 404)) {
      host.health({ kind: 'needs-you', reason: 'Telegram does not accept the bot token.', action: newToken })
      throw new ConnectProblem('Telegram does not accept the bot token.', { permanent: true, next, cause: error })
    }
    throw new ConnectProblem(failure.kind === 'answer' ? `Telegram answered: ${failure.description}.` : failure.reason, { permanent: false, next, cause: error })
  } finally {
    cancel()
  }
}

function hint(failure: Failure): string {
  if (failure.kind !== 'answer') return 'Check the connection to the internet and channels.telegram.apiRoot.'
  return failure.code === 401 || failure.code === 404 ? newToken : 'Try again in a moment.'
}

/** The configuration wants to hear everything somewhere, and Telegram's privacy mode keeps it from the bot. */
function privacyConflict(config: TelegramConfig, me: UserFromGetMe): string | undefined {
  if (me.can_read_all_group_messages || config.groupPolicy === 'disabled') return undefined
  const places = Object.entries(config.groups).flatMap(([id, group]) => [
    { id, wants: group.requireMention === false && group.enabled !== false },
    ...Object.entries(group.topics ?? {}).map(([topic, place]) => ({ id: `${id}/${topic}`, wants: place.requireMention === false && place.enabled !== false })),
  ]).filter((place) => place.wants).map((place) => place.id)
  if (!config.requireMention) places.push('every group')
  if (places.length === 0) return undefined
  return `Set to answer without a mention (${places.slice(0, 5).join(', ')}), but Telegram's privacy mode hides such messages from the bot: send /setprivacy to @BotFather, choose Disable, then add the bot to the group again.`
}

const commandName = /^[a-z0-9_]{1,32}$/
const commandsMax = 100

/** Fills the bot's menu. A menu that can't be set is no reason not to talk. */
async function offerCommands(api: Api, config: TelegramConfig, host: ChannelHost): Promise<void> {
  const own = (host.commands ?? []).filter((entry) => commandName.test(entry.name)).map((entry) => ({ command: entry.name, description: entry.description.slice(0, 256) || entry.name }))
  const taken = new Set(own.map((entry) => entry.command))
  const custom = config.customCommands.flatMap((entry) => {
    const command = entry.command.replace(/^\//, '').toLowerCase()
    if (commandName.test(command) && !taken.has(command)) return [{ command, description: entry.description.slice(0, 256) || command }]
    host.log.warn('telegram: a menu entry was left out: its name is taken or not 1 to 32 of a–z, 0–9 and _', { command: entry.command })
    return []
  })
  const menu = [...own, ...custom].slice(0, commandsMax)
  if (menu.length === 0) return
  try {
    await api.setMyCommands(menu)
  } catch (error) {
    const failure = readFailure(error)
    host.log.warn('telegram: the command menu could not be set', { reason: failure.kind === 'answer' ? failure.description : failure.reason })
  }
}
