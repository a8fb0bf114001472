import type { ToolSpec } from '@moltbot/contract'
import { showNumber, workOut } from './arithmetic.ts'
import { addTo, parseDay, showDay, todayFrom, weekdayOf } from './calendar.ts'
import type { Day } from './calendar.ts'
import { languageOf } from './intents.ts'
import type { Intent, Language } from './intents.ts'
import { phrases } from './phrases.ts'
import { object } from '../wire/read-json.ts'
import { shortHash } from '../wire/history.ts'

export interface Wish { name: string; input: Record<string, unknown> }
export interface Outcome { text: string; isError: boolean }
/** A plan asks for one tool call at a time and returns the answer. Run again from the start with the same outcomes it asks for the same calls. */
export type Plan = Generator<Wish, string, Outcome>

/** Where notes are kept: one small file each, so that keeping one never rewrites another. */
const notesFolder = 'notes'

type ToolName = 'read' | 'write' | 'edit' | 'list' | 'search' | 'status'
/** What a slot may be called in a tool's schema, best first. */
const slotNames: Record<string, readonly string[]> = {
  path: ['path', 'file', 'file_path', 'filename'],
  text: ['text', 'content', 'contents', 'data'],
  query: ['text', 'query', 'pattern', 'q'],
  from: ['old', 'old_text', 'oldText', 'old_string'],
  to: ['new', 'new_text', 'newText', 'new_string'],
  all: ['all', 'replace_all'],
  ignoreCase: ['ignore_case', 'ignoreCase', 'case_insensitive'],
  limit: ['limit', 'max', 'matches_max'],
}

/** The answer to one message. */
export function* act(intent: Intent, message: string, system: string, tools: readonly ToolSpec[]): Plan {
  const language = languageOf(message)
  const say = phrases[language]
  const today = todayFrom(system)
  switch (intent.kind) {
    case 'greeting': return say.greeting
    case 'thanks': return say.thanks
    case 'goodbye': return say.goodbye
    case 'who-are-you': return say.whoAreYou
    case 'help': return say.help
    case 'add-model': return say.addModel
    case 'empty': return say.empty
    case 'unknown': return say.unknown
    case 'reminder': return say.reminder
    case 'note-remove': return say.noRemove(notesFolder)
    case 'note-add': {
      const path = `${notesFolder}/${slugOf(intent.text)}.md`
      const written = yield* use(tools, 'write', { path, text: `- ${intent.text.replace(/\n/g, '\n  ')}\n` })
      return written === undefined ? say.cannot(say.tools.write) : written.isError ? say.failed(written.text) : say.noteKept(intent.text, path)
    }
    case 'notes-list': {
      const found = yield* use(tools, 'search', { query: '- ', path: notesFolder, limit: 200 })
      if (found === undefined) return say.cannot(say.tools.search)
      if (found.isError) return isMissing(found.text) ? say.noNotes : say.failed(found.text)
      const lines = matchesIn(found.text).filter((line) => line.startsWith('- '))
      return lines.length === 0 ? say.noNotes : `${say.notes(lines.length)}\n\n${lines.join('\n')}`
    }
    case 'notes-find': {
      const found = yield* use(tools, 'search', { query: intent.text, path: notesFolder, ignoreCase: true })
      if (found === undefined) return say.cannot(say.tools.search)
      if (found.isError) return isMissing(found.text) ? say.noNotes : say.failed(found.text)
      const lines = matchesIn(found.text)
      return lines.length === 0 ? say.noNoteFound(intent.text) : `${say.notesFound(intent.text, lines.length)}\n\n${lines.map((line) => (line.startsWith('- ') ? line : `- ${line}`)).join('\n')}`
    }
    case 'read': {
      const file = yield* use(tools, 'read', { path: intent.path })
      if (file === undefined) return say.cannot(say.tools.read)
      if (file.isError) return say.failed(file.text)
      return file.text === '' || file.text === '(the file is empty)' ? say.fileEmpty(intent.path) : `${say.fileIs(intent.path)}\n\n${fenced(file.text)}`
    }
    case 'list': {
      const entries = yield* use(tools, 'list', intent.path === '.' ? {} : { path: intent.path })
      if (entries === undefined) return say.cannot(say.tools.list)
      if (entries.isError) return say.failed(entries.text)
      return entries.text === '' || entries.text === '(empty)' ? say.listEmpty(intent.path) : `${say.listIs(intent.path)}\n\n${fenced(entries.text)}`
    }
    case 'search': {
      const found = yield* use(tools, 'search', { query: intent.text, ignoreCase: true, ...(intent.path === '.' ? {} : { path: intent.path }) })
      if (found === undefined) return say.cannot(say.tools.search)
      if (found.isError) return say.failed(found.text)
      return found.text === '' || /^No match\b/i.test(found.text) ? say.notFound(intent.text) : `${say.found(intent.text)}\n\n${fenced(found.text)}`
    }
    case 'write': {
      const written = yield* use(tools, 'write', { path: intent.path, text: intent.text.endsWith('\n') ? intent.text : `${intent.text}\n` })
      return written === undefined ? say.cannot(say.tools.write) : written.isError ? say.failed(written.text) : written.text
    }
    case 'edit': {
      const edited = yield* use(tools, 'edit', { path: intent.path, from: intent.from, to: intent.to })
      return edited === undefined ? say.cannot(say.tools.edit) : edited.isError ? say.failed(edited.text) : edited.text
    }
    case 'status': {
      const status = yield* use(tools, 'status', {})
      return status === undefined ? say.cannot(say.tools.status) : status.isError ? say.failed(status.text) : `${say.statusIs}\n\n${fenced(status.text)}`
    }
    case 'time': {
      const status = yield* use(tools, 'status', {})
      const time = /^time: (\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})Z$/m.exec(status?.text ?? '')
      return time === null ? say.noTime : say.time(`${time[1] ?? ''} ${time[2] ?? ''}`)
    }
    case 'sum': return sum(intent.expression, language)
    case 'fold': return fold(intent.how, intent.numbers, language)
    case 'weekday': {
      const relative = relativeDay(intent.day, today)
      if (relative === 'unknown') return say.noToday
      const day = relative ?? parseDay(intent.day)
      if (day === undefined) return say.noSuchDay(intent.day)
      return relative !== undefined && relative === today ? say.today(showDay(day), weekdayOf(day, language)) : say.weekday(showDay(day), weekdayOf(day, language))
    }
    case 'days-between': {
      const days = [intent.from, intent.to].map((text) => relativeDay(text, today) ?? parseDay(text))
      if (days.includes('unknown')) return say.noToday
      const [from, to] = days
      if (typeof from !== 'number') return say.noSuchDay(intent.from)
      if (typeof to !== 'number') return say.noSuchDay(intent.to)
      return say.daysBetween(showDay(from), showDay(to), to - from)
    }
    case 'day-plus': {
      const start = relativeDay(intent.day, today) ?? parseDay(intent.day)
      if (start === 'unknown') return say.noToday
      if (start === undefined) return say.noSuchDay(intent.day)
      const day = addTo(start, intent.amount, intent.unit)
      return say.dayIs(showDay(day), weekdayOf(day, language))
    }
    default: {
      const never: never = intent
      return never
    }
  }
}

/** Asks for a call with the slots named as the tool's schema names them; undefined: there is no such tool here. */
function* use(tools: readonly ToolSpec[], name: ToolName, slots: Record<string, unknown>): Generator<Wish, Outcome | undefined, Outcome> {
  const tool = tools.find((candidate) => candidate.name === name)
  if (tool === undefined) return undefined
  const properties = object(tool.input['properties']) ?? {}
  const input: Record<string, unknown> = {}
  for (const [slot, value] of Object.entries(slots)) {
    const names = slotNames[slot] ?? [slot]
    const known = names.find((candidate) => candidate in properties)
    // Wishes such as ignoring case are left out where a tool doesn't know them; the rest it must know, and it will say so.
    if (known !== undefined) input[known] = value
    else if (!['ignoreCase', 'limit', 'all'].includes(slot)) input[names[0] ?? slot] = value
  }
  return yield { name, input }
}

function relativeDay(text: string, today: Day | undefined): Day | 'unknown' | undefined {
  const offset = { today: 0, now: 0, heute: 0, tomorrow: 1, morgen: 1, yesterday: -1, gestern: -1 }[text.trim().toLowerCase()]
  if (offset === undefined) return undefined
  return today === undefined ? 'unknown' : today + offset
}

function sum(expression: string, language: Language): string {
  const say = phrases[language]
  const comma = language === 'de' || (/\d,\d/.test(expression) && !/\d,\d{3}(?!\d)/.test(expression))
  const worked = workOut(expression, comma)
  if (!worked.ok) return say.sumWrong[worked.reason]
  return `${worked.shown} = ${showNumber(worked.value, comma)}`
}

function fold(how: 'sum' | 'average' | 'product', text: string, language: Language): string {
  const numbers = (language === 'de' ? text.split(/\s*(?:;|,\s|\bund\b|\band\b|\+)\s*|\s+/) : text.split(/\s*(?:;|,|\bund\b|\band\b|\+)\s*|\s+/)).filter((piece) => piece !== '')
    .map((piece) => Number(language === 'de' ? piece.replace(',', '.') : piece))
  const say = phrases[language]
  if (numbers.length === 0 || numbers.some((value) => !Number.isFinite(value))) return say.sumWrong.syntax
  const comma = language === 'de'
  const shown = numbers.map((value) => showNumber(value, comma))
  if (how === 'product') return `${shown.join(' × ')} = ${showNumber(numbers.reduce((product, value) => product * value, 1), comma)}`
  const total = numbers.reduce((all, value) => all + value, 0)
  if (how === 'sum') return `${shown.join(' + ')} = ${showNumber(total, comma)}`
  return `(${shown.join(' + ')}) / ${numbers.length} = ${showNumber(total / numbers.length, comma)}`
}

/** A file name that says what the note is about; the same words are the same note. */
function slugOf(text: string): string {
  const plain = text.toLowerCase().replace(/ä/g, 'ae').replace(/ö/g, 'oe').replace(/ü/g, 'ue').replace(/ß/g, 'ss').normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|(?<!-)-+$/g, '')
  // Whatever the name leaves out must still tell two notes apart.
  if (plain === text.toLowerCase().replaceAll(' ', '-') && plain.length <= 40 && plain !== '') return plain
  const head = plain.slice(0, 40).replace(/(?<!-)-+$/, '')
  return head === '' ? shortHash(text) : `${head}-${shortHash(text).slice(0, 5)}`
}

/** The matching lines of a search, without their places. */
function matchesIn(result: string): string[] {
  return result.split('\n').flatMap((line) => {
    const match = /^(?:\.\/)?[^:\n]+:\d+:\s?(.*)$/.exec(line)
    return match?.[1] === undefined ? [] : [match[1].trim()]
  })
}

function isMissing(error: string): boolean {
  return /not exist|no such|not found|missing|nothing there|is not there|ENOENT/i.test(error)
}

/** In a fence no content can close. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((run) => run[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text.replace(/(?<!\n)\n+$/, '')}\n${fence}`
}
