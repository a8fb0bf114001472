import type { ChannelHealth, ChannelHost, ChannelNotice } from '../channel.ts'
import type { Clock, Logger } from '../clock.ts'
import type { AccountId, InboxId } from '../ids.ts'
import { defaultAccount } from '../ids.ts'
import type { IncomingMessage, Receipt } from '../message.ts'
import { Problem } from '../problem.ts'
import { Secret } from '../secret.ts'
import { memoryLogger, realClock } from './fake-clock.ts'

/** One hand-over as the host saw it. */
export interface Received {
  message: IncomingMessage
  /** How it ended; undefined while it is running. */
  outcome: Receipt | Error | undefined
}

/** A gateway as one account of a channel sees it: keeps what it is told, refuses or waits when asked to. */
export interface TestHost extends ChannelHost {
  log: Logger & { lines: { level: string; message: string; facts?: Record<string, unknown> }[] }
  /** Every call of `receive`, in order, repetitions included. */
  calls: Received[]
  /** The messages taken for the first time, in order. */
  taken: IncomingMessage[]
  /** Every report of health, in order. */
  reports: ChannelHealth[]
  notices: ChannelNotice[]
  /** The durable values; hand them to the next host to play a restart. */
  memory: Map<string, string>
  sealed: NonNullable<ChannelHost['sealed']>
  /** How many hand-overs of one chat ran at once at most, by chat. */
  overlap: Map<string, number>
  /** The next `times` hand-overs reject, as when the store is full. */
  rejectNext(times: number): void
  /** The next hand-over is refused for good (too large). */
  refuseNext(): void
  /** Hand-overs wait until the returned function is called. */
  hold(): () => void
  /** Resolves as soon as the condition holds; looked at after every event. Rejects after `timeoutMs` with what was waited for. */
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
}

export interface TestHostOptions {
  account?: AccountId
  secrets?: Record<string, string>
  /** What an earlier host kept. */
  memory?: Map<string, string>
  /** What is sealed: the same map is the same vault, before and after a restart. */
  sealed?: Map<string, string>
  /** Messages an earlier host took: they are known as repetitions. */
  known?: Set<string>
  clock?: Clock
  commands?: ChannelHost['commands']
  films?: boolean
}

const identity = (message: IncomingMessage, id: string = message.id): string => JSON.stringify([message.chat.channel, message.chat.account, message.chat.chat, id])

export function createTestHost(options: TestHostOptions = {}): TestHost {
  const known = options.known ?? new Set<string>()
  const memory = options.memory ?? new Map<string, string>()
  const sealed = options.sealed ?? new Map<string, string>()
  const running = new Map<string, number>()
  const watchers = new Set<() => void>()
  let rejections = 0
  let refusals = 0
  let gate: Promise<void> | undefined
  let lastId = 0
  const changed = (): void => {
    for (const watcher of watchers) watcher()
  }

  const host: TestHost = {
    account: options.account ?? defaultAccount,
    clock: options.clock ?? realClock,
    log: memoryLogger(),
    fetch: globalThis.fetch,
    async media({ url, bytesMax, signal, headers, secretHeader, json }) {
      const post = json === undefined ? {} : { method: 'POST', body: json }
      const type: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' }
      const response = await host.fetch(url, { ...post, signal, redirect: 'error', headers: { ...type, ...headers, ...(secretHeader === undefined ? {} : { [secretHeader.name]: secretHeader.value }) } })
      const bytes: Uint8Array[] = []
      let size = 0
      for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        size += piece.length
        if (size > bytesMax) throw new Problem('egress-too-large', 'It is larger than allowed.')
        bytes.push(piece)
      }
      return { ok: response.ok, contentType: response.headers.get('content-type') ?? '', bytes: Buffer.concat(bytes) }
    },
    calls: [],
    taken: [],
    reports: [],
    notices: [],
    memory,
    overlap: new Map(),
    async receive(message) {
      const call: Received = { message: structuredClone(message), outcome: undefined }
      host.calls.push(call)
      const { chat } = message.chat
      running.set(chat, (running.get(chat) ?? 0) + 1)
      host.overlap.set(chat, Math.max(host.overlap.get(chat) ?? 0, running.get(chat) ?? 0))
      const rejected = rejections > 0
      if (rejected) rejections -= 1
      const refused = !rejected && refusals > 0
      if (refused) refusals -= 1
      changed()
      try {
        await gate
        await Promise.resolve()
        if (rejected) throw new Error('the store is full')
        const receipt: Receipt = refused ? { kind: 'refused', reason: 'too large' }
          : known.has(identity(message)) ? { kind: 'duplicate', id: 'in0' as InboxId }
          : { kind: 'accepted', id: `in${++lastId}` as InboxId }
        if (receipt.kind === 'accepted') {
          for (const id of [message.id, ...(message.joinedIds ?? [])]) known.add(identity(message, id))
          host.taken.push(call.message)
        }
        call.outcome = receipt
        return receipt
      } catch (error) {
        call.outcome = error as Error
        throw error
      } finally {
        running.set(chat, (running.get(chat) ?? 1) - 1)
        changed()
      }
    },
    secret: async (key) => {
      const value = options.secrets?.[key]
      return value === undefined ? undefined : new Secret(key, value)
    },
    state: {
      get: async (key) => memory.get(key),
      set: async (key, value) => {
        if (value.length > 65_536) throw new Error('a state value may have 64 KiB')
        memory.set(key, value)
        changed()
      },
    },
    sealed: {
      get: async (names) => new Map(names.flatMap((name) => (sealed.has(name) ? [[name, sealed.get(name) as string]] : []))),
      set: async (values) => {
        for (const [name, value] of values) {
          if (value === undefined) sealed.delete(name)
          else sealed.set(name, value)
        }
      },
      clear: async () => sealed.clear(),
    },
    health(report) {
      host.reports.push(report)
      changed()
    },
    notice(notice) {
      host.notices.push(notice)
      changed()
    },
    rejectNext: (times) => void (rejections = times),
    refuseNext: () => void (refusals += 1),
    hold() {
      let open = (): void => {}
      const mine = new Promise<void>((resolve) => (open = resolve))
      gate = mine
      return () => {
        if (gate === mine) gate = undefined
        open()
      }
    },
    until(condition, what, timeoutMs = 60_000) {
      if (condition()) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!condition()) return
          watchers.delete(look)
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(() => {
          // A starved machine runs the timer before what already arrived: look once more after that.
          setImmediate(() => {
            look()
            if (watchers.delete(look)) reject(new Error(`waited ${timeoutMs} ms in vain for ${what}; health: ${JSON.stringify(host.reports.at(-1))}; log: ${JSON.stringify(host.log.lines.slice(-3))}`))
          })
        }, timeoutMs)
        watchers.add(look)
      })
    },
  }
  if (options.films !== undefined) host.films = options.films
  if (options.commands !== undefined) host.commands = options.commands
  return host
}
