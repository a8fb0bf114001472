import type { OutgoingButton } from '@moltbot/contract'

/** What Slack takes: buttons in one block, characters of a label, and of words in one block. */
export const buttonsMax = 25
export const buttonLabelMax = 75
const sectionMax = 3_000
/** Of everything pressed only what begins so are words that somebody chose. */
const says = 'say:'
const fence = '```'

/** The blocks of a message: where there are any, Slack shows them in place of its text. */
export type Blocks = (
  | { type: 'section'; text: { type: 'mrkdwn'; text: string }; expand: true }
  | { type: 'actions'; elements: { type: 'button'; action_id: string; text: { type: 'plain_text'; text: string; emoji: true }; value: string; style?: 'primary' }[] }
)[]

/** Words in mrkdwn, which may be '', with answers to tap below. The first stands out. */
export function wordsWithButtons(text: string, buttons: readonly OutgoingButton[]): Blocks {
  return [
    ...sections(text).map((part) => ({ type: 'section' as const, text: { type: 'mrkdwn' as const, text: part }, expand: true as const })),
    {
      type: 'actions',
      elements: buttons.map(({ label, says: words }, index) => ({
        type: 'button', action_id: `say-${index}`, text: { type: 'plain_text', text: label, emoji: true }, value: `${says}${words}`, ...(index === 0 ? { style: 'primary' as const } : {}),
      })),
    },
  ]
}

/** What a pressed button of ours says; undefined: it is none of these. */
export function wordsOfButton(value: string): string | undefined {
  return value.startsWith(says) ? value.slice(says.length) : undefined
}

/** The words in parts that fit a block, cut between lines where there are lines; code goes on as code. */
function sections(text: string): string[] {
  if (text.length <= sectionMax) return text === '' ? [] : [text]
  const room = sectionMax - 2 * (fence.length + 1)
  // Never between the halves of a sign.
  const pieces = new RegExp(`[^]{1,${room - 2 * fence.length}}(?![\\udc00-\\udfff])`, 'g')
  const parts: string[] = []
  let part = ''
  let inCode = false
  const close = (): void => {
    if (part.trim() !== '') parts.push(inCode ? `${part}\n${fence}` : part)
    part = ''
  }
  for (const line of text.split('\n')) {
    for (const piece of line.match(pieces) ?? ['']) {
      if (part.length + piece.length + 1 > room) {
        close()
        part = inCode ? fence : ''
      }
      part = part === '' ? piece : `${part}\n${piece}`
    }
    if (line.split(fence).length % 2 === 0) inCode = !inCode
  }
  inCode = false
  close()
  return parts
}
