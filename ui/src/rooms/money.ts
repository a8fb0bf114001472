import { fields, list, words } from '../wire.ts'

interface Sum { tokens: number; costUsd: number; unpriced: number }
export interface Cost { days: ({ date: string } & Sum)[]; totals: Sum }
export interface Cap {
  scope: string
  id: string
  period: string
  /** Its place in the configuration. */
  path: string
  capUsd: number
  spentUsd: number
  leftUsd: number
  /** Epoch ms; undefined: never. */
  resetsAt?: number
}
export interface Spend { today: string; rows: { name: string; calls: number; tokens: number; costUsd: number; unpriced: number }[]; caps: Cap[] }

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

function readSum(value: unknown): Sum {
  const raw = fields(value)
  return { tokens: number(raw['totalTokens']), costUsd: number(raw['totalCost']), unpriced: number(raw['missingCostEntries']) }
}

/** A `usage.cost` answer; days in the order of the calendar. */
export function readCost(payload: unknown): Cost {
  const raw = fields(payload)
  return {
    days: list(raw['daily']).flatMap((value) => {
      const date = words(fields(value)['date'])
      return date === undefined ? [] : [{ date, ...readSum(value) }]
    }).toSorted((a, b) => a.date.localeCompare(b.date)),
    totals: readSum(raw['totals']),
  }
}

/** A `usage.spend` answer; what cost most first. */
export function readSpend(payload: unknown): Spend {
  const raw = fields(payload)
  return {
    today: words(raw['today']) ?? '',
    rows: list(raw['rows']).map((value) => {
      const row = fields(value)
      const tokens = ['input', 'output', 'cacheRead', 'cacheWrite'].reduce((sum, name) => sum + number(row[name]), 0)
      return { name: words(row['name']) ?? '', calls: number(row['calls']), tokens, costUsd: number(row['costUsd']), unpriced: number(row['unpriced']) }
    }).toSorted((a, b) => b.costUsd - a.costUsd || b.tokens - a.tokens),
    caps: list(raw['caps']).map((value) => {
      const cap = fields(value)
      return {
        scope: words(cap['scope']) ?? '', id: words(cap['id']) ?? '', period: words(cap['period']) ?? '', path: words(cap['path']) ?? '',
        capUsd: number(cap['capUsd']), spentUsd: number(cap['spentUsd']), leftUsd: number(cap['leftUsd']),
        ...(typeof cap['resetsAt'] === 'number' ? { resetsAt: cap['resetsAt'] } : {}),
      }
    }),
  }
}
