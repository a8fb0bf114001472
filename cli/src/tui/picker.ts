import type { Paint } from '@moltbot/contract'
import type { Key } from '../chat/key-decoder.ts'
import { displayWidth, shorten, splitGraphemes } from '../display-width.ts'
import { visibleLine } from './visible.ts'

export interface Choice {
  id: string
  label: string
  /** Said behind the label, where there is room. */
  hint?: string
  /** It is what holds now. */
  current?: boolean
}

/** A list to choose from, with search. */
export interface Picker {
  /** Done: what was chosen (undefined: nothing). Otherwise the key was taken, or meant nothing here. */
  apply(key: Key): { kind: 'open' } | { kind: 'done'; choice: Choice | undefined }
  rows(height: number, columns: number, paint: Paint): string[]
  /** Replaces the list, for one that arrives late. */
  fill(choices: readonly Choice[]): void
}

/** `other`: turns words that name nothing in the list into a choice of their own. */
export function createPicker(title: string, choices: readonly Choice[] | undefined, other?: (words: string) => Choice): Picker {
  let all = choices
  let search = ''
  let selected = Math.max(0, choices?.findIndex((choice) => choice.current === true) ?? 0)
  const found = (): Choice[] => {
    const words = search.toLowerCase().split(/\s+/).filter((word) => word !== '')
    const matching = (all ?? []).filter(({ id, label, hint }) => words.every((word) => `${id} ${label} ${hint ?? ''}`.toLowerCase().includes(word)))
    return other !== undefined && search.trim() !== '' && !(all ?? []).some((choice) => choice.id === search.trim()) ? [...matching, other(search.trim())] : matching
  }
  const type = (text: string): void => {
    search += visibleLine(text) === '' && text !== ' ' ? '' : text.replace(/\s+/g, ' ')
    selected = 0
  }
  return {
    fill(late) {
      all = late
      selected = Math.max(0, late.findIndex((choice) => choice.current === true))
    },
    apply(key) {
      if (key.kind !== 'named') {
        type(key.text)
        return { kind: 'open' }
      }
      const last = Math.max(0, found().length - 1)
      switch (key.name) {
        case 'enter': return all === undefined || found().length === 0 ? { kind: 'open' } : { kind: 'done', choice: found()[Math.min(selected, last)] }
        case 'escape':
        case 'interrupt': return { kind: 'done', choice: undefined }
        case 'up': selected = selected <= 0 ? last : selected - 1; break
        case 'down':
        case 'tab': selected = selected >= last ? 0 : selected + 1; break
        case 'page-up':
        case 'home': selected = 0; break
        case 'page-down':
        case 'end': selected = last; break
        case 'backspace': search = splitGraphemes(search).slice(0, -1).join(''); selected = 0; break
        case 'kill-line':
        case 'kill-word': search = ''; selected = 0; break
        default:
      }
      return { kind: 'open' }
    },
    rows(height, columns, paint) {
      const list = found()
      const room = Math.max(1, height - 2)
      const at = Math.min(selected, Math.max(0, list.length - 1))
      const first = Math.max(0, Math.min(at - (room >> 1), list.length - room))
      const shown = list.slice(first, first + room).map((choice, index) => choiceRow(choice, first + index === at, columns, paint))
      const empty = all === undefined ? 'Asking the gateway…' : search === '' ? 'There is nothing to choose from.' : 'Nothing of that name.'
      return [
        shorten(`${title}${list.length > room ? ` (${at + 1} of ${list.length})` : ''} · Enter takes, Esc leaves`, columns),
        `${paint.dim('search')} ${search === '' ? paint.dim('type to narrow the list') : shorten(visibleLine(search), columns - 9)}${search === '' ? '' : '▏'}`,
        ...(shown.length === 0 ? [paint.dim(empty)] : shown),
      ]
    },
  }
}

function choiceRow(choice: Choice, selected: boolean, columns: number, paint: Paint): string {
  const label = shorten(`${choice.current === true ? '● ' : ''}${visibleLine(choice.label)}`, columns - 2)
  const room = columns - 2 - displayWidth(label) - 2
  const hint = choice.hint === undefined || room < 6 ? '' : `  ${shorten(visibleLine(choice.hint), room)}`
  return selected ? paint.cyan('› ') + paint.bold(label) + paint.dim(hint) : `  ${label}${paint.dim(hint)}`
}
