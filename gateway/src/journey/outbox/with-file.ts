import type { ConnectionLimits, OutgoingButton } from '@moltbot/contract'
import type { DeliveryFile } from './types.ts'

/** Stands below words that were to be heard and could not be sent so. */
export const noSoundWords = '\n\n*(As text: this chat takes no voice notes from me.)*'

type FileLimits = NonNullable<ConnectionLimits['files']>

function largestOf(limits: FileLimits, kind: DeliveryFile['kind']): number {
  return limits.bytesMaxOf?.[kind] ?? limits.bytesMax
}

/** What stands in place of a file that a network does not take; undefined: it takes it. */
export function leftOutWords(file: DeliveryFile, limits: ConnectionLimits, network: string): string | undefined {
  const what = `📎 The file “${file.fileName}” (${sizeWords(file.sizeBytes)})`
  if (limits.files === undefined) return `${what} stays with me: ${network} takes no files from me.`
  const max = largestOf(limits.files, file.kind)
  return file.sizeBytes > max ? `${what} is too large for ${network}, which takes at most ${sizeWords(max)}.` : undefined
}

/** 1.5 MB; in the thousands that people and networks count in. */
function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1_000, 'kB'] as const : [bytes / 1_000_000, 'MB'] as const
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value))} ${unit}`
}

/** The buttons as this connection takes them; undefined: none. Whatever they say can be typed as well. */
export function buttonsFor(buttons: readonly OutgoingButton[] | undefined, limits: ConnectionLimits): OutgoingButton[] | undefined {
  if (buttons === undefined || limits.buttons === undefined || buttons.length > limits.buttons.most || buttons.some(({ says }) => Buffer.byteLength(says) > 60)) return undefined
  const { labelMax } = limits.buttons
  return buttons.map(({ label, says }) => ({ label: label.length > labelMax ? `${label.slice(0, labelMax - 1)}…` : label, says }))
}
