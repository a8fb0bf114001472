import type { ServerResponse } from 'node:http'
import { BotApiError } from './bot-api-error.ts'
import type { Call, Json, JsonObject } from './types.ts'

interface Waiting { offset: number; limit: number; response: ServerResponse; call: Call; cancel: () => void }
interface Stored { update: JsonObject; kind: string; lane: string }
const optInUpdates = new Set(['chat_member', 'message_reaction', 'message_reaction_count'])

export interface UpdateQueueOptions {
  longPollMaxMs: number
  webhookRetryMs: number
  /** Runs a task later; returns how to call it off. */
  later(ms: number, task: () => void): () => void
  /** Something happened that somebody may wait for. */
  changed(): void
  answer(response: ServerResponse, call: Call, result: Json): void
  fail(response: ServerResponse, call: Call, error: BotApiError): void
}

export interface UpdateQueue {
  /** Any update as it is; the id is added unless `update_id` is given. */
  inject(update: JsonObject): number
  redeliver(updateId?: number): number
  getUpdates(payload: JsonObject, response: ServerResponse, call: Call): void
  setWebhook(payload: JsonObject): true
  deleteWebhook(payload: JsonObject): true
  webhookInfo(): JsonObject
  /** Ends the poll that waits, if one does. */
  endPoll(error: BotApiError): boolean
  conflict(times: number): void
  deafen(on: boolean): void
  unconfirmed(): number[]
  isConfirmed(updateId: number): boolean
  counts(): { updates: number; confirmed: number; webhookDeliveries: number; webhookRejected: number }
  close(): void
}

/** What happened and the bot has not confirmed yet, given out by long polls or to a webhook. */
export function createUpdateQueue({ longPollMaxMs, webhookRetryMs, later, changed, answer, fail }: UpdateQueueOptions): UpdateQueue {
  const queue: Stored[] = []
  const everything = new Map<number, Stored>()
  const confirmed = new Set<number>()
  let waiting: Waiting | undefined
  let conflicts = 0
  let deaf = false
  let lastUpdateId = 1_000_000
  let allowed: Set<string> | undefined
  let webhook: { url: string; secret: string | undefined; connections: number } | undefined
  let webhookDeliveries = 0
  let webhookRejected = 0
  const delivering = new Set<string>()
  let lastWebhookError: { at: number; message: string } | undefined
  let closed = false

  function inject(update: JsonObject): number {
    const given = update.update_id
    const id = typeof given === 'number' ? given : ++lastUpdateId
    lastUpdateId = Math.max(lastUpdateId, id)
    const kind = Object.keys(update).find((name) => name !== 'update_id') ?? 'unknown'
    const inner = update[kind] as JsonObject | undefined
    const chat = ((inner?.chat ?? (inner?.message as JsonObject | undefined)?.chat) as JsonObject | undefined)?.id
    const stored: Stored = { update: { update_id: id, ...update }, kind, lane: String(chat ?? 'none') }
    everything.set(id, stored)
    const listed = allowed === undefined ? !optInUpdates.has(kind) : allowed.has(kind)
    const known = ['message', 'edited_message', 'channel_post', 'edited_channel_post', 'callback_query', 'my_chat_member', 'message_reaction', 'inline_query', 'poll', 'chat_member'].includes(kind)
    // Kinds nobody asked for are never delivered; kinds this fake does not know are (they stand for the unknown).
    if (listed || !known) queue.push(stored)
    else confirmed.add(id)
    serveWaiting()
    pumpWebhook()
    changed()
    return id
  }

  function confirmBelow(offset: number): void {
    while (queue[0] !== undefined && Number(queue[0].update.update_id) < offset) confirmed.add(Number(queue.shift()?.update.update_id))
  }

  function batch(offset: number, limit: number): JsonObject[] {
    if (offset < 0) return queue.slice(offset).map((stored) => stored.update)
    confirmBelow(offset)
    return queue.slice(0, limit).map((stored) => stored.update)
  }

  function serveWaiting(): void {
    if (waiting === undefined || deaf || queue.length === 0) return
    const { offset, limit, response, call, cancel } = waiting
    waiting = undefined
    cancel()
    answer(response, call, batch(offset, limit) as Json)
  }

  function getUpdates(payload: JsonObject, response: ServerResponse, call: Call): void {
    if (webhook !== undefined) throw new BotApiError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    if (conflicts > 0) {
      conflicts -= 1
      throw otherPoll()
    }
    const offset = Number(payload.offset ?? 0)
    const limit = Math.min(100, Math.max(1, Number(payload.limit ?? 100)))
    if (Array.isArray(payload.allowed_updates)) allowed = payload.allowed_updates.length === 0 ? undefined : new Set(payload.allowed_updates.map(String))
    endPoll(otherPoll())
    confirmBelow(offset)
    changed()
    const updates = deaf ? [] : batch(offset, limit)
    const holdMs = deaf ? Number.POSITIVE_INFINITY : Math.min(Number(payload.timeout ?? 0) * 1_000, longPollMaxMs)
    if (updates.length > 0 || holdMs === 0) return answer(response, call, updates as Json)
    const gone = (): void => {
      if (waiting === mine) waiting = undefined
      cancelTimer()
    }
    const cancelTimer = Number.isFinite(holdMs)
      ? later(holdMs, () => {
          if (waiting === mine) waiting = undefined
          response.off('close', gone)
          answer(response, call, [])
        })
      : () => {}
    const mine: Waiting = { offset, limit, response, call, cancel: () => { cancelTimer(); response.off('close', gone) } }
    waiting = mine
    response.on('close', gone)
  }

  /** One update of a chat at a time, several chats side by side, again and again until it is taken. */
  function pumpWebhook(): void {
    if (webhook === undefined || closed) return
    for (const stored of queue) {
      if (delivering.size >= webhook.connections) return
      if (delivering.has(stored.lane)) continue
      delivering.add(stored.lane)
      void deliver(stored, webhook.url, webhook.secret)
    }
  }

  async function deliver(stored: Stored, url: string, secret: string | undefined): Promise<void> {
    webhookDeliveries += 1
    let taken = false
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(secret === undefined ? {} : { 'x-telegram-bot-api-secret-token': secret }) },
        body: JSON.stringify(stored.update),
        signal: AbortSignal.timeout(60_000),
      })
      await response.arrayBuffer()
      taken = response.ok
      if (!taken) lastWebhookError = { at: Math.floor(Date.now() / 1_000), message: `Wrong response from the webhook: ${response.status} ${response.statusText}` }
    } catch (error) {
      lastWebhookError = { at: Math.floor(Date.now() / 1_000), message: `Connection failed: ${String(error)}` }
    }
    if (taken) {
      const index = queue.indexOf(stored)
      if (index !== -1) queue.splice(index, 1)
      confirmed.add(Number(stored.update.update_id))
    } else {
      webhookRejected += 1
    }
    changed()
    const proceed = (): void => {
      delivering.delete(stored.lane)
      pumpWebhook()
    }
    if (taken) proceed()
    else if (!closed) later(webhookRetryMs, proceed)
  }

  function endPoll(error: BotApiError): boolean {
    if (waiting === undefined) return false
    const { response, call, cancel } = waiting
    waiting = undefined
    cancel()
    fail(response, call, error)
    return true
  }

  function deleteWebhook(payload: JsonObject): true {
    if (payload.drop_pending_updates === true) confirmBelow(Number.MAX_SAFE_INTEGER)
    webhook = undefined
    return true
  }

  return {
    inject,
    redeliver(updateId) {
      const last = updateId ?? [...everything.values()].filter((stored) => stored.kind === 'message').map((stored) => Number(stored.update.update_id)).at(-1)
      const stored = last === undefined ? undefined : everything.get(last)
      if (stored === undefined) throw new Error('there is nothing to deliver again')
      const { update_id: _, ...update } = stored.update
      return inject(update)
    },
    getUpdates,
    setWebhook(payload) {
      const url = String(payload.url ?? '')
      if (url === '') return deleteWebhook(payload)
      // Telegram itself takes https only; loopback is allowed here, because this server never leaves it.
      if (!url.startsWith('https://') && !/^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url)) throw new BotApiError(400, 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook')
      if (payload.drop_pending_updates === true) confirmBelow(Number.MAX_SAFE_INTEGER)
      if (Array.isArray(payload.allowed_updates)) allowed = payload.allowed_updates.length === 0 ? undefined : new Set(payload.allowed_updates.map(String))
      webhook = { url, secret: payload.secret_token === undefined ? undefined : String(payload.secret_token), connections: Number(payload.max_connections ?? 40) }
      setImmediate(pumpWebhook)
      return true
    },
    deleteWebhook,
    webhookInfo: () => ({
      url: webhook?.url ?? '', has_custom_certificate: false, pending_update_count: queue.length,
      ...(lastWebhookError === undefined ? {} : { last_error_date: lastWebhookError.at, last_error_message: lastWebhookError.message }),
    }),
    endPoll,
    conflict(times) {
      conflicts = times
      if (times > 0 && endPoll(otherPoll())) conflicts -= 1
    },
    deafen(on) {
      deaf = on
      if (on && waiting !== undefined) {
        const { response, call, cancel } = waiting
        cancel()
        // Keep it open and silent.
        waiting = { offset: waiting.offset, limit: waiting.limit, response, call, cancel: () => {} }
        const mine = waiting
        response.on('close', () => {
          if (waiting === mine) waiting = undefined
        })
      }
      if (!on) serveWaiting()
    },
    unconfirmed: () => queue.map((stored) => Number(stored.update.update_id)),
    isConfirmed: (updateId) => confirmed.has(updateId),
    counts: () => ({ updates: everything.size, confirmed: confirmed.size, webhookDeliveries, webhookRejected }),
    close: () => void (closed = true),
  }
}

const otherPoll = (): BotApiError => new BotApiError(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running')
