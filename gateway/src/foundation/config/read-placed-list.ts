import { describeError } from '@moltbot/contract'
import { Json5Error, nodeValue, parseJson5, positionOf } from './json5-document.ts'
import { readText } from './read-tree.ts'
import { ownerFault, writableByAll } from './who-can-change.ts'
import { isMissing } from './write-file.ts'

/** A file that holds one list `[ … ]`, each entry with its place (1-based). */
export interface PlacedList {
  entries: { value: unknown; line: number; column: number }[]
  /** Why it cannot be used, and where; then there are no entries. */
  fault?: { line: number; column: number; message: string }
}

/** Reads a JSON5 file that holds one list. Undefined: there is no such file. Like the configuration, it is not used where others can change it. */
export function readPlacedList(file: string): PlacedList | undefined {
  const broken = (message: string, place = { line: 0, column: 0 }): PlacedList => ({ entries: [], fault: { ...place, message } })
  let text: string
  try {
    text = readText(file)
  } catch (error) {
    return isMissing(error) ? undefined : broken(`it can't be read: ${describeError(error)}`)
  }
  const open = ownerFault(file) ?? writableByAll(file)
  if (open !== undefined) return broken(open)
  try {
    const { root } = parseJson5(text)
    if (root === undefined) return { entries: [] }
    if (root.kind !== 'array') return broken('it must hold one list [ … ]', positionOf(text, root.start))
    return { entries: root.elements.map(({ value }) => ({ value: nodeValue(value), ...positionOf(text, value.start) })) }
  } catch (error) {
    if (!(error instanceof Json5Error)) throw error
    return broken(`it is not valid JSON5: ${error.message}`, positionOf(text, error.offset))
  }
}
