import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { ConnectProblem, Problem, SendProblem, createHealthKeeper, linePause, type ChannelHost, type ChatId, type Connection, type OutgoingFile, type PlatformMessageId } from '@moltbot/contract'
import { fileSign, textOf } from './bluebubbles.ts'
import type { IMessageConfig } from './config.ts'
import { createHandOver } from './hand-over.ts'
import { handleOf, imessageId, messageGuid, readChat } from './imessage-id.ts'
import type { RawMessage } from './incoming.ts'
import { ImsgGone, ImsgProblem, startImsg, type ImsgProcess } from './imsg-process.ts'
import { attachmentsFolder, readMessagesFile } from './messages-file.ts'
import { bytesOf, fileLimits, filePatienceMs, plainName } from './outgoing-file.ts'

/** Under this name it is kept in the account's durable state. */
const stateKey = 'row'
const openPatienceMs = 25_000
const closePatienceMs = 3_000
const pauses = { firstMs: 1_000, maxMs: 30_000, spread: 0 }
/** It is asked this often whether it is still there. */
const knockEveryMs = 30_000
/** `imsg` says that it sent something, and the message itself tells its id when it appears among the others. */
const appearMs = 10_000

const allow = 'On the Mac: System Settings, Privacy & Security, Full Disk Access (and Automation, Messages) for the program the gateway runs in; then moltbot gateway restart.'

interface ImsgMessage {
  id?: unknown; guid?: unknown; sender?: unknown; is_from_me?: unknown; text?: unknown; created_at?: unknown; reply_to_guid?: unknown; chat_guid?: unknown; chat_identifier?: unknown; chat_name?: unknown; is_group?: unknown
  attachments?: { guid?: unknown; mime_type?: unknown; transfer_name?: unknown; total_bytes?: unknown; is_sticker?: unknown; original_path?: unknown }[]
}

/** Under which name a file of one message is asked for; its place on the Mac goes nowhere. */
const fileRef = (index: number): string => `imsg-file-${index}`

/** A message of `imsg` in the common shape. Where its files lie is not in it. */
export function readImsgMessage(message: ImsgMessage): RawMessage {
  const chat = readChat(message.chat_guid) === undefined ? `iMessage;${message.is_group === true ? '+' : '-'};${String(message.chat_identifier)}` : message.chat_guid
  return {
    guid: message.guid, chat, chatName: message.chat_name, handle: message.sender, fromMe: message.is_from_me === true, text: message.text, date: Date.parse(String(message.created_at)), replyTo: message.reply_to_guid,
    attachments: filesOf(message).map((file, index) => ({ guid: typeof file.original_path === 'string' ? fileRef(index) : undefined, mimeType: file.mime_type, name: file.transfer_name, size: file.total_bytes, sticker: file.is_sticker === true })),
    tapback: undefined, balloon: undefined, announcement: false, mentioned: undefined,
  }
}

const filesOf = ({ attachments }: ImsgMessage): NonNullable<ImsgMessage['attachments']> => (Array.isArray(attachments) ? attachments : [])

/** The words of a message; of one that is nothing but a file, the sign in its place. */
function shownText(raw: RawMessage): string {
  const text = typeof raw.text === 'string' ? raw.text.trim() : ''
  return text === '' && raw.attachments.length > 0 ? fileSign : text
}

/** `imsg` takes a file by its path: it lies in a folder that nobody else may read, for as long as that takes. */
async function stage(file: OutgoingFile): Promise<{ path: string; remove(): Promise<void> }> {
  const bytes = await bytesOf(file)
  const folder = await mkdtemp(join(tmpdir(), 'moltbot-'))
  const path = join(folder, plainName(file.fileName))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await writeFile(path, bytes, { mode: 0o600 })
  } catch (error) {
    await remove()
    throw new SendProblem('not-sent', 'There is no room for the file on its way.', { cause: error })
  }
  return { path, remove }
}

/** Opens the account of the Mac's own Messages, through one process of `imsg` after the other. */
export async function connectImsg(config: IMessageConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const { cliPath, dbPath } = config
  if (cliPath === undefined || !isAbsolute(cliPath) || (dbPath !== undefined && !isAbsolute(dbPath))) {
    throw new ConnectProblem('There is neither a BlueBubbles server nor the absolute path of imsg.', { permanent: true, next: 'Set channels.imessage.serverUrl and password, or on a Mac channels.imessage.cliPath (/opt/homebrew/bin/imsg).' })
  }
  const program = cliPath
  const args = ['rpc', ...(dbPath === undefined ? [] : ['--db', dbPath])]
  const own = new Set(config.ownAddresses.flatMap((address) => handleOf(address) ?? []))
  const health = createHealthKeeper(host)
  health.named([...own][0] ?? 'imsg')
  const sent = new Map<string, string>()
  /** Where the files of the message that is being handed over lie. */
  let places = new Map<string, string>()
  const handOver = createHandOver({
    host, config, own,
    async fetchFile(ref, bytesMax) {
      const place = places.get(ref)
      try {
        return place === undefined ? undefined : await readMessagesFile(attachmentsFolder(dbPath), place, bytesMax)
      } catch {
        // The message matters more than its file.
        host.log.info('imessage: a file could not be read')
        return undefined
      }
    },
    original: async (guid) => (sent.has(guid) ? { text: sent.get(guid) ?? '', fromUs: true, handle: undefined } : undefined),
  })
  const appearing = new Set<{ chat: string; text: string; resolve(guid: string): void }>()
  const kept = Number(await host.state.get(stateKey))
  let row: number | undefined = Number.isSafeInteger(kept) && kept > 0 ? kept : undefined
  let running: ImsgProcess | undefined
  let queue: Promise<void> = Promise.resolve()
  let attempt = 0
  let closing: Promise<void> | undefined
  let cancelTimer = (): void => {}
  let settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const up = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  up.catch(() => undefined) // Nobody may be waiting any more.

  function start(): void {
    if (closing !== undefined) return
    const mine = startImsg(program, args, host, (method, params) => {
      if (running === mine && method === 'message') hear((params as { message?: ImsgMessage } | undefined)?.message ?? {}, mine)
    })
    running = mine
    void mine.exited.then((words) => {
      if (running === mine) lose(words === '' ? 'imsg ended.' : `imsg ended (${words.split('\n').at(-1)?.slice(0, 120) ?? ''}).`)
    })
    subscribe(mine).catch((error: unknown) => {
      if (running !== mine || error instanceof ImsgGone) return
      lose(error instanceof Error ? error.message : 'imsg refused.')
    })
  }

  async function subscribe(mine: ImsgProcess): Promise<void> {
    const since = row ?? (await newestRow(mine))
    await mine.call('watch.subscribe', { since_rowid: since, attachments: true })
    if (running !== mine) return
    row ??= since
    attempt = 0
    health.works()
    health.alive()
    settle.resolve()
    knock(mine)
  }

  /** Where a new account begins: what was said before is none of its business. */
  async function newestRow(mine: ImsgProcess): Promise<number> {
    const { chats } = ((await mine.call('chats.list', { limit: 1 })) ?? {}) as { chats?: { id?: unknown }[] }
    const chat = chats?.[0]?.id
    if (!Number.isSafeInteger(chat)) return 0
    const { messages } = ((await mine.call('messages.history', { chat_id: chat, limit: 1 })) ?? {}) as { messages?: { id?: unknown }[] }
    const newest = messages?.[0]?.id
    return Number.isSafeInteger(newest) ? (newest as number) : 0
  }

  function knock(mine: ImsgProcess): void {
    cancelTimer()
    cancelTimer = host.clock.after(knockEveryMs, () => {
      mine.call('chats.list', { limit: 1 }).then(
        () => {
          if (running !== mine) return
          health.alive()
          knock(mine)
        },
        () => {
          if (running === mine) lose('imsg does not answer.')
        },
      )
    })
  }

  function lose(reason: string): void {
    const broken = running
    running = undefined
    cancelTimer()
    void broken?.stop()
    if (closing !== undefined) return
    attempt += 1
    const pauseMs = linePause(attempt, host.clock.now(), pauses)
    if (/authorization denied|unable to open database|full disk access|operation not permitted/i.test(reason)) health.needsYou('The Mac does not let imsg read Messages.', allow, 'works')
    else if (/ENOENT|EACCES/.test(reason)) health.needsYou('There is no imsg at channels.imessage.cliPath.', 'Install it (brew install steipete/tap/imsg) and correct channels.imessage.cliPath.', 'works')
    else health.retrying(reason, attempt, host.clock.now() + pauseMs)
    cancelTimer = host.clock.after(pauseMs, start)
  }

  function hear(message: ImsgMessage, mine: ImsgProcess): void {
    health.alive()
    const raw = readImsgMessage(message)
    const guid = messageGuid(raw.guid)
    if (raw.fromMe && guid !== undefined) {
      for (const each of appearing) if (each.chat === raw.chat && each.text === shownText(raw)) {
        appearing.delete(each)
        each.resolve(guid)
        break
      }
    }
    queue = queue.then(async () => {
      if (running !== mine || (row !== undefined && Number(message.id) <= row)) return
      places = new Map(filesOf(message).flatMap(({ original_path: place }, index) => (typeof place === 'string' ? [[fileRef(index), place] as const] : [])))
      await handOver.take(raw)
      if (!Number.isSafeInteger(message.id)) return
      row = message.id as number
      await host.state.set(stateKey, String(row))
    }).catch((error: unknown) => {
      // Nothing may overtake it: all that was not durable is asked for again.
      if (running === mine && closing === undefined) lose(error instanceof Error ? error.message : 'A message could not be taken.')
    })
  }

  async function close(): Promise<void> {
    cancelTimer()
    const last = running
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))
    await Promise.race([handOver.close().then(() => queue), patience])
    cancel()
    running = undefined
    settle.reject(new ConnectProblem('imsg could not be started.', { permanent: false, next: allow }))
    await last?.stop()
    health.closed()
  }

  start()
  let cancelPatience = (): void => {}
  const late = new Promise<never>((_, reject) => {
    cancelPatience = host.clock.after(openPatienceMs, () => reject(new ConnectProblem('imsg does not answer.', { permanent: false, next: `Try it by hand: ${program} chats. ${allow}` })))
  })
  try {
    await Promise.race([up, late])
  } catch (error) {
    closing = close()
    await closing
    throw error
  } finally {
    cancelPatience()
  }

  return {
    limits: { textLengthMax: config.textChunkLimit, nonce: false, streaming: config.streaming, files: fileLimits },
    async send(chat, message, wish) {
      if (closing !== undefined || running === undefined) throw new SendProblem('not-sent', 'imsg does not run.')
      if (wish.aborted) throw new SendProblem('not-sent', 'The send was called off.')
      const place = readChat(chat.chat)
      if (place === undefined) throw new SendProblem('never', 'This is no place on iMessage.')
      const { file } = message
      if (file !== undefined && message.markdown.trim() !== '') throw new SendProblem('never', 'Messages takes no words beside a file.')
      const text = file === undefined ? textOf(message.markdown) : fileSign
      const staged = file === undefined ? undefined : await stage(file)
      const target = place.group ? { chat_guid: chat.chat } : { to: place.identifier, region: config.region }
      handOver.sending(chat.chat, text)
      let appeared: (guid: string) => void = () => {}
      const appearance = new Promise<string>((resolve) => (appeared = resolve))
      const entry = { chat: String(chat.chat), text: text.trim(), resolve: appeared }
      appearing.add(entry)
      let cancel = (): void => {}
      try {
        const answer = (await running.call('send', { ...target, ...(staged === undefined ? { text } : { file: staged.path }), service: config.service }, wish, staged === undefined ? undefined : filePatienceMs)) as { ok?: unknown; guid?: unknown } | undefined
        if (answer?.ok !== true) throw new ImsgGone(false)
        health.works()
        const late = new Promise<undefined>((resolve) => (cancel = host.clock.after(appearMs, () => resolve(undefined))))
        const guid = messageGuid(answer.guid) ?? (await Promise.race([appearance, late])) ?? `sent-${message.key}`
        sent.set(guid, text)
        const oldest = sent.size > 500 ? sent.keys().next().value : undefined
        if (oldest !== undefined) sent.delete(oldest)
        return guid as PlatformMessageId
      } catch (error) {
        if (error instanceof ImsgGone) throw new SendProblem(error.before ? 'not-sent' : 'unknown', error.message, { cause: error })
        throw new SendProblem(error instanceof ImsgProblem ? 'never' : 'unknown', error instanceof Error ? error.message : 'imsg refused.', { cause: error })
      } finally {
        cancel()
        appearing.delete(entry)
        await staged?.remove()
      }
    },
    async openDirect(sender) {
      const handle = handleOf(sender)
      if (handle === undefined || handle !== sender) throw new SendProblem('never', 'On iMessage only people with a number or an e-mail address can be written to.')
      return { channel: imessageId, account: host.account, chat: `iMessage;-;${handle}` as ChatId, kind: 'direct' }
    },
    async probe(signal) {
      try {
        if (running === undefined) throw new ImsgGone(true)
        await running.call('chats.list', { limit: 1 }, signal)
        return [...own][0] ?? 'imsg'
      } catch (error) {
        throw new Problem('imessage-unreachable', error instanceof Error ? error.message : 'imsg does not answer.', { next: allow, cause: error })
      }
    },
    close: () => (closing ??= close()),
  }
}
