import { isWordByWord, whyNeverSimple } from './never-simple.ts'
import { parseSimple, readCommands } from './parse-simple.ts'
import { isSafeFilter } from './safe-filters.ts'

/** Where a program's name leads inside the sandbox: `at` is where it is found, `file` what stands there after all links. Both absolute. */
export interface FoundProgram { at: string; file: string }

export interface AllowList {
  /** As in `tools.exec.allowlist`. One that is not understood covers nothing. */
  entries: readonly string[]
  /** Filters that need no entry. */
  safeBins: readonly string[]
  /** Undefined: not found, or somebody else than the system's administrator could have put it there. */
  programAt(word: string): FoundProgram | undefined
}

export interface Entry { program: string; words: readonly string[]; anyMore: boolean }

/** What the shell does itself without harm; nothing is looked up for them. */
const said = new Set(['echo', 'true', 'false', 'pwd'])

/**
 * What an entry says: `program`, `program word …`, `program word … *`. The words are quoted as in a shell and matched whole; `*` as the
 * last word stands for any further ones, also none. A string: why it is no entry.
 */
export function readEntry(text: string): Entry | string {
  const anyMore = / \*$/.test(text)
  const commands = readCommands(anyMore ? text.slice(0, -2) : text)
  if (commands === undefined || commands.length !== 1) return 'it is not one plain command: a program by its name or absolute path, words in the shell\'s quotes, and at most one ` *` at the end'
  const [program = '', ...rest] = commands[0]?.argv ?? []
  const never = whyNeverSimple([program, ...rest])
  if (never !== undefined) return `${program} can never be covered: ${never}`
  if (anyMore && isWordByWord(program)) return `${program} can be covered only word by word, without \`*\`: what it does is written in the workspace, or its options lead elsewhere`
  return { program, words: rest, anyMore }
}

/** How each command of this line is covered, in words; undefined: at least one is not, or nobody can tell what the shell would make of it. */
export function coveredBy(command: string, list: AllowList): string[] | undefined {
  const commands = parseSimple(command)
  if (commands === undefined) return undefined
  const entries = list.entries.flatMap((text) => {
    const entry = readEntry(text)
    return typeof entry === 'string' ? [] : [{ text, ...entry }]
  })
  const by: string[] = []
  for (const { argv } of commands) {
    const [program = '', ...rest] = argv
    const builtin = said.has(program)
    const found = builtin ? undefined : list.programAt(program)
    if (!builtin && (found === undefined || leadsElsewhere(found, rest))) return undefined
    if (found !== undefined && list.safeBins.includes(program) && isSafeFilter(argv)) {
      by.push(`${program} as a filter`)
      continue
    }
    const entry = entries.find((each) => isProgram(each.program, program, found, list) && isMatch(each, rest))
    if (entry === undefined || (entry.anyMore && found !== undefined && isWordByWord(found.file))) return undefined
    by.push(entry.text)
  }
  return by
}

/** Many systems keep all small programs in one file, which does what the name it is called by says. */
const manyInOne = new Set(['busybox', 'toybox', 'coreutils'])

/** A link with a harmless name to a program that runs others. */
function leadsElsewhere({ file }: FoundProgram, rest: readonly string[]): boolean {
  const name = file.slice(file.lastIndexOf('/') + 1)
  return !manyInOne.has(name) && whyNeverSimple([`/${name}`, ...rest]) !== undefined
}

/** Two names of one place are one program. */
function isProgram(entry: string, given: string, found: FoundProgram | undefined, list: AllowList): boolean {
  if (found === undefined) return entry === given
  if (said.has(entry)) return false
  return list.programAt(entry)?.at === found.at
}

function isMatch({ words, anyMore }: Entry, rest: readonly string[]): boolean {
  return words.every((word, index) => rest[index] === word) && (anyMore ? rest.length >= words.length : rest.length === words.length)
}
