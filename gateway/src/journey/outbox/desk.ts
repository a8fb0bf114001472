import { describeError, type ChatRef, type Clock, type DeliveryId, type Logger, type NewId, type PlatformMessageId, type Principal, type Store, type TurnId, type Tx } from '@moltbot/contract'
import type { Connections } from '../../foundation/connections/types.ts'
import { createChatLanes, type ChatLanes } from './chat-lanes.ts'
import { createDeliveries, type Deliveries, type StoredDelivery } from './deliveries.ts'
import { createKeptFiles, type KeptFiles } from './kept-files.ts'
import { createPatience, type Patience } from './patience.ts'
import type { DeliveryRow } from './types.ts'

/** What the outbox is handed. */
export interface OutboxOptions {
  store: Store
  clock: Clock
  newId: NewId
  log: Logger
  connections: Connections
  /** A number in [0, 1) for jitter. */
  random(): number
  /** Whether answers in this place are shown while they are being written. */
  streaming(chat: ChatRef): boolean
  /** What does not go out for now; it is taken up again by `release`. */
  holds(row: DeliveryRow): boolean
  files: {
    /** Where the bytes of files wait. Made when the first one comes. */
    folder: string
    /** The file is fetched from here later: it stays until its conversation is forgotten. */
    stay(chat: ChatRef): boolean
  }
  /** The network's name for people. */
  label(chat: ChatRef): string
  /** Runs in the commit in which the last part of a turn or reply is settled. */
  settled(tx: Tx, delivery: DeliveryRow, all: readonly DeliveryRow[]): Promise<void>
}

/** The part of a turn the outbox needs. */
export interface ReplyTarget {
  id: TurnId
  principal: Principal
  chat: ChatRef
  replyTo: PlatformMessageId | null
}

/** What the pieces of the outbox work with: what it was handed, and what this process knows of deliveries beyond their rows. */
export interface OutboxDesk extends OutboxOptions {
  deliveries: Deliveries
  keptFiles: KeptFiles
  lanes: ChatLanes
  patience: Patience
  /** Parts this process wrote itself: for them `sending` without an id means "not tried yet", for others "uncertain". */
  ours: Map<DeliveryId, StoredDelivery>
  /** Messages known to stand on the network, also while the store could not be told. */
  standing: Map<DeliveryId, PlatformMessageId>
  /** Removes files in the background. */
  letGo(work: Promise<void>): void
}

export function openDesk(options: OutboxOptions): OutboxDesk {
  const { clock, log, connections } = options
  const deliveries = createDeliveries(options)
  return {
    ...options,
    deliveries,
    keptFiles: createKeptFiles(options.files.folder, deliveries.needsFile),
    lanes: createChatLanes(log),
    patience: createPatience(clock, connections),
    ours: new Map(),
    standing: new Map(),
    letGo: (work) => void work.catch((error: unknown) => log.warn('Files nobody needs any more could not be removed; they are at the next start.', { error: describeError(error) })),
  }
}

/** How much one message may hold in this place. Where it can't be reached just now, the usual. */
export function limitsOf({ connections }: Pick<OutboxDesk, 'connections'>, chat: ChatRef): { max: number; lines: number } {
  const limits = connections.of(chat)?.limits
  return { max: limits?.textLengthMax ?? 4_000, lines: limits?.linesMax ?? Number.POSITIVE_INFINITY }
}
