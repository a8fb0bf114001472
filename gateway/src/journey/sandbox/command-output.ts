import { StringDecoder } from 'node:string_decoder'

/** Kept of one command: its beginning and its end, in characters; together a mebibyte. */
const headMax = 262_144
const tailMax = 786_432
/** The most characters of one report to a model: beginning and end. */
const reportMax = 30_000

/** What a command said, bounded whatever it says. Positions count all characters ever said. */
export interface CommandOutput {
  add(bytes: Uint8Array): void
  /** Everything said so far, in characters. */
  said(): number
  /** Kept text from a position on. What was left out of the middle is told in words. */
  slice(from: number, limit: number): { text: string; from: number; to: number }
  /** What came since the last call, at most `reportMax`, with its middle left out. */
  news(): string
}

export function commandOutput(): CommandOutput {
  const decoder = new StringDecoder('utf8')
  let head = ''
  let tail = ''
  let said = 0
  let reported = 0
  const tailStart = (): number => said - tail.length

  function slice(from: number, limit: number): { text: string; from: number; to: number } {
    const start = Math.max(0, Math.min(from < 0 ? said + from : from, said))
    const end = Math.min(said, start + limit)
    if (end <= head.length) return { text: head.slice(start, end), from: start, to: end }
    const gap = tailStart() - head.length
    if (gap <= 0) return { text: (head + tail).slice(start, end), from: start, to: end }
    const first = head.slice(start, end)
    const last = end > tailStart() ? tail.slice(Math.max(0, start - tailStart()), end - tailStart()) : ''
    const left = Math.max(0, Math.min(end, tailStart()) - Math.max(start, head.length))
    return { text: left > 0 ? `${first}\n[… ${left} characters were not kept …]\n${last}` : first + last, from: start, to: end }
  }

  return {
    add(bytes) {
      const text = decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      said += text.length
      const room = headMax - head.length
      head += text.slice(0, Math.max(0, room))
      tail += text.slice(Math.max(0, room))
      // Cut now and then, not with every piece: a string of this size is not copied for a few bytes.
      if (tail.length > tailMax * 1.25) tail = tail.slice(-tailMax)
    },
    said: () => said,
    slice,
    news() {
      const from = reported
      reported = said
      if (said - from <= reportMax) return slice(from, said - from).text
      const half = reportMax / 2
      return `${slice(from, half).text}\n[… ${said - from - reportMax} characters left out; process log shows them …]\n${slice(said - half, half).text}`
    },
  }
}

/**
 * Output as a model and a page may have it: escape sequences gone (colours, titles, links, cursor moves), progress lines as they ended,
 * no control or direction-changing characters.
 */
export function plainOutput(text: string): string {
  return text
    // OSC, DCS, SOS, PM, APC up to their end; then CSI; then two-character escapes; then their one-byte forms.
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|[\u009d\u0090\u0098\u009e\u009f][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g, '')
    .replaceAll('\r\n', '\n')
    .split('\n').map((line) => (line.includes('\r') ? (line.split('\r').filter((part) => part !== '').at(-1) ?? '') : line)).join('\n')
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\u{e0000}-\u{e007f}]/gu, (char) => (char === '\n' || char === '\t' ? char : ''))
}
