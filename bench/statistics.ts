/** Nearest-rank quantile of unsorted numbers; NaN for none. `share` is in 0…1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** From when to when, ms. */
export type Span = readonly [from: number, to: number]

/** How long at least one of the spans lasted: what lies within or overlaps another counts once. */
export function covered(spans: readonly Span[]): number {
  let total = 0
  let until = Number.NEGATIVE_INFINITY
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, until))
    until = Math.max(until, to)
  }
  return total
}

/** One measured whole and the part of it that is asked about, ms. */
export interface WithPart { ms: number; part: number }

/** By how many per cent the part makes a quantile of the wholes longer than it were without it. NaN for none. `share` is in 0…1. */
export function addedShare(measured: readonly WithPart[], share: number): number {
  return (quantile(measured.map(({ ms }) => ms), share) / quantile(measured.map(({ ms, part }) => ms - part), share) - 1) * 100
}
