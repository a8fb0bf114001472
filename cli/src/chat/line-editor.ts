import { splitGraphemes } from '../display-width.ts'
import { printable } from '../printable.ts'
import type { Key } from './key-decoder.ts'

/** What a key meant beyond editing. */
export type EditorAction =
  | { kind: 'edited' }
  | { kind: 'submit'; text: string }
  | { kind: 'complete' }
  | { kind: 'interrupt' }
  | { kind: 'end' }
  | { kind: 'redraw' }

export interface LineEditor {
  /** What is typed so far; may have several lines. */
  text(): string
  /** What stands before the cursor. */
  beforeCursor(): string
  apply(key: Key): EditorAction
  replace(text: string): void
}

/** Editing one message with the keys of a shell. Moves by what a person sees as one character. `history` is oldest first. */
export function createLineEditor(history: string[]): LineEditor {
  let characters: string[] = []
  let cursor = 0
  let recalled = history.length
  let draft = ''

  const text = (): string => characters.join('')
  const replace = (value: string): void => {
    characters = splitGraphemes(value)
    cursor = characters.length
  }
  const insert = (value: string): void => {
    // Joined before it is split again: a typed accent belongs to the letter before it.
    const before = splitGraphemes(characters.slice(0, cursor).join('') + value)
    characters = [...before, ...characters.slice(cursor)]
    cursor = before.length
  }
  const wordLeft = (): number => {
    let at = cursor
    while (at > 0 && /^\s$/.test(characters[at - 1] ?? '')) at--
    while (at > 0 && !/^\s$/.test(characters[at - 1] ?? '')) at--
    return at
  }
  const wordRight = (): number => {
    let at = cursor
    while (at < characters.length && /^\s$/.test(characters[at] ?? '')) at++
    while (at < characters.length && !/^\s$/.test(characters[at] ?? '')) at++
    return at
  }
  const lineStart = (): number => characters.lastIndexOf('\n', cursor - 1) + 1
  const lineEnd = (): number => {
    const end = characters.indexOf('\n', cursor)
    return end < 0 ? characters.length : end
  }
  const remove = (from: number, to: number): void => {
    characters.splice(from, to - from)
    cursor = from
  }
  const recall = (step: number): void => {
    const next = recalled + step
    if (next < 0 || next > history.length) return
    if (recalled === history.length) draft = text()
    recalled = next
    replace(next === history.length ? draft : (history[next] ?? ''))
  }
  const vertical = (step: -1 | 1): void => {
    const start = lineStart()
    const end = lineEnd()
    if (step === -1 && start > 0) {
      const column = cursor - start
      cursor = start - 1
      cursor = Math.min(lineStart() + column, start - 1)
    } else if (step === 1 && end < characters.length) {
      const column = cursor - start
      cursor = end + 1
      cursor = Math.min(cursor + column, lineEnd())
    } else recall(step)
  }

  return {
    text,
    beforeCursor: () => characters.slice(0, cursor).join(''),
    replace,
    apply(key) {
      if (key.kind !== 'named') {
        insert(printable(key.text))
        return { kind: 'edited' }
      }
      switch (key.name) {
        case 'enter': {
          const submitted = text().trim()
          if (submitted !== '' && history.at(-1) !== submitted) history.push(submitted)
          recalled = history.length
          draft = ''
          replace('')
          return { kind: 'submit', text: submitted }
        }
        case 'newline': insert('\n'); break
        case 'backspace': if (cursor > 0) remove(cursor - 1, cursor); break
        case 'delete': if (cursor < characters.length) remove(cursor, cursor + 1); break
        case 'left': cursor = Math.max(0, cursor - 1); break
        case 'right': cursor = Math.min(characters.length, cursor + 1); break
        case 'word-left': cursor = wordLeft(); break
        case 'word-right': cursor = wordRight(); break
        case 'home': cursor = lineStart(); break
        case 'end': cursor = lineEnd(); break
        case 'up': vertical(-1); break
        case 'down': vertical(1); break
        case 'kill-line': remove(lineStart(), cursor); break
        case 'kill-to-end': remove(cursor, lineEnd()); break
        case 'kill-word': remove(wordLeft(), cursor); break
        case 'tab': return { kind: 'complete' }
        case 'interrupt': return { kind: 'interrupt' }
        case 'end-of-input':
          if (characters.length === 0) return { kind: 'end' }
          if (cursor < characters.length) remove(cursor, cursor + 1)
          break
        case 'redraw': return { kind: 'redraw' }
        case 'escape': break
      }
      return { kind: 'edited' }
    },
  }
}
