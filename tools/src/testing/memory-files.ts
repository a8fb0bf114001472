import type { FileEntry, FileMatch, FileReader, FileWriter } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'

export interface MemoryFiles {
  reader: FileReader
  writer: FileWriter
  /** Content by path; what a test reads afterwards. */
  files: Map<string, string>
  /** What `search` was asked. */
  searched: Parameters<FileReader['search']>[0][]
}

/** A workspace in memory that keeps the contract's words on failures. Every write moves its one clock by a millisecond. */
export function memoryFiles(content: Record<string, string> = {}): MemoryFiles {
  const files = new Map(Object.entries(content))
  const times = new Map([...files.keys()].map((path) => [path, 1_000]))
  const searched: MemoryFiles['searched'] = []
  let now = 1_000
  const get = (path: string): string => {
    const text = files.get(path)
    if (text === undefined) throw new Problem('file-missing', `${path} does not exist.`)
    return text
  }
  const reader: FileReader = {
    async read(path) {
      const text = get(path)
      return { text, lines: text.split('\n').length, modifiedAt: times.get(path) ?? 0 }
    },
    async readImage(path) {
      const text = get(path)
      return text.startsWith('PNG') ? { mimeType: 'image/png', data: btoa(text) } : undefined
    },
    async list(path, depth) {
      const under = path === '' || path === '.' ? '' : `${path}/`
      const entries: FileEntry[] = [...files]
        .filter(([name]) => name.startsWith(under) && name.slice(under.length).split('/').length <= depth)
        .map(([name, text]) => ({ path: name, kind: 'file', bytes: text.length, modifiedAt: times.get(name) ?? 0 }))
      return { entries, more: false }
    },
    async search(query) {
      searched.push(query)
      const matches: FileMatch[] = []
      for (const [path, text] of files) text.split('\n').forEach((line, index) => { if (line.includes(query.text)) matches.push({ path, line: index + 1, text: line }) })
      return { matches: matches.slice(0, query.matchesMax), more: matches.length > query.matchesMax }
    },
  }
  const writer: FileWriter = {
    async write(path, text, options) {
      const created = !files.has(path)
      if (options?.onlyIfModifiedAt !== undefined && times.get(path) !== options.onlyIfModifiedAt) throw new Problem('file-changed', `${path} changed meanwhile.`)
      files.set(path, text)
      times.set(path, ++now)
      return { created, bytes: text.length }
    },
  }
  return { reader, writer, files, searched }
}
