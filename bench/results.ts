/** One measured number. */
export interface Figure {
  /** What was measured, as a reader of the table understands it. */
  what: string
  unit: 'ms' | 'MB' | 'KB' | 'files' | 'messages' | 'messages/s' | '%'
  value: number
  /** How it was got: runs, which statistic, what it is compared with. */
  how: string
  /** The most it may be. Absent: told for information. */
  budget?: number
}

export type Verdict = 'kept' | 'missed' | 'none'

export function verdictOf(figure: Figure): Verdict {
  if (figure.budget === undefined) return 'none'
  return figure.value <= figure.budget ? 'kept' : 'missed'
}

/** Missed by more than any noise of a busy machine explains: over twice the budget, or anything at all where the budget is zero. */
export function missedByFar(figure: Figure): boolean {
  return figure.budget !== undefined && !(figure.value <= figure.budget * 2)
}

export function amount(value: number, unit: Figure['unit']): string {
  const digits = unit === 'messages' || unit === 'files' || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${unit}`
}
