import type { WebClient } from '@slack/web-api'
import { ConnectProblem, Problem, type ChannelHost, type Connection, createHealthKeeper, type HealthKeeper } from '@moltbot/contract'
import { buttonLabelMax, buttonsMax } from './buttons.ts'
import type { SlackConfig } from './config.ts'
import { createDirectory } from './directory.ts'
import { openEventsDoor } from './events-door.ts'
import { describeFailure, ForeignAnswer, helpFor, newAppToken, newTokens, readFailure, type Failure } from './failures.ts'
import { createHandOver, type HandOver } from './hand-over.ts'
import type { Self } from './incoming.ts'
import { createFileFetcher } from './media.ts'
import { createOutgoing } from './outgoing.ts'
import { loadPlaceMemory } from './place-memory.ts'
import { openApi, realmOf, type Realm } from './slack-api.ts'
import { userOf } from './slack-id.ts'
import { openSocketLine } from './socket-line.ts'
import { loadUploads } from './uploads.ts'

/** Opening an account must not hang on a silent network, ms. */
const openPatienceMs = 25_000
/** `close` gives up waiting shortly before the five seconds it may take. */
const closePatienceMs = 2_500
/** Slack takes about one change of a message in a second. */
const editEveryMs = 1_200
/** Slack takes a gigabyte; a file is in memory while it is sent. */
const fileBytesMax = 50 * 1024 * 1024
/** With `mode: http` Slack is asked this often whether the login stands; that is the proof of life while nobody writes. */
const lookEveryMs = 60_000

/** Opens one app in one workspace: asks who it is, then opens the line or the listener. */
export async function connectSlack(config: SlackConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const realm = realmOf(config.apiRoot)
  const botToken = await readToken(host, 'botToken', /^xox[be][A-Za-z0-9.-]{1,500}$/, newTokens)
  const appToken = config.mode === 'socket' ? await readToken(host, 'appToken', /^xapp-[A-Za-z0-9.-]{1,500}$/, newAppToken) : undefined
  const signingSecret = config.mode === 'http' ? (await host.secret('signingSecret'))?.open('slack deliveries').trim() : undefined
  if (config.mode === 'http' && (signingSecret === undefined || signingSecret.length < 16)) {
    throw new ConnectProblem('Without the signing secret anybody could write in anybody’s name.', { permanent: true, next: 'Copy Signing Secret (Basic Information) to channels.slack.signingSecret, or use mode: socket.' })
  }
  const api = openApi(botToken, realm, host)
  const { self, team, warning } = await whoAmI(api, host)
  const health = createHealthKeeper(host, { detail: `@${self.name} in ${team}`, warning })
  const memory = await loadPlaceMemory(host)
  const uploads = await loadUploads(api, host, realm.acceptsFiles)
  let closing: Promise<void> | undefined
  const handOver = createHandOver({
    host, api, config, self, health, memory, directory: createDirectory(api, host), fetchFiles: createFileFetcher(config.mediaMaxMb, botToken, realm.acceptsFiles, host),
  })
  const stopHearing = appToken === undefined ? await listen(config, host, api, signingSecret ?? '', handOver, health) : await dial(host, appToken, realm, handOver, health)

  async function close(): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))
    await Promise.race([handOver.close(), patience])
    cancel()
    await stopHearing()
    await memory.close()
    health.closed()
  }

  return {
    limits: {
      textLengthMax: config.textChunkLimit, editEveryMs, nonce: false, streaming: config.streaming,
      files: { bytesMax: fileBytesMax, captionMax: config.textChunkLimit }, buttons: { most: buttonsMax, labelMax: buttonLabelMax },
    },
    ...createOutgoing({ api, host, config, self, health, uploads, isClosed: () => closing !== undefined }),
    async probe(signal) {
      try {
        signal.throwIfAborted()
        const answer = await api.auth.test()
        return `@${answer.user ?? self.name} in ${answer.team ?? team}`
      } catch (error) {
        const failure = readFailure(error)
        throw new Problem('slack-unreachable', describeFailure(failure), { next: hint(failure), cause: error })
      }
    },
    close: () => (closing ??= close()),
  }
}

async function readToken(host: ChannelHost, key: 'botToken' | 'appToken', shape: RegExp, next: string): Promise<string> {
  const token = (await host.secret(key))?.open('slack login').trim()
  const which = key === 'botToken' ? 'bot token' : 'app token'
  if (token === undefined || token === '') throw new ConnectProblem(`There is no ${which} for Slack.`, { permanent: true, next })
  // It becomes part of a header: anything but a token's own characters must not get there.
  if (!shape.test(token)) throw new ConnectProblem(`The ${which} does not look like one (${key === 'botToken' ? 'xoxb-…' : 'xapp-…'}).`, { permanent: true, next })
  return token
}

/** Opens the socket and waits until it stands. */
async function dial(host: ChannelHost, appToken: string, realm: Realm, handOver: HandOver, health: HealthKeeper): Promise<() => Promise<void>> {
  const line = openSocketLine({ host, appToken, realm, health, onDelivery: (delivery) => handOver.take(delivery), onReturn: () => handOver.catchUp() })
  let cancelPatience = (): void => {}
  const tooLong = new Promise<never>((_, reject) => {
    cancelPatience = host.clock.after(openPatienceMs, () => reject(new ConnectProblem('Slack’s socket does not answer.', { permanent: false, next: 'Check the connection to the internet.' })))
  })
  try {
    await Promise.race([line.up, tooLong])
  } catch (error) {
    await handOver.close()
    await line.close()
    throw error
  } finally {
    cancelPatience()
  }
  return () => line.close()
}

/** Opens the listener, and asks Slack now and then whether the login stands. */
async function listen(config: SlackConfig, host: ChannelHost, api: WebClient, signingSecret: string, handOver: HandOver, health: HealthKeeper): Promise<() => Promise<void>> {
  const door = await openEventsDoor({
    host, config, signingSecret,
    onDelivery(delivery) {
      health.alive()
      return handOver.take(delivery)
    },
  })
  let stopped = false
  let attempt = 0
  let cancelLook = (): void => {}
  async function look(): Promise<void> {
    try {
      await api.auth.test()
      attempt = 0
      health.works()
      health.alive()
    } catch (error) {
      const failure = readFailure(error)
      const help = helpFor(failure, 'bot')
      attempt += 1
      if (help !== undefined) health.needsYou(help.reason, help.action, 'works')
      else health.retrying(describeFailure(failure), attempt, host.clock.now() + lookEveryMs)
    }
    if (!stopped) cancelLook = host.clock.after(lookEveryMs, () => void look())
  }
  health.alive()
  handOver.catchUp()
  cancelLook = host.clock.after(lookEveryMs, () => void look())
  return async () => {
    stopped = true
    cancelLook()
    await door.close()
  }
}

async function whoAmI(api: WebClient, host: ChannelHost): Promise<{ self: Self; team: string; warning: string | undefined }> {
  try {
    const answer = await withPatience(host, api.auth.test())
    const { user_id: user, team_id: team, enterprise_id: enterprise } = answer
    if (user === undefined || userOf(user) !== user || typeof team !== 'string' || team === '') throw new ForeignAnswer()
    const self: Self = { user, bot: answer.bot_id, name: answer.user ?? 'moltbot', home: { team, enterprise: enterprise ?? undefined } }
    return { self, team: answer.team ?? team, warning: missingScopes(answer.response_metadata?.scopes) }
  } catch (error) {
    if (error instanceof ConnectProblem) throw error
    const failure = readFailure(error)
    const help = helpFor(failure, 'bot')
    if (help !== undefined) {
      host.health({ kind: 'needs-you', reason: help.reason, action: help.action })
      throw new ConnectProblem(help.reason, { permanent: true, next: help.action, cause: error })
    }
    throw new ConnectProblem(describeFailure(failure), { permanent: false, next: hint(failure), cause: error })
  }
}

/** Rejects when the account's own time is over; the SDK has a clock of its own. */
async function withPatience<T>(host: ChannelHost, call: Promise<T>): Promise<T> {
  let cancel = (): void => {}
  const late = new Promise<never>((_, reject) => {
    cancel = host.clock.after(openPatienceMs, () => reject(new ConnectProblem('Slack does not answer.', { permanent: false, next: 'Check the connection to the internet.' })))
  })
  try {
    return await Promise.race([call, late])
  } finally {
    cancel()
  }
}

/** What works worse than it could because the app was given too little. Undefined: nothing, or Slack does not say. */
function missingScopes(given: readonly string[] | undefined): string | undefined {
  if (given === undefined) return undefined
  const wanted: [scope: string, without: string][] = [
    ['chat:write', 'it cannot answer'], ['im:history', 'it hears no direct messages'], ['app_mentions:read', 'it hears no mentions'], ['users:read', 'people have no names'],
    ['files:read', 'it sees no files'], ['files:write', 'it sends no files'], ['reactions:write', 'it cannot react'],
  ]
  const missing = wanted.filter(([scope]) => !given.includes(scope)).map(([scope, without]) => `${scope} (${without})`)
  return missing.length === 0 ? undefined : `The Slack app lacks ${missing.join(', ')}: add it under OAuth & Permissions and install the app again.`
}

function hint(failure: Failure): string {
  if (failure.kind === 'unreached' || failure.kind === 'unanswered') return 'Check the connection to the internet.'
  return helpFor(failure, 'bot')?.action ?? 'Try again in a moment.'
}
