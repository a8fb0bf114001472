/** How one line looks on the console. */
export interface ConsoleLine { time: string; level: string; room: string; message: string; facts: Record<string, unknown> | undefined; json: string }

const marks: Record<string, string> = { trace: 'trace', debug: 'debug', info: 'info ', warn: 'warn ', error: 'ERROR', fatal: 'FATAL' }
const colors: Record<string, number> = { trace: 90, debug: 90, info: 36, warn: 33, error: 31, fatal: 31 }

/** A line for a person: `pretty` with time, level, room and facts; `compact` with message and room; `json` as in the file. */
export function consoleLine(style: 'pretty' | 'compact' | 'json', line: ConsoleLine, color: boolean): string {
  if (style === 'json') return line.json
  const paint = (code: number, text: string): string => (color ? `\u001B[${code}m${text}\u001B[0m` : text)
  const mark = paint(colors[line.level] ?? 0, marks[line.level] ?? line.level)
  const room = line.room === '' ? '' : `${paint(90, `${line.room}:`)} `
  if (style === 'compact') return `${mark} ${room}${line.message}\n`
  const facts = line.facts === undefined ? '' : ` ${paint(90, Object.entries(line.facts).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' '))}`
  return `${paint(90, line.time.slice(11, 19))} ${mark} ${room}${line.message}${facts}\n`
}
