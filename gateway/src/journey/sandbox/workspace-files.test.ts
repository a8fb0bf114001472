import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FileReader, FileWriter } from '@moltbot/contract'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostilePaths } from './testing/hostile-paths.ts'
import { workspaceFiles } from './workspace-files.ts'

const canary = 'CANARY-7f3a-never-to-be-read'
let base: string
let root: string
let outside: string
let files: FileReader & FileWriter

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'moltbot-sandbox-'))
  root = join(base, 'workspace')
  outside = join(base, 'outside')
  mkdirSync(root)
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret.txt'), canary)
  files = workspaceFiles({ root, clock: realClock, newId: countingIds() })
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const put = (path: string, text: string | Buffer) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}
const refusedWith = (...codes: string[]) => ({ name: 'Problem', code: expect.stringMatching(new RegExp(`^(?:${codes.join('|')})$`)) })
const find = (text: string, more: Partial<Parameters<FileReader['search']>[0]> = {}) => files.search({ text, regex: false, ignoreCase: false, path: '', matchesMax: 50, ...more })

describe('reading and writing', () => {
  test('writes whole files, makes folders, keeps 600 and 700', async () => {
    expect(await files.write('notes/2026/a.md', 'grüezi\n')).toEqual({ created: true, bytes: 8 })
    expect(await files.read('notes/2026/a.md')).toMatchObject({ text: 'grüezi\n', lines: 1 })
    expect(statSync(join(root, 'notes/2026/a.md')).mode & 0o777).toBe(0o600)
    expect(statSync(join(root, 'notes')).mode & 0o777).toBe(0o700)
    expect(await files.write('notes/2026/a.md', '')).toEqual({ created: false, bytes: 0 })
    expect(readdirSync(join(root, 'notes/2026'))).toEqual(['a.md'])
  })

  test('what the owner could run stays runnable by the owner only', async () => {
    put('run.sh', 'old')
    chmodSync(join(root, 'run.sh'), 0o4777)
    await files.write('run.sh', 'new')
    expect(statSync(join(root, 'run.sh')).mode & 0o7777).toBe(0o700)
  })

  test('does not replace what changed since it was read', async () => {
    put('a.md', 'one')
    const { modifiedAt } = await files.read('a.md')
    await files.write('a.md', 'two', { onlyIfModifiedAt: modifiedAt })
    await expect(files.write('a.md', 'three', { onlyIfModifiedAt: modifiedAt })).rejects.toMatchObject(refusedWith('file-changed'))
    await expect(files.write('gone.md', 'x', { onlyIfModifiedAt: modifiedAt })).rejects.toMatchObject(refusedWith('file-changed'))
    expect((await files.read('a.md')).text).toBe('two')
  })

  test('of many writers with the same knowledge exactly one wins', async () => {
    put('a.md', 'start')
    const { modifiedAt } = await files.read('a.md')
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => files.write('a.md', `writer ${index}`, { onlyIfModifiedAt: modifiedAt })))
    expect(results.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
  })

  test('text is exact: byte order marks and line ends stay', async () => {
    put('a.txt', '\ufeffa\r\nb')
    expect((await files.read('a.txt')).text).toBe('\ufeffa\r\nb')
  })

  test('absent, binary, too large and folders are told apart', async () => {
    put('bin', Buffer.from([1, 0, 2]))
    put('latin1.txt', Buffer.from('caf\xe9', 'latin1'))
    put('huge.txt', 'x')
    truncateSync(join(root, 'huge.txt'), 100 * 1024 ** 3)
    mkdirSync(join(root, 'folder'))
    await expect(files.read('none.md')).rejects.toMatchObject(refusedWith('file-missing'))
    await expect(files.read('none/none.md')).rejects.toMatchObject(refusedWith('file-missing'))
    await expect(files.read('bin')).rejects.toMatchObject(refusedWith('file-binary'))
    await expect(files.read('latin1.txt')).rejects.toMatchObject(refusedWith('file-binary'))
    await expect(files.read('huge.txt')).rejects.toMatchObject(refusedWith('file-too-large'))
    await expect(files.read('folder')).rejects.toMatchObject(refusedWith('not-a-file'))
    await expect(files.write('folder', 'x')).rejects.toMatchObject(refusedWith('not-a-file'))
    await expect(files.write('bin/x', 'x')).rejects.toMatchObject(refusedWith('not-a-folder'))
    await expect(files.write('big.txt', 'x'.repeat(10 * 1024 * 1024 + 1))).rejects.toMatchObject(refusedWith('file-too-large'))
  })

  test('images are known by their content', async () => {
    put('a.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1]))
    put('b.png', 'no image')
    put('c.webp', Buffer.from('RIFFxxxxWEBPdata'))
    expect(await files.readImage('a.png')).toMatchObject({ mimeType: 'image/png' })
    expect(await files.readImage('b.png')).toBeUndefined()
    expect(await files.readImage('c.webp')).toMatchObject({ mimeType: 'image/webp' })
  })

  test('a missing workspace is said in words', async () => {
    const none = workspaceFiles({ root: join(base, 'none'), clock: realClock, newId: countingIds() })
    await expect(none.read('a.md')).rejects.toMatchObject(refusedWith('workspace-missing'))
    await expect(none.write('a.md', 'x')).rejects.toMatchObject(refusedWith('workspace-missing'))
  })

  test('a failed write leaves nothing behind', async () => {
    put('a.md', 'old')
    await expect(files.write('a.md', 'new', { onlyIfModifiedAt: 1 })).rejects.toMatchObject(refusedWith('file-changed'))
    expect(readdirSync(root)).toEqual(['a.md'])
  })

  test('holds no descriptor afterwards', async () => {
    put('a/b/c.md', 'x')
    const open = () => readdirSync('/proc/self/fd').length
    await files.read('a/b/c.md')
    const before = open()
    for (let n = 0; n < 50; n++) {
      await files.read('a/b/c.md')
      await files.write('a/b/c.md', `x${n}`)
      await files.read('a/none').catch(() => undefined)
      await files.list('', 3)
      await find('x')
    }
    expect(open()).toBeLessThanOrEqual(before + 1)
  })
})

describe('PTH-01: hostile words', () => {
  test.each(hostilePaths)('%j reaches nothing', async (path) => {
    await expect(files.read(path)).rejects.toMatchObject(refusedWith('path-refused'))
    await expect(files.write(path, 'x')).rejects.toMatchObject(refusedWith('path-refused'))
    await expect(files.readImage(path)).rejects.toMatchObject(refusedWith('path-refused'))
    expect(readdirSync(root)).toEqual([])
    expect(readdirSync(base).sort()).toEqual(['outside', 'workspace'])
  })
})

describe('PTH-02: links', () => {
  beforeEach(() => {
    symlinkSync(join(outside, 'secret.txt'), join(root, 'leaf'))
    symlinkSync(outside, join(root, 'dir'))
    symlinkSync(join(outside, 'new.txt'), join(root, 'dangling'))
    symlinkSync('loop', join(root, 'loop'))
    put('inside.md', 'mine')
    symlinkSync('inside.md', join(root, 'inner'))
    linkSync(join(outside, 'secret.txt'), join(root, 'hard'))
  })

  test.each(['leaf', 'dir/secret.txt', 'dangling', 'loop', 'loop/x', 'inner'])('%s is refused', async (path) => {
    await expect(files.read(path)).rejects.toMatchObject(refusedWith('link-refused'))
    await expect(files.readImage(path)).rejects.toMatchObject(refusedWith('link-refused'))
    await expect(files.write(path, 'pwned')).rejects.toMatchObject(refusedWith('link-refused'))
    expect(existsSync(join(outside, 'new.txt'))).toBe(false)
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe(canary)
  })

  test('nothing is made below a linked folder', async () => {
    await expect(files.write('dir/sub/x.md', 'x')).rejects.toMatchObject(refusedWith('link-refused'))
    expect(readdirSync(outside)).toEqual(['secret.txt'])
  })

  test('a second name of an outside file is neither read nor written', async () => {
    await expect(files.read('hard')).rejects.toMatchObject(refusedWith('hard-link-refused'))
    await expect(files.write('hard', 'pwned')).rejects.toMatchObject(refusedWith('hard-link-refused'))
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe(canary)
  })

  test('listing shows links as links and never looks behind them; search passes them over', async () => {
    const { entries } = await files.list('', 5)
    expect(entries.filter((entry) => entry.kind === 'link').map((entry) => entry.path)).toEqual(['dangling', 'dir', 'inner', 'leaf', 'loop'])
    expect(entries.some((entry) => entry.path.startsWith('dir/'))).toBe(false)
    await expect(files.list('dir', 1)).rejects.toMatchObject(refusedWith('link-refused'))
    expect((await find('CANARY')).matches).toEqual([])
    expect((await find('mine')).matches.map((match) => match.path)).toEqual(['inside.md'])
    await expect(find('CANARY', { path: 'dir' })).rejects.toMatchObject(refusedWith('link-refused'))
  })

  test('the way to the workspace may be a link: it is the owner\'s', async () => {
    symlinkSync(root, join(base, 'short'))
    const linked = workspaceFiles({ root: join(base, 'short'), clock: realClock, newId: countingIds() })
    expect((await linked.read('inside.md')).text).toBe('mine')
  })
})

describe('PTH-03: races', () => {
  test('a folder that is swapped for a link all the time never leads out', async () => {
    put('swap/secret.txt', 'inside')
    symlinkSync(outside, join(root, 'link'))
    // A thread that swaps `swap` and `link` until it is told to stop.
    const flag = new Int32Array(new SharedArrayBuffer(8))
    const swapper = new Worker(`
      const { renameSync } = require('node:fs')
      const { workerData: { root, flag } } = require('node:worker_threads')
      while (Atomics.load(flag, 0) === 0) {
        try { renameSync(root + '/swap', root + '/tmp'); renameSync(root + '/link', root + '/swap'); renameSync(root + '/swap', root + '/link'); renameSync(root + '/tmp', root + '/swap') } catch {}
        Atomics.add(flag, 1, 1)
        // A breath, so that the workers get their turn on a machine of two cores.
        Atomics.wait(flag, 0, 0, 0.2)
      }`, { eval: true, workerData: { root, flag } })
    await new Promise((resolve) => swapper.once('online', resolve))
    let read = 0
    let refused = 0
    try {
      const reader = async () => {
        for (let n = 0; n < 100; n++) {
          try {
            const { text } = await files.read('swap/secret.txt')
            expect(text).not.toContain('CANARY')
            read += 1
          } catch (error) {
            expect(error).toMatchObject({ name: 'Problem' })
            refused += 1
          }
          if (n % 20 !== 0) continue
          const { matches } = await find('CANARY').catch(() => ({ matches: [] }))
          expect(matches).toEqual([])
        }
      }
      const writer = async (id: number) => {
        for (let n = 0; n < 25; n++) await files.write(`swap/new-${id}-${n % 4}.txt`, 'pwned').catch((error: unknown) => expect(error).toMatchObject({ name: 'Problem' }))
      }
      await Promise.all([reader(), reader(), reader(), reader(), writer(1), writer(2), writer(3), writer(4)])
    } finally {
      Atomics.store(flag, 0, 1)
      await new Promise((resolve) => swapper.once('exit', resolve))
    }
    expect(Atomics.load(flag, 1)).toBeGreaterThan(100)
    expect(read + refused).toBe(400)
    expect(refused).toBeGreaterThan(0)
    expect(readdirSync(outside)).toEqual(['secret.txt'])
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe(canary)
  })

  test('a file that is swapped for a link all the time is never read through it, and the link\'s target never written', async () => {
    put('a.md', 'inside')
    symlinkSync(join(outside, 'secret.txt'), join(root, 'b.md'))
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const swapper = new Worker(`
      const { renameSync, linkSync } = require('node:fs')
      const { workerData: { root, flag } } = require('node:worker_threads')
      while (Atomics.load(flag, 0) === 0) {
        try { renameSync(root + '/a.md', root + '/c.md'); renameSync(root + '/b.md', root + '/a.md'); renameSync(root + '/a.md', root + '/b.md'); renameSync(root + '/c.md', root + '/a.md') } catch {}
      }`, { eval: true, workerData: { root, flag } })
    await new Promise((resolve) => swapper.once('online', resolve))
    try {
      await Promise.all(Array.from({ length: 8 }, async (_, id) => {
        for (let n = 0; n < 100; n++) {
          if (id % 2 === 0) await files.read('a.md').then(({ text }) => expect(text).not.toContain('CANARY'), (error: unknown) => expect(error).toMatchObject({ name: 'Problem' }))
          else await files.write('a.md', 'inside').catch((error: unknown) => expect(error).toMatchObject({ name: 'Problem' }))
        }
      }))
    } finally {
      Atomics.store(flag, 0, 1)
      await new Promise((resolve) => swapper.once('exit', resolve))
    }
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe(canary)
  })

  test('a folder moved out of the workspace is left alone', async () => {
    put('moving/a.md', 'x')
    const read = files.read('moving/a.md')
    renameSync(join(root, 'moving'), join(outside, 'moving'))
    await read.then(({ text }) => expect(text).toBe('x'), (error: unknown) => expect(error).toMatchObject(refusedWith('file-changed', 'file-missing')))
    await expect(files.write('moving/b.md', 'y')).resolves.toMatchObject({ created: true })
    expect(existsSync(join(outside, 'moving/b.md'))).toBe(false)
  })
})

describe('PTH-04: twins', () => {
  test('a new name that differs only in case or width from one that is there is refused', async () => {
    put('Notes.md', 'a')
    mkdirSync(join(root, 'Folder'))
    await expect(files.write('notes.md', 'b')).rejects.toMatchObject(refusedWith('path-twin'))
    await expect(files.write('ｎotes.md', 'b')).rejects.toMatchObject(refusedWith('path-twin'))
    await expect(files.write('folder/x.md', 'b')).rejects.toMatchObject(refusedWith('path-twin'))
    await expect(files.write('Notes.md', 'b')).resolves.toMatchObject({ created: false })
  })

  test('a composed name does not stand beside a decomposed one', async () => {
    put('u\u0308bung.md', 'a')
    await expect(files.write('\u00fcbung.md', 'b')).rejects.toMatchObject(refusedWith('path-twin'))
  })

  test('names of our own unfinished writes are nobody\'s, and hidden', async () => {
    put('.moltbot-wr1.tmp', 'x')
    await expect(files.write('.moltbot-wr2.tmp', 'x')).rejects.toMatchObject(refusedWith('path-protected'))
    expect((await files.list('', 1)).entries).toEqual([])
  })
})

describe('PTH-05: what is no file', () => {
  test('a pipe is refused without waiting on it', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    await expect(files.read('pipe')).rejects.toMatchObject(refusedWith('not-a-file'))
    await expect(files.write('pipe', 'x')).rejects.toMatchObject(refusedWith('not-a-file'))
    await expect(files.readImage('pipe')).rejects.toMatchObject(refusedWith('not-a-file'))
    expect((await find('x')).matches).toEqual([])
    expect((await files.list('', 1)).entries).toMatchObject([{ path: 'pipe', kind: 'other' }])
  })

  test('a pipe swapped in for a file never blocks', async () => {
    put('a.md', 'x')
    execFileSync('mkfifo', [join(root, 'b.md')])
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const swapper = new Worker(`
      const { renameSync } = require('node:fs')
      const { workerData: { root, flag } } = require('node:worker_threads')
      while (Atomics.load(flag, 0) === 0) { try { renameSync(root + '/a.md', root + '/c.md'); renameSync(root + '/b.md', root + '/a.md'); renameSync(root + '/a.md', root + '/b.md'); renameSync(root + '/c.md', root + '/a.md') } catch {} }`, { eval: true, workerData: { root, flag } })
    await new Promise((resolve) => swapper.once('online', resolve))
    try {
      for (let n = 0; n < 300; n++) await files.read('a.md').catch((error: unknown) => expect(error).toMatchObject({ name: 'Problem' }))
    } finally {
      Atomics.store(flag, 0, 1)
      await new Promise((resolve) => swapper.once('exit', resolve))
    }
  })

  test('sockets and devices are refused', async () => {
    const server = createServer()
    // A socket's path is limited to about 100 bytes, which a test folder keeps.
    await new Promise<void>((resolve) => server.listen(join(root, 'sock'), resolve))
    await expect(files.read('sock')).rejects.toMatchObject(refusedWith('not-a-file'))
    await expect(files.write('sock', 'x')).rejects.toMatchObject(refusedWith('not-a-file'))
    await new Promise((resolve) => server.close(resolve))
    try {
      execFileSync('mknod', [join(root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' })
    } catch {
      return // Only root may make devices; the refusal is the same `isFile` check as for pipes.
    }
    await expect(files.read('zero')).rejects.toMatchObject(refusedWith('not-a-file'))
    await expect(files.write('zero', 'x')).rejects.toMatchObject(refusedWith('not-a-file'))
  })

  test('another mount inside the workspace is refused', async () => {
    mkdirSync(join(root, 'mnt'))
    try {
      execFileSync('mount', ['--bind', outside, join(root, 'mnt')], { stdio: 'ignore' })
    } catch {
      return // Needs the right to mount; where that is missing nobody else can plant one either.
    }
    try {
      await expect(files.read('mnt/secret.txt')).rejects.toMatchObject(refusedWith('mount-refused'))
      await expect(files.write('mnt/x.txt', 'x')).rejects.toMatchObject(refusedWith('mount-refused'))
      expect((await find('CANARY')).matches).toEqual([])
    } finally {
      execFileSync('umount', [join(root, 'mnt')])
    }
  })
})

describe('PTH-06: protected names', () => {
  test.each([
    '.bashrc', '.profile', '.git/hooks/pre-commit', '.GIT/hooks/post-checkout', 'sub/.git/config', '.npmrc', '.vscode/tasks.json', '.mcp.json', '.moltbot/seeded', '.env', '.Env.local', 'sub/.envrc',
    'skills/evil/SKILL.md', 'Hooks/x.ts', 'node_modules/a/index.js', '.ssh/authorized_keys', 'id_rsa', 'server.PEM', 'ｓkills/x.md', '.gitattributes', '.gitmodules',
  ])('%s is not written', async (path) => {
    await expect(files.write(path, 'x')).rejects.toMatchObject(refusedWith('path-protected'))
    expect(readdirSync(root)).toEqual([])
  })

  test.each(['.env', '.env.production', 'app/.env', 'id_ed25519', 'keys/server.pem', '.git/config', '.ssh/known_hosts', '.netrc', 'secrets.env'])('%s is neither read nor searched', async (path) => {
    put(path, canary)
    await expect(files.read(path)).rejects.toMatchObject(refusedWith('path-protected'))
    expect((await find('CANARY')).matches).toEqual([])
    const direct = await find('CANARY', { path }).catch(() => ({ matches: [] }))
    expect(direct.matches).toEqual([])
  })

  test('harmless hidden files are written, ordinary ones read', async () => {
    await files.write('.gitignore', 'x')
    put('.editorconfig', 'y')
    expect((await files.read('.editorconfig')).text).toBe('y')
    await files.write('docs/skills/x.md', 'deeper is an ordinary folder')
  })
})

describe('PTH-09: listing and searching', () => {
  test('lists in order, by depth, with sizes', async () => {
    put('b.md', 'bb')
    put('a/c.md', 'c')
    put('a/d/e.md', 'e')
    utimesSync(join(root, 'b.md'), 1_000, 1_000)
    expect((await files.list('', 1)).entries.map((entry) => [entry.path, entry.kind])).toEqual([['a', 'folder'], ['b.md', 'file']])
    expect((await files.list('.', 2)).entries.map((entry) => entry.path)).toEqual(['a', 'a/c.md', 'a/d', 'b.md'])
    expect((await files.list('a/', 8)).entries.map((entry) => entry.path)).toEqual(['a/c.md', 'a/d', 'a/d/e.md'])
    expect((await files.list('', 1)).entries[1]).toMatchObject({ bytes: 2, modifiedAt: 1_000_000 })
  })

  test('a thousand entries and no more', async () => {
    for (let n = 0; n < 1_100; n++) writeFileSync(join(root, `f${String(n).padStart(4, '0')}`), '')
    const { entries, more } = await files.list('', 1)
    expect([entries.length, entries.at(-1)?.path, more]).toEqual([1_000, 'f0999', true])
  })

  test('finds words and patterns, with case and without, by glob, up to a number', async () => {
    put('a.md', 'Milk\nbread\nmilk')
    put('n/b.txt', 'milk 2\r\n')
    expect((await find('milk')).matches).toEqual([{ path: 'a.md', line: 3, text: 'milk' }, { path: 'n/b.txt', line: 1, text: 'milk 2' }])
    expect((await find('MILK', { ignoreCase: true })).matches).toHaveLength(3)
    expect((await find('^m.*\\d', { regex: true })).matches).toMatchObject([{ path: 'n/b.txt' }])
    expect((await find('milk', { glob: '*.{txt,log}' })).matches).toMatchObject([{ path: 'n/b.txt' }])
    expect((await find('milk', { glob: 'n/**' })).matches).toMatchObject([{ path: 'n/b.txt' }])
    expect((await find('milk', { glob: '**/../../*' })).matches).toEqual([])
    expect((await find('milk', { path: 'n' })).matches).toMatchObject([{ path: 'n/b.txt' }])
    expect((await find('milk', { path: 'a.md' })).matches).toMatchObject([{ path: 'a.md' }])
    expect(await find('milk', { ignoreCase: true, matchesMax: 1 })).toMatchObject({ matches: [{ path: 'a.md', line: 1 }], more: true })
    expect(await find('milk', { ignoreCase: true, matchesMax: 3 })).toMatchObject({ more: false })
    await expect(find('milk', { path: 'none' })).rejects.toMatchObject(refusedWith('file-missing'))
  })

  test('a pattern made to take for ever is given up, and the gateway goes on meanwhile', async () => {
    put('a.md', `${'a'.repeat(40)}!`)
    let ticks = 0
    const timer = setInterval(() => (ticks += 1), 20)
    try {
      await expect(find('^(a+)+$', { regex: true })).rejects.toMatchObject(refusedWith('search-too-slow'))
    } finally {
      clearInterval(timer)
    }
    expect(ticks).toBeGreaterThan(10)
    expect((await find('a!')).matches).toHaveLength(1)
  })

  test('a broken pattern is told, an old-fashioned one taken', async () => {
    put('a.md', 'a-b')
    await expect(find('(', { regex: true })).rejects.toMatchObject(refusedWith('search-pattern-invalid'))
    expect((await find('a\\-b', { regex: true })).matches).toHaveLength(1)
  })

  test('binary and large files and machine-made folders are passed over; long lines are shown in part', async () => {
    put('bin', Buffer.from('milk\0'))
    put('big.txt', `milk ${'x'.repeat(1024 * 1024)}`)
    put('node_modules/m/index.js', 'milk')
    put('.git/logs/HEAD', 'milk')
    put('long.txt', `${'y'.repeat(5_000)}milk${'z'.repeat(5_000)}`)
    const { matches } = await find('milk')
    expect(matches.map((match) => match.path)).toEqual(['long.txt'])
    expect(matches[0]?.text).toContain('milk')
    expect(matches[0]?.text.length).toBeLessThan(500)
  })

  test('odd names on disk are shown and cannot be opened by them', async () => {
    writeFileSync(join(root, 'a\nb'), canary)
    expect((await files.list('', 1)).entries.map((entry) => entry.path)).toEqual(['a\nb'])
    await expect(files.read('a\nb')).rejects.toMatchObject(refusedWith('path-refused'))
    expect(lstatSync(join(root, 'a\nb')).isFile()).toBe(true)
  })
})
