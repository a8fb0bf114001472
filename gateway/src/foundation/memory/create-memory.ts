import { createHash } from 'node:crypto'
import { Problem, leastTrusted, type ConfigView, type FileReader, type FileWriter, type MemoryHit, type NewId, type Origin, type PrincipalId, type Store } from '@moltbot/contract'
import { memorySection } from './config.ts'
import { createIndexTable, type FileRow, type NewLine } from './index-table.ts'
import { plainLine, readLine, writeMark } from './marks.ts'
import { partMatch, rankLines, wordMatch, wordsOf } from './rank-lines.ts'

/** What memory does with files; everything that keeps a path inside is on the other side. */
export type MemoryFiles = Pick<FileReader, 'read' | 'list'> & FileWriter

/** One person's memory with one agent. */
export interface MemoryPlace {
  /** Names the folder; equal for equal folders. */
  root: string
  principal: PrincipalId
  files: MemoryFiles
  /** The file's content may be strangers' words, whatever stands in it. */
  isStrange(path: string): Promise<boolean>
}

export interface MemoryStatus { files: { path: string; bytes: number }[]; lines: number }

export interface Memory {
  /** What stands in these places now; the first is the person's own, of the others only what is shared. Absent `max`: as configured. */
  search(places: readonly MemoryPlace[], query: string, max: number | undefined): Promise<{ hits: MemoryHit[]; boundary: string }>
  /** `shared`: of what the owner shared alone. */
  get(place: MemoryPlace, path: string, from: number, lines: number): Promise<{ text: string; from: number; to: number; of: number; origin?: Origin; boundary: string }>
  /** `origin`: whose words steer whoever writes. `day`: YYYY-MM-DD of the person. */
  write(place: MemoryPlace, entry: { text: string; lasting: boolean; shared: boolean; day: string; source: string; origin?: Origin }): Promise<{ path: string; added: number; origin?: Origin }>
  status(place: MemoryPlace): Promise<MemoryStatus>
}

/** Where the owner puts what all members may find. */
const sharedPath = 'memory/shared.md'
const lastingPath = 'MEMORY.md'
/** Of one call: lines, and characters of a line. */
const linesMax = 20
const lineLengthMax = 1_000
const snippetMax = 700
const textMax = 20_000
/** Only so much of the memory files is read; a person's notes of many years are less. */
const filesMax = 1_000
const memoryPath = /^(?:memory\.md|memory\/(?:[^/]+\/){0,3}[^/]+\.md)$/i

export function createMemory(options: { store: Store; newId: NewId; config: Pick<ConfigView, 'get'> }): Memory {
  const { store, newId } = options
  const table = createIndexTable(store)
  /** One look or change at a time in each place. */
  const busy = new Map<string, Promise<unknown>>()

  function inTurn<T>(root: string, work: () => Promise<T>): Promise<T> {
    const next = (busy.get(root) ?? Promise.resolve()).then(work, work)
    const settled = next.catch(() => 'told to whoever asked')
    busy.set(root, settled)
    void settled.then(() => { if (busy.get(root) === settled) busy.delete(root) })
    return next
  }

  /** The memory files of a place as they stand on the disk. */
  async function filesOf({ files }: MemoryPlace): Promise<{ path: string; bytes: number; modifiedAt: number }[]> {
    const listed = await Promise.all([['.', 1], ['memory', 4]].map(async ([path, depth]) => {
      try {
        return (await files.list(path as string, depth as number)).entries
      } catch (error) {
        if (error instanceof Problem && absent.includes(error.code)) return []
        throw error
      }
    }))
    return listed.flat().filter(({ kind, path, bytes }) => kind === 'file' && memoryPath.test(path) && bytes <= 1_048_576).slice(0, filesMax)
  }

  /** Brings the index to what the files say. A file that cannot be read keeps no lines. */
  async function refresh(place: MemoryPlace): Promise<void> {
    const [known, there] = await Promise.all([table.files(place.root), filesOf(place)])
    for (const { path } of known) if (!there.some((file) => file.path === path)) await table.forget(place.root, path)
    for (const file of there) {
      const before = known.find(({ path }) => path === file.path)
      if (before !== undefined && before.modifiedAt === file.modifiedAt && before.bytes === file.bytes) continue
      const text = await textOf(place, file.path)
      const row: FileRow = { path: file.path, hash: createHash('sha256').update(text).digest('hex'), modifiedAt: file.modifiedAt, bytes: file.bytes }
      if (before?.hash === row.hash) await table.touch(place.root, row)
      else await table.replace(place.root, place.principal, row, linesOf(text))
    }
  }

  async function textOf(place: MemoryPlace, path: string): Promise<string> {
    try {
      return (await place.files.read(path)).text
    } catch (error) {
      if (error instanceof Problem) return ''
      throw error
    }
  }

  return {
    async search(places, query, max) {
      const { maxResults, minScore } = options.config.get(memorySection).query
      const words = wordsOf(query)
      const boundary = newId('mb')
      if (words.length === 0 || places.length === 0) return { hits: [], boundary }
      for (const place of places) await inTurn(place.root, () => refresh(place))
      const [own] = places
      const roots = [...new Set(places.map(({ root }) => root))]
      const parts = partMatch(words)
      const [byWord, byPart] = await Promise.all([
        table.find(store.read, 'memory_words', wordMatch(words), roots, 200),
        parts === undefined ? [] : table.find(store.read, 'memory_parts', parts, roots, 200),
      ])
      const hits: MemoryHit[] = []
      for (const line of rankLines(words, byWord, byPart)) {
        if (hits.length >= Math.min(max ?? maxResults, 50) || line.score < minScore) break
        const place = places.find(({ principal, root }) => principal === line.principal && roots.includes(root))
        if (place === undefined || (place !== own && line.path !== sharedPath)) continue
        const origin = leastTrusted([line.origin as Origin | undefined ?? undefined, (await place.isStrange(line.path)) ? 'external' : undefined])
        hits.push({
          path: line.path, line: line.line, text: line.text.slice(0, snippetMax), day: line.day, source: line.source, owner: line.principal, score: Math.min(1, Math.round(line.score * 100) / 100),
          ...(origin === undefined ? {} : { origin }),
        })
      }
      return { hits, boundary }
    },

    async get(place, path, from, lines) {
      const plain = path.replace(/^(?:\.\/)+/, '')
      if (!memoryPath.test(plain)) throw new Problem('memory-path', `${path.slice(0, 200)} is no memory file.`, { next: 'Those are MEMORY.md and Markdown files in memory/.' })
      const all = (await place.files.read(plain)).text.replace(/\n$/, '').split('\n')
      const window = all.slice(from - 1, from - 1 + lines)
      const read = window.map((line, at) => ({ ...readLine(line), number: from + at }))
      const origin = leastTrusted([...read.map(({ mark }) => mark?.origin), (await place.isStrange(plain)) ? 'external' : undefined])
      const shown: string[] = []
      let length = 0
      for (const { text, mark, number } of read) {
        const line = `${number}: ${text}${mark === undefined ? '' : ` [${mark.day}${mark.origin === undefined ? '' : `, ${mark.origin}`}]`}`
        if (shown.length > 0 && length + line.length > textMax) break
        shown.push(line.slice(0, textMax))
        length += line.length + 1
      }
      return { text: shown.join('\n'), from, to: from + shown.length - 1, of: all.length, boundary: newId('mb'), ...(origin === undefined ? {} : { origin }) }
    },

    write: (place, entry) => inTurn(place.root, async () => {
      const lines = entry.text.split('\n').map(plainLine).filter((line) => line !== '')
      if (lines.length === 0) throw new Problem('memory-empty', 'There is nothing to remember.', { next: 'Give one fact a line.' })
      if (lines.length > linesMax || lines.some((line) => line.length > lineLengthMax)) throw new Problem('memory-too-long', `At most ${linesMax} lines of ${lineLengthMax} characters are remembered at once.`, { next: 'Make it shorter, or keep it in a file of its own.' })
      const { origin, day, source } = entry
      if (entry.shared && origin !== undefined) throw new Problem('memory-shared-outside', 'What words from outside made is not shared.', { next: 'Let the owner say it in a fresh conversation.' })
      const path = origin !== undefined ? `memory/${day}-outside.md` : entry.shared ? sharedPath : entry.lasting ? lastingPath : `memory/${day}.md`
      const before = await place.files.read(path).catch((error: unknown) => {
        if (error instanceof Problem && absent.includes(error.code)) return undefined
        throw error
      })
      const known = new Set((before?.text ?? '').split('\n').map((line) => plainLine(readLine(line).text)))
      const fresh = [...new Set(lines)].filter((line) => !known.has(line))
      if (fresh.length > 0) {
        const mark = writeMark({ day, owner: place.principal, source, ...(origin === undefined ? {} : { origin }) })
        const head = before === undefined ? `# ${headingOf(path, day)}\n\n` : before.text === '' || before.text.endsWith('\n') ? before.text : `${before.text}\n`
        await place.files.write(path, `${head}${fresh.map((line) => `- ${line} ${mark}\n`).join('')}`, before === undefined ? undefined : { onlyIfModifiedAt: before.modifiedAt })
      }
      return { path, added: fresh.length, ...(origin === undefined ? {} : { origin }) }
    }),

    status: (place) => inTurn(place.root, async () => {
      await refresh(place)
      const files = await table.files(place.root)
      return { files: files.map(({ path, bytes }) => ({ path, bytes })), lines: await table.count(place.root) }
    }),
  }
}

/** How the files say that nothing was written there yet. */
const absent: readonly string[] = ['file-missing', 'workspace-missing']

function headingOf(path: string, day: string): string {
  return path === lastingPath ? 'What lasts' : path === sharedPath ? 'For everybody here' : path.endsWith('-outside.md') ? `${day}, from outside` : day
}

/** The lines of a file that say something, as they are indexed. */
function linesOf(text: string): NewLine[] {
  return text.split('\n').flatMap((raw, at) => {
    const { text: line, mark } = readLine(raw)
    const plain = line.trim()
    if (!/[\p{L}\p{N}]/u.test(plain)) return []
    return [{ line: at + 1, text: plain.slice(0, 4_000), day: mark?.day ?? null, source: mark?.source ?? null, origin: mark?.origin ?? null }]
  })
}
