import type { OutgoingButton } from '@moltbot/contract'

/** What Discord takes: rows in a message, buttons in a row, characters of a label. */
const perRow = 5
export const buttonsMax = 25
export const buttonLabelMax = 80
/** Of everything pressed only what begins so are words that somebody chose; the number keeps apart two buttons that say the same. */
const saysPattern = /^say(?:\.\d{1,2})?:/

interface Button { type: 2; style: 1 | 2; label: string; custom_id: string }
export interface ButtonRow { type: 1; components: Button[] }

/** Answers to tap, in rows of five. The first is the one that stands out. */
export function buttonRows(buttons: readonly OutgoingButton[]): ButtonRow[] {
  const used = new Set<string>()
  const all = buttons.map(({ label, says }, index): Button => {
    const mark = `say:${says}`
    const custom = used.has(mark) ? `say.${index}:${says}` : mark
    used.add(custom)
    return { type: 2, style: index === 0 ? 1 : 2, label, custom_id: custom }
  })
  return Array.from({ length: Math.ceil(all.length / perRow) }, (_, row) => ({ type: 1, components: all.slice(row * perRow, (row + 1) * perRow) }))
}

/** What a pressed button of ours says; undefined: it is none of these. */
export function wordsOfButton(customId: string): string | undefined {
  const mark = saysPattern.exec(customId)
  return mark === null ? undefined : customId.slice(mark[0].length)
}
