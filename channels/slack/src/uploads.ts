import type { WebClient } from '@slack/web-api'
import { describeError, Problem, SendProblem, type ChannelHost, type DeliveryKey, type OutgoingFile } from '@moltbot/contract'
import { ForeignAnswer, readFailure, toSendProblem } from './failures.ts'
import { isTimestamp } from './slack-id.ts'

/** Under this name it is kept in the account's durable state. */
const stateKey = 'uploads'
/** Uploads whose message may still be asked for. */
const kept = 200
/** A file of fifty megabytes over a slow line. */
const uploadPatienceMs = 180_000
/** Slack shows the message of a file a moment after it took the file: how long it is waited for, in pauses, ms. */
const pausesMs = [0, 300, 700, 1_500, 3_000, 6_000]
const lookBack = 30

interface Upload { key: string; file: string; channel: string; thread: string | undefined; taken: boolean }
export interface FileToSend { key: DeliveryKey; file: OutgoingFile; text: string; channel: string; thread: string | undefined }

/**
 * Files on their way to Slack. What is shared is a file, not a message: the message has no key of ours. So which file belongs to which
 * delivery is written down before Slack is asked to show it, and the file tells afterwards whether it was.
 */
export interface Uploads {
  /** Sends a file; resolves with the message's timestamp. Under a key that was shown before it only says where. */
  send(wish: FileToSend): Promise<string>
  /** `none`: no file of that key was ever about to be shown. `absent`: it certainly was not. Rejects when Slack does not tell. */
  find(key: DeliveryKey): Promise<{ kind: 'none' | 'absent' } | { kind: 'sent'; id: string }>
}

export async function loadUploads(api: WebClient, host: ChannelHost, acceptsFiles: (url: string) => boolean): Promise<Uploads> {
  let uploads = parse(await host.state.get(stateKey))

  async function write(upload: Upload): Promise<void> {
    uploads = [...uploads.filter((one) => one.key !== upload.key), upload].slice(-kept)
    await host.state.set(stateKey, JSON.stringify(uploads))
  }

  /** Where a file of ours is shown; undefined: nowhere yet. */
  async function shownAt({ file, channel, thread }: Upload): Promise<string | undefined> {
    const byFile = await unlessRefused(async () => {
      const { shares } = (await api.files.info({ file })).file ?? {}
      return [...(shares?.private?.[channel] ?? []), ...(shares?.public?.[channel] ?? [])].map(({ ts }) => ts).find(isTimestamp)
    })
    // Without the scope files:read, and in some shared channels, the file itself does not say; the chat does.
    return byFile ?? unlessRefused(async () => {
      const { messages } = thread === undefined ? await api.conversations.history({ channel, limit: lookBack }) : await api.conversations.replies({ channel, ts: thread, limit: lookBack })
      return messages?.find((message) => message.files?.some((one) => one.id === file))?.ts
    })
  }

  /** Undefined where Slack does not let us look. */
  async function unlessRefused<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await look()
    } catch (error) {
      if (readFailure(error).kind === 'answer') return undefined
      throw error
    }
  }

  async function waitFor(upload: Upload, pauses: readonly number[]): Promise<string | undefined> {
    for (const pauseMs of pauses) {
      if (pauseMs > 0) await new Promise<void>((resolve) => void host.clock.after(pauseMs, resolve))
      const found = await shownAt(upload)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Hands the bytes over. Nobody sees them yet: whatever goes wrong here, nothing was sent. */
  async function upload({ file }: FileToSend): Promise<string> {
    const bytes = await readBytes(file)
    const controller = new AbortController()
    const cancel = host.clock.after(uploadPatienceMs, () => controller.abort())
    try {
      const { upload_url: url, file_id: id } = await api.files.getUploadURLExternal({ filename: file.fileName, length: bytes.length })
      if (typeof url !== 'string' || typeof id !== 'string' || !/^F[A-Z0-9]{2,30}$/.test(id) || !acceptsFiles(url)) throw new ForeignAnswer()
      const answer = await host.fetch(url, { method: 'POST', body: bytes as Uint8Array<ArrayBuffer>, redirect: 'error', signal: controller.signal, headers: { 'content-type': 'application/octet-stream' } })
      await answer.arrayBuffer()
      if (!answer.ok) throw new SendProblem('not-sent', `Slack’s file host answered with HTTP ${answer.status}.`)
      return id
    } catch (error) {
      if (error instanceof SendProblem || readFailure(error).kind === 'answer') throw error
      const problem = toSendProblem(error)
      throw new SendProblem('not-sent', problem.message, { ...(problem.retryAfterMs === undefined ? {} : { retryAfterMs: problem.retryAfterMs }), cause: error })
    } finally {
      cancel()
    }
  }

  return {
    async send(wish) {
      const { key, file, text, channel, thread } = wish
      const before = uploads.find((one) => one.key === key)
      const shown = before === undefined ? undefined : await shownAt(before)
      if (shown !== undefined) return shown
      const mine: Upload = { key, file: await upload(wish), channel, thread, taken: false }
      await write(mine)
      const files: [{ id: string; title: string }] = [{ id: mine.file, title: file.fileName }]
      const words = text === '' ? {} : { initial_comment: text }
      await (thread === undefined ? api.files.completeUploadExternal({ files, channel_id: channel, ...words }) : api.files.completeUploadExternal({ files, channel_id: channel, thread_ts: thread, ...words }))
      let id: string | undefined
      try {
        await write({ ...mine, taken: true })
        id = await waitFor(mine, pausesMs)
      } catch (error) {
        // What fails after Slack took the file cannot undo that.
        throw new SendProblem('unknown', toSendProblem(error).message, { cause: error })
      }
      if (id === undefined) throw new SendProblem('unknown', 'Slack took the file and does not show it yet.')
      return id
    },
    async find(key) {
      const upload = uploads.find((one) => one.key === key)
      if (upload === undefined) return { kind: 'none' }
      const id = await waitFor(upload, pausesMs.slice(0, 5))
      if (id !== undefined) return { kind: 'sent', id }
      if (upload.taken) throw new Problem('slack-history-unclear', 'Slack took the file and does not show it.', { next: 'Look into the chat.' })
      return { kind: 'absent' }
    },
  }
}

async function readBytes(file: OutgoingFile): Promise<Uint8Array> {
  try {
    return await file.bytes()
  } catch (error) {
    if (error instanceof SendProblem) throw error
    throw new SendProblem('never', describeError(error), { cause: error })
  }
}

/** What was kept, as far as it is usable: another version, or nobody, may have written it. */
function parse(text: string | undefined): Upload[] {
  try {
    const value = JSON.parse(text ?? '[]') as unknown
    if (!Array.isArray(value)) return []
    return (value as Partial<Upload>[]).flatMap((one) =>
      (typeof one?.key === 'string' && typeof one.file === 'string' && typeof one.channel === 'string' ? [{ key: one.key, file: one.file, channel: one.channel, thread: one.thread, taken: one.taken === true }] : []))
  } catch {
    // Not ours: begin as if there had been nothing.
    return []
  }
}
