/** One thing a person did at the keyboard. */
export type Key =
  | { kind: 'text'; text: string }
  | { kind: 'paste'; text: string }
  | { kind: 'named'; name: KeyName }

export type KeyName =
  | 'enter' | 'newline' | 'backspace' | 'delete' | 'left' | 'right' | 'word-left' | 'word-right' | 'home' | 'end' | 'up' | 'down' | 'tab' | 'escape'
  | 'kill-line' | 'kill-to-end' | 'kill-word' | 'interrupt' | 'end-of-input' | 'redraw'
  // Only a full-screen window gives these a meaning.
  | 'page-up' | 'page-down' | 'help' | 'go' | 'open' | 'models'

const controls: Readonly<Record<string, KeyName>> = {
  '\r': 'enter', '\n': 'newline', '\t': 'tab', '\u007F': 'backspace', '\b': 'backspace', '\u0001': 'home', '\u0005': 'end', '\u0002': 'left', '\u0006': 'right',
  '\u0010': 'up', '\u000E': 'down', '\u0015': 'kill-line', '\u000B': 'kill-to-end', '\u0017': 'kill-word', '\u0003': 'interrupt', '\u0004': 'end-of-input', '\u000C': 'redraw',
  '\u0007': 'go', '\u000F': 'open', '\u0014': 'models',
}

/** What follows the escape character. */
const sequences: Readonly<Record<string, KeyName>> = {
  '[A': 'up', '[B': 'down', '[C': 'right', '[D': 'left', OA: 'up', OB: 'down', OC: 'right', OD: 'left',
  '[H': 'home', '[F': 'end', OH: 'home', OF: 'end', '[1~': 'home', '[4~': 'end', '[7~': 'home', '[8~': 'end', '[3~': 'delete',
  '[1;5C': 'word-right', '[1;5D': 'word-left', '[1;3C': 'word-right', '[1;3D': 'word-left', b: 'word-left', f: 'word-right',
  '[5~': 'page-up', '[6~': 'page-down', OP: 'help', '[11~': 'help',
  '\r': 'newline', '\n': 'newline', '\u007F': 'kill-word', '[13;2u': 'newline', '[27;2;13~': 'newline',
}

const pasteStart = '\u001B[200~'
const pasteEnd = '\u001B[201~'

/** Turns the bytes of a keyboard into keys. Sequences and pastes may be cut anywhere between two calls. Unknown sequences are dropped. */
export function createKeyDecoder(): (data: string) => Key[] {
  let held = ''
  return (data) => {
    const keys: Key[] = []
    let rest = held + data
    held = ''
    while (rest !== '') {
      if (rest.startsWith(pasteStart)) {
        const end = rest.indexOf(pasteEnd)
        if (end < 0) {
          held = rest
          break
        }
        keys.push({ kind: 'paste', text: rest.slice(pasteStart.length, end) })
        rest = rest.slice(end + pasteEnd.length)
      } else if (rest.startsWith('\u001B')) {
        const length = sequenceLength(rest)
        if (length === undefined) {
          held = rest
          break
        }
        const name = length === 1 ? 'escape' : sequences[rest.slice(1, length)]
        if (name !== undefined) keys.push({ kind: 'named', name })
        rest = rest.slice(length)
      } else {
        const control = controls[rest.charAt(0)]
        if (control !== undefined) {
          keys.push({ kind: 'named', name: control })
          rest = rest.slice(1)
        } else {
          // oxlint-disable-next-line no-control-regex -- text ends where a control begins
          const text = /^[^\u0000-\u001F\u007F]+/.exec(rest)?.[0]
          if (text !== undefined) keys.push({ kind: 'text', text })
          rest = rest.slice(text?.length ?? 1)
        }
      }
    }
    return keys
  }
}

/** How many characters belong to the escape sequence at the start; undefined while it is incomplete. A lone escape is the key itself. */
function sequenceLength(text: string): number | undefined {
  const second = text.charAt(1)
  if (second === '') return 1
  if (second === '[') {
    // oxlint-disable-next-line no-control-regex -- the introducer is a control character
    const match = /^\u001B\[[0-?]*[ -/]*([@-~])?/.exec(text)
    return match?.[1] === undefined ? (match?.[0].length === text.length ? undefined : match?.[0].length) : match[0].length
  }
  if (second === 'O') return text.length >= 3 ? 3 : undefined
  return second === '\u001B' ? 1 : 2
}
