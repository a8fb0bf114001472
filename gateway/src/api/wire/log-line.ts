const levels: [number, string][] = [[60, 'FATAL'], [50, 'ERROR'], [40, 'WARN'], [30, 'INFO'], [20, 'DEBUG'], [0, 'TRACE']]

/** A line of the log as clients of this family read it: the subsystem in `0`, the words in `1`, level and date in `_meta`. Our own fields stay beside them; what is no record of ours stays as it is. */
export function logLine(line: string): string {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    // A plain line (a crash trace, an older log): clients show it as it is.
    return line
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record) || '_meta' in record) return line
  const { level, time, msg, room, name, ...facts } = record as Record<string, unknown>
  if (typeof msg !== 'string') return line
  const number = typeof level === 'number' ? level : undefined
  const word = number === undefined ? String(level ?? 'info').toUpperCase() : levels.find(([least]) => number >= least)?.[1] ?? 'INFO'
  const date = typeof time === 'number' ? new Date(time).toISOString() : typeof time === 'string' ? time : undefined
  const subsystem = JSON.stringify({ subsystem: typeof room === 'string' ? room : typeof name === 'string' ? name : 'gateway' })
  return JSON.stringify({ 0: subsystem, 1: msg, ...facts, _meta: { logLevelName: word, name: subsystem, ...(date === undefined ? {} : { date }) }, ...(date === undefined ? {} : { time: date }) })
}
