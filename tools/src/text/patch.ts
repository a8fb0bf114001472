import { Problem } from '@moltbot/contract'
import { visible } from './visible.ts'

export interface Hunk {
  /** Words after `@@`, a line that comes before; empty: none. */
  after: string
  /** Lines as they are and as they shall be. */
  old: string[]
  fresh: string[]
  /** It stands at the end of the file. */
  atEnd: boolean
}
export type FilePatch = { kind: 'add'; path: string; text: string } | { kind: 'update'; path: string; hunks: Hunk[] }

/** The most files and lines of one patch. */
const filesMax = 100
const linesMax = 50_000

/**
 * A patch in the envelope form (`*** Begin Patch`) or as a unified diff. Throws `Problem('patch-unreadable')` for everything that is not
 * plainly a change of text: deleting, moving, modes, links, submodules and binary parts are refused, and with them the whole patch.
 */
export function parsePatch(patch: string): FilePatch[] {
  const lines = patch.replaceAll('\r\n', '\n').split('\n')
  if (lines.length > linesMax) throw unreadable(`it has more than ${linesMax} lines`)
  const first = lines.findIndex((line) => line.trim() !== '')
  const files = (lines[first] ?? '').trim() === '*** Begin Patch' ? parseEnvelope(lines.slice(first + 1)) : parseUnified(lines)
  if (files.length === 0) throw unreadable('it changes no file')
  if (files.length > filesMax) throw unreadable(`it changes more than ${filesMax} files`)
  const paths = files.map(({ path }) => path.replace(/^(?:\.\/)+/, ''))
  if (new Set(paths).size !== paths.length) throw unreadable('it names a file twice')
  return files
}

function parseEnvelope(lines: readonly string[]): FilePatch[] {
  const files: FilePatch[] = []
  let file: FilePatch | undefined
  let ended = false
  for (const line of lines) {
    if (ended) {
      if (line.trim() !== '') throw unreadable('something stands behind its end')
      continue
    }
    const mark = /^\*\*\* (End Patch|End of File|Add File: |Update File: |Delete File: |Move to: )(.*)$/.exec(line)
    if (mark !== null) {
      const [, what = '', path = ''] = mark
      if (what === 'End Patch') ended = true
      else if (what === 'End of File') {
        const hunk = file?.kind === 'update' ? file.hunks.at(-1) : undefined
        if (hunk === undefined) throw unreadable('"End of File" stands outside a change')
        hunk.atEnd = true
      } else if (what === 'Add File: ') files.push((file = { kind: 'add', path, text: '' }))
      else if (what === 'Update File: ') files.push((file = { kind: 'update', path, hunks: [] }))
      else throw unreadable('deleting and moving files is not part of this tool')
      continue
    }
    if (file === undefined) {
      if (line.trim() !== '') throw unreadable(`a line stands outside a file: ${visible(line.slice(0, 60))}`)
      continue
    }
    if (file.kind === 'add') {
      if (!line.startsWith('+')) throw unreadable('a line of a new file does not begin with +')
      file.text += `${line.slice(1)}\n`
    } else addLine(file.hunks, line)
  }
  if (!ended) throw unreadable('"*** End Patch" is missing')
  if (files.some((each) => each.kind === 'update' && each.hunks.length === 0)) throw unreadable('an update changes nothing')
  return files
}

function addLine(hunks: Hunk[], line: string): void {
  if (line.startsWith('@@')) {
    hunks.push({ after: line.slice(2).replace(/@@.*$/s, '').trim(), old: [], fresh: [], atEnd: false })
    return
  }
  let hunk = hunks.at(-1)
  if (hunk === undefined) hunks.push((hunk = { after: '', old: [], fresh: [], atEnd: false }))
  const [mark, text] = [line[0] ?? ' ', line.slice(1)]
  if (mark === '\\') return
  if (mark !== ' ' && mark !== '+' && mark !== '-') throw unreadable(`a line begins with neither space, + nor -: ${visible(line.slice(0, 60))}`)
  if (mark !== '+') hunk.old.push(text)
  if (mark !== '-') hunk.fresh.push(text)
}

function parseUnified(lines: readonly string[]): FilePatch[] {
  const files: FilePatch[] = []
  let file: Extract<FilePatch, { kind: 'update' }> | undefined
  let left = { old: 0, fresh: 0 }
  let fromNothing = false
  const finish = (): void => {
    if (file === undefined) return
    if (fromNothing) files.push({ kind: 'add', path: file.path, text: file.hunks.flatMap(({ fresh }) => fresh).map((line) => `${line}\n`).join('') })
    else files.push(file)
    file = undefined
  }
  for (const [index, line] of lines.entries()) {
    if (left.old > 0 || left.fresh > 0) {
      addLine(file?.hunks ?? [], line === '' ? ' ' : line)
      if (line.startsWith('\\')) continue
      if (!line.startsWith('+')) left.old -= 1
      if (!line.startsWith('-')) left.fresh -= 1
      if (left.old < 0 || left.fresh < 0) throw unreadable('a part is longer than its head says')
      continue
    }
    if (/^(?:old mode|new mode|deleted file mode|rename |copy |similarity |dissimilarity |GIT binary patch|Binary files |Submodule )/.test(line)) throw unreadable('modes, moves, deletions and binary parts are not part of this tool')
    if (/^(?:new file mode |index [0-9a-f.]+ )/.test(line) && !/\b100644$/.test(line) && /\d{6}$/.test(line)) throw unreadable('only plain files can be changed')
    if (line.startsWith('--- ') && (lines[index + 1] ?? '').startsWith('+++ ')) {
      finish()
      const [from, to] = [nameIn(line), nameIn(lines[index + 1] ?? '')]
      if (to === '/dev/null') throw unreadable('deleting files is not part of this tool')
      fromNothing = from === '/dev/null'
      const [before, after] = [from.replace(/^a\//, ''), to.replace(/^b\//, '')]
      if (!fromNothing && before !== after) throw unreadable('moving files is not part of this tool')
      file = { kind: 'update', path: after, hunks: [] }
      continue
    }
    const head = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line)
    if (head !== null) {
      if (file === undefined) throw unreadable('a part belongs to no file')
      file.hunks.push({ after: '', old: [], fresh: [], atEnd: false })
      left = { old: Number(head[1] ?? 1), fresh: Number(head[2] ?? 1) }
    }
  }
  if (left.old > 0 || left.fresh > 0) throw unreadable('its last part is cut off')
  finish()
  return files
}

function nameIn(line: string): string {
  return (line.slice(4).split('\t')[0] ?? '').trim()
}

/** The text after all parts were put in, in order, each at the one place where its old lines stand. Throws `Problem('patch-misfit')`. */
export function placeHunks(text: string, { path, hunks }: Extract<FilePatch, { kind: 'update' }>): string {
  const windows = text.includes('\r\n')
  const lines = (windows ? text.replaceAll('\r\n', '\n') : text).split('\n')
  let from = 0
  for (const [index, hunk] of hunks.entries()) {
    if (hunk.after !== '') {
      const at = lines.findIndex((line, place) => place >= from && line.trim() === hunk.after)
      if (at < 0) throw misfit(path, index, `the line "${visible(hunk.after.slice(0, 80))}" is not there`)
      from = at + 1
    }
    const places = placesOf(lines, hunk, from)
    const [place] = places
    if (place === undefined) throw misfit(path, index, 'its old lines are not there')
    if (hunk.old.length === 0 && hunk.fresh.length > 0 && hunk.after === '' && text !== '') throw misfit(path, index, 'it does not say where its new lines belong')
    if (places.length > 1 && hunk.after === '' && index === 0 && hunks.length === 1) throw misfit(path, index, `its old lines stand at ${places.length} places`)
    lines.splice(place, hunk.old.length, ...hunk.fresh)
    from = place + hunk.fresh.length
  }
  return lines.join(windows ? '\r\n' : '\n')
}

function placesOf(lines: readonly string[], { old, atEnd }: Hunk, from: number): number[] {
  const places: number[] = []
  const last = lines.length - old.length
  for (let at = from; at <= last && places.length < 3; at += 1) {
    if (old.every((line, step) => lines[at + step] === line) && (!atEnd || at === last || (at === last - 1 && lines.at(-1) === ''))) places.push(at)
  }
  return places
}

function unreadable(why: string): Problem {
  return new Problem('patch-unreadable', `This patch is not applied: ${why}.`, { next: 'Nothing was changed. Send a whole patch of text changes.' })
}

function misfit(path: string, index: number, why: string): Problem {
  return new Problem('patch-misfit', `Part ${index + 1} for ${visible(path)} does not fit: ${why}.`, { next: 'Nothing was changed. Read the file again and give more lines around the change.' })
}
