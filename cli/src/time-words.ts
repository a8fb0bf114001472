/** How long ago in the largest fitting unit: `now`, `40 s ago`, `3 min ago`, `5 h ago`, `2 days ago`; `never` when unknown. */
export function agoWords(at: number | undefined, now: number): string {
  return at === undefined || at <= 0 ? 'never' : now - at < 5_000 ? 'now' : `${durationWords(now - at)} ago`
}

/** A duration in its largest fitting unit. */
export function durationWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h`
  return `${Math.floor(hours / 24)} days`
}
