import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileReader, Store } from '@moltbot/contract'
import { countingIds, FakeClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../foundation/storage/index.ts'
import { createFileLabels, fileLabelsMigration, walkMax, type CallLabel, type FileLabels } from './file-labels.ts'
import { workspaceFiles } from './workspace-files.ts'

let base: string
let root: string
let store: Store
let labels: FileLabels
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'moltbot-labels-'))
  root = join(base, 'workspace')
  mkdirSync(root)
  store = await openStore({ file: join(base, 'db'), migrations: [fileLabelsMigration] })
  labels = createFileLabels({ store, clock: new FakeClock(1) })
})
afterEach(async () => {
  await store.close()
  rmSync(base, { recursive: true, force: true })
})

function turn(isTainted: boolean): { label: CallLabel; took: () => boolean; reader: FileReader; write(path: string, text: string, onlyIfModifiedAt?: number): Promise<unknown> } {
  let took = false
  const label: CallLabel = { tainted: () => isTainted || took, mayReach: () => false, tookStrange: () => { took = true } }
  const files = workspaceFiles({ root, clock: new FakeClock(1), newId: countingIds() })
  const writer = labels.writer(files, root, label)
  return { label, took: () => took, reader: labels.reader(files, root, label), write: (path, text, onlyIfModifiedAt) => writer.write(path, text, onlyIfModifiedAt === undefined ? {} : { onlyIfModifiedAt }) }
}
const restart = (): void => { labels = createFileLabels({ store, clock: new FakeClock(2) }) }

describe('what a turn under strangers\' words writes', () => {
  it.each<[string, (reader: FileReader) => Promise<unknown>]>([
    ['read', (reader) => reader.read('dir/notes.txt')], ['read by another spelling', (reader) => reader.read('/workspace/dir/notes.txt')], ['found', (reader) => reader.search({ text: 'words', regex: false, ignoreCase: false, path: '', matchesMax: 9 })],
    ['listed', (reader) => reader.list('dir', 1)], ['listed from above', (reader) => reader.list('', 3)],
  ])('is theirs when it is %s, in any later turn and after a restart', async (_how, back) => {
    await turn(true).write('dir/notes.txt', 'their words')
    restart()
    const later = turn(false)
    await back(later.reader)
    expect(later.took()).toBe(true)
  })

  it('is not spread over other files', async () => {
    await turn(false).write('mine.txt', 'my words')
    await turn(true).write('theirs.txt', 'their words')
    const later = turn(false)
    await later.reader.read('mine.txt')
    await later.reader.search({ text: 'my words', regex: false, ignoreCase: false, path: '', matchesMax: 9 })
    expect(later.took()).toBe(false)
  })

  it('is the person\'s again when their own turn replaces the whole file, and not when it changes a part', async () => {
    await turn(true).write('a.txt', 'theirs')
    const { modifiedAt } = await turn(false).reader.read('a.txt')
    await turn(false).write('a.txt', 'partly mine', modifiedAt)
    expect(await labels.isStrange(root, 'a.txt')).toBe(true)
    await turn(false).write('a.txt', 'mine')
    restart()
    expect([await labels.isStrange(root, 'a.txt'), await labels.any(root)]).toEqual([false, false])
  })

  it('stays theirs when the very turn that writes has read it', async () => {
    await turn(true).write('a.txt', 'theirs')
    const copying = turn(false)
    await copying.reader.read('a.txt')
    await copying.write('b.txt', 'theirs again')
    expect(await labels.isStrange(root, 'b.txt')).toBe(true)
  })

  it('counts as theirs where nobody says whose words steer the call', async () => {
    await labels.writer(workspaceFiles({ root, clock: new FakeClock(1), newId: countingIds() }), root, undefined).write('a.txt', 'x')
    expect(await labels.any(root)).toBe(true)
  })
})

describe('around a command', () => {
  it('everything is theirs while it runs, and what it changed, made or moved afterwards', async () => {
    for (const name of ['kept', 'changed', 'moved']) writeFileSync(join(root, name), 'before')
    mkdirSync(join(root, 'folder'))
    writeFileSync(join(root, 'folder', 'inside'), 'before')
    const ended = await labels.watch(root)
    expect([await labels.isStrange(root, 'kept'), await labels.isStrange(root, 'never/there')]).toEqual([true, true])
    writeFileSync(join(root, 'changed'), 'after!')
    writeFileSync(join(root, 'made'), 'new')
    renameSync(join(root, 'moved'), join(root, 'elsewhere'))
    renameSync(join(root, 'folder'), join(root, 'renamed'))
    await ended()
    restart()
    const strange = await Promise.all(['kept', 'changed', 'made', 'moved', 'elsewhere', 'folder', 'renamed', 'renamed/inside'].map(async (path) => [path, await labels.isStrange(root, path)]))
    expect(Object.fromEntries(strange)).toEqual({ kept: false, changed: true, made: true, moved: false, elsewhere: true, folder: false, renamed: true, 'renamed/inside': true })
  })

  it('two at a time: everything is theirs until both have ended; what is gone has no label any more', async () => {
    const [first, second] = [await labels.watch(root), await labels.watch(root)]
    await first()
    expect(await labels.isStrange(root, 'x')).toBe(true)
    writeFileSync(join(root, 'made'), '1')
    await second()
    expect([await labels.isStrange(root, 'x'), await labels.isStrange(root, 'made')]).toEqual([false, true])
    const third = await labels.watch(root)
    rmSync(join(root, 'made'))
    await third()
    expect(await labels.any(root)).toBe(false)
  })

  it('a gateway that dies meanwhile leaves everything theirs; a person\'s own file is theirs alone again', async () => {
    await labels.watch(root)
    restart()
    expect(await labels.isStrange(root, 'a.txt')).toBe(true)
    await turn(false).write('a.txt', 'mine')
    expect([await labels.isStrange(root, 'a.txt'), await labels.isStrange(root, 'b.txt')]).toEqual([false, true])
    await (await labels.watch(root))()
    expect(await labels.isStrange(root, 'b.txt')).toBe(true)
  })

  it('with more entries than can be compared everything stays theirs', async () => {
    for (let at = 0; at <= walkMax; at++) symlinkSync('nowhere', join(root, `l${at}`))
    await (await labels.watch(root))()
    expect(await labels.isStrange(root, 'anything')).toBe(true)
  })
})
