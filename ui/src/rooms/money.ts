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
/** One entry a day, oldest first, none left out. A part is what one name cost; null: everything else. */
export type SpendDays = { date: string; parts: Map<string | null, { tokens: number; costUsd: number }> }[]
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

function tokensOf(row: Record<string, unknown>): number {
  return ['input', 'output', 'cacheRead', 'cacheWrite'].reduce((sum, name) => sum + number(row[name]), 0)
}

/** A `usage.daily` answer, with the days on which nothing was spent. `others`: there is a part for everything else. */
export function readDaily(payload: unknown): { names: string[]; others: boolean; days: SpendDays } {
  const raw = fields(payload)
  const today = Date.parse(words(raw['today']) ?? '')
  const count = Math.min(400, Math.max(0, number(raw['days'])))
  const days: SpendDays = Number.isNaN(today) ? [] : Array.from({ length: count }, (_, index) => ({ date: new Date(today - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10), parts: new Map() }))
  const byDate = new Map(days.map((day) => [day.date, day.parts]))
  for (const value of list(raw['rows'])) {
    const row = fields(value)
    byDate.get(words(row['date']) ?? '')?.set(typeof row['name'] === 'string' ? row['name'] : null, { tokens: tokensOf(row), costUsd: number(row['costUsd']) })
  }
  return { names: list(raw['names']).filter((name) => typeof name === 'string'), others: days.some(({ parts }) => parts.has(null)), days }
}

/** A `usage.spend` answer; what cost most first. */
export function readSpend(payload: unknown): Spend {
  const raw = fields(payload)
  return {
    today: words(raw['today']) ?? '',
    rows: list(raw['rows']).map((value) => {
      const row = fields(value)
      return { name: words(row['name']) ?? '', calls: number(row['calls']), tokens: tokensOf(row), costUsd: number(row['costUsd']), unpriced: number(row['unpriced']) }
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
