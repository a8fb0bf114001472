import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileReader, FileWriter, Tool } from '@moltbot/contract'
import { countingIds, realClock } from '@moltbot/contract/testing'
import { createGrants } from '../../gateway/src/journey/sandbox/index.ts'
import { hostilePaths } from '../../gateway/src/journey/sandbox/testing/hostile-paths.ts'
import { agentsSection } from '../../gateway/src/foundation/agents/index.ts'
import { Compile } from 'typebox/compile'
import { applyPatch } from '../../tools/src/apply-patch.ts'
import { edit } from '../../tools/src/edit.ts'
import { list } from '../../tools/src/list.ts'
import { read } from '../../tools/src/read.ts'
import { search } from '../../tools/src/search.ts'
import { write } from '../../tools/src/write.ts'
import { roomAt, subject } from './sandbox-runner.ts'

/** Every tool that takes a path, tried with real files through the grants the gateway makes. */
let place: string
let workspace: string
let grants: { 'files.read': FileReader; 'files.write': FileWriter }
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'moltbot-pth-'))
  workspace = join(place, 'workspace')
  mkdirSync(join(workspace, 'notes'), { recursive: true })
  mkdirSync(join(place, 'outside'))
  writeFileSync(join(place, 'outside', 'secret.txt'), 'CANARY')
  writeFileSync(join(workspace, 'notes', 'a.md'), 'one\n')
  grants = createGrants({ workspaceOf: () => workspace, describeStatus: () => Promise.reject(new Error('not here')), clock: realClock, newId: countingIds() }).grants(['files.read', 'files.write'], subject)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const envelope = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n')
/** What every path-taking tool says of a path: its words, or the code with which it refuses. */
async function tryAll(path: string): Promise<{ said: string; codes: Record<string, string> }> {
  const calls: [string, Tool, Record<string, unknown>][] = [
    ['read', read as never, { path }], ['write', write as never, { path, text: 'overwritten' }], ['edit', edit as never, { path, old: 'CANARY', new: 'overwritten' }], ['list', list as never, { path }], ['search', search as never, { path, text: 'CANARY' }],
    ['add', applyPatch as never, { patch: envelope(`*** Add File: ${path}`, '+overwritten') }], ['update', applyPatch as never, { patch: envelope(`*** Update File: ${path}`, '-CANARY', '+overwritten') }],
  ]
  let said = ''
  const codes: Record<string, string> = {}
  for (const [name, tool, input] of calls) {
    try {
      const result = await tool.run(input as never, grants as never, new AbortController().signal)
      said += result.content.map((part) => (part.type === 'text' ? part.text : part.data)).join('')
      codes[name] = 'done'
    } catch (error) {
      codes[name] = String((error as { code?: string }).code ?? error)
    }
  }
  return { said, codes }
}
const untouched = (): void => {
  expect(readFileSync(join(place, 'outside', 'secret.txt'), 'utf8')).toBe('CANARY')
  expect(readdirSync(place).sort()).toEqual(['outside', 'workspace'])
}

describe('PTH: every tool that takes a path', () => {
  it('PTH-01: no hostile word is a path to any of them, and the refusal is the same whether something is there or not', async () => {
    for (const path of hostilePaths) {
      const { said, codes } = await tryAll(path)
      expect(said, path).not.toContain('CANARY')
      for (const name of ['read', 'write', 'edit', 'add', 'update']) expect(codes[name], `${name} ${JSON.stringify(path)}`).toMatch(/^(?:path-refused|path-protected|patch-unreadable|file-missing)$/)
    }
    untouched()
    for (const name of ['../outside/secret.txt', '../outside/nothing.txt', '/etc/passwd', '/etc/nothing']) expect((await tryAll(name)).codes).toEqual((await tryAll('../outside/secret.txt')).codes)
  })

  it('PTH-01: the folder of a command is such a path, too', async () => {
    const room = roomAt(workspace, { bwrap: { programs: ['/nowhere'] } })
    for (const cwd of hostilePaths.filter((path) => !['', '.', './'].includes(path) && !/^[^/~.%\\]+\/$/.test(path) && path !== 'a/b/')) {
      await expect(room.grant(subject).run({ command: 'true', cwd }, new AbortController().signal), JSON.stringify(cwd)).rejects.toMatchObject({ code: 'path-refused' })
    }
    await room.close()
  })

  it('PTH-01: what commands print of the workspace is the same place to every tool', async () => {
    expect((await tryAll('/workspace/notes/a.md')).said).toContain('one')
    for (const path of ['/workspace/../outside/secret.txt', '/workspace//etc/passwd', '/workspaces/x', '/workspace/~/x']) expect((await tryAll(path)).codes['read']).toBe('path-refused')
  })

  it('PTH-02: links, dangling links, loops and second names are refused by all', async () => {
    symlinkSync(join(place, 'outside', 'secret.txt'), join(workspace, 'leaf'))
    symlinkSync(join(place, 'outside'), join(workspace, 'dir'))
    symlinkSync(join(place, 'outside', 'new.txt'), join(workspace, 'dangling'))
    symlinkSync('loop', join(workspace, 'loop'))
    linkSync(join(place, 'outside', 'secret.txt'), join(workspace, 'hard'))
    for (const path of ['leaf', 'dir/secret.txt', 'dir/new.txt', 'dangling', 'loop', 'loop/x', 'hard']) {
      const { said, codes } = await tryAll(path)
      expect(said.replaceAll(/No match[^\n]*/g, ''), path).not.toContain('CANARY')
      for (const name of ['read', 'write', 'edit', 'add', 'update']) expect(codes[name], `${name} ${path}`).toMatch(/^(?:link-refused|hard-link-refused)$/)
    }
    untouched()
  })

  it('PTH-03: while a folder is swapped for a link all the time, nothing is read or written through it', async () => {
    const worker = new Worker(`
      const { renameSync, symlinkSync, unlinkSync, mkdirSync, writeFileSync } = require('node:fs'); const { parentPort } = require('node:worker_threads')
      mkdirSync('${workspace}/swap'); writeFileSync('${workspace}/swap/secret.txt', 'fine'); let going = true; parentPort.on('message', () => { going = false })
      parentPort.postMessage('ready')
      const turn = () => { for (let i = 0; i < 50; i += 1) { try { renameSync('${workspace}/swap', '${workspace}/real'); symlinkSync('${place}/outside', '${workspace}/swap'); unlinkSync('${workspace}/swap'); renameSync('${workspace}/real', '${workspace}/swap') } catch {} } if (going) setImmediate(turn); else process.exit(0) }
      turn()`, { eval: true })
    await new Promise((resolve) => { worker.once('message', resolve) })
    for (let turn = 0; turn < 30; turn += 1) expect((await tryAll('swap/secret.txt')).said).not.toContain('CANARY')
    worker.postMessage('enough')
    await worker.terminate()
    untouched()
  })

  it('PTH-05: a pipe, a device and a folder in place of a file never block and are told apart', async () => {
    execFileSync('mkfifo', [join(workspace, 'pipe')])
    for (const [path, code] of [['pipe', 'not-a-file'], ['notes', 'not-a-file']] as const) {
      const { codes } = await tryAll(path)
      expect(codes['read'], path).toBe(code)
      expect(codes['write'], path).not.toBe('done')
    }
  })

  it('PTH-06: what programs obey by itself, and what holds keys, is written by none of them', async () => {
    for (const path of ['.bashrc', '.profile', '.git/hooks/pre-commit', '.git/config', '.npmrc', '.vscode/tasks.json', '.mcp.json', 'skills/x/SKILL.md', 'hooks/x.js', '.env', 'notes/.env.local', '.ssh/authorized_keys', 'id_rsa']) {
      const { codes } = await tryAll(path)
      for (const name of ['write', 'add']) expect(codes[name], `${name} ${path}`).toMatch(/^(?:path-protected|patch-not-applied)$/)
      expect(existsSync(join(workspace, path)), path).toBe(false)
    }
  })

  it('PTH-07: an agent\'s id is no path', () => {
    const check = Compile(agentsSection.schema)
    for (const id of ['..', '.', 'a/b', 'a\\b', 'a.b', 'A', '', '-a', 'a-', 'x'.repeat(300), '١', 'a\0', 'ａ']) expect(check.Check({ list: [{ id }] }), id).toBe(false)
  })

  it('PTH-08: a patch with one bad name among good ones changes nothing', async () => {
    for (const bad of ['/etc/passwd', '../outside/secret.txt', '.git/hooks/x', 'C:\\x']) {
      const patch = envelope('*** Update File: notes/a.md', '-one', '+two', `*** Add File: ${bad}`, '+x')
      await expect(applyPatch.run({ patch }, grants, new AbortController().signal), bad).rejects.toThrow()
      expect(readFileSync(join(workspace, 'notes', 'a.md'), 'utf8')).toBe('one\n')
    }
    untouched()
  })

  it('PTH-09: patterns and globs stay inside and end', async () => {
    for (const glob of ['**/../../**', '../**', '/etc/**', '{'.repeat(50), '*'.repeat(200), '**/'.repeat(50)]) {
      const result = await search.run({ text: 'CANARY', glob }, grants, new AbortController().signal).catch((error: Error) => error)
      expect(JSON.stringify(result instanceof Error ? String(result) : result.content)).not.toMatch(/secret\.txt/)
    }
    writeFileSync(join(workspace, 'long.txt'), `${'a'.repeat(50_000)}!\n`)
    const slow = await search.run({ text: '(a+)+$', regex: true, path: 'long.txt' }, grants, new AbortController().signal).catch((error: Error) => error)
    expect(slow).toBeDefined()
  })

  it('PTH-02 twin: an ordinary file beside them is read, written, edited and patched', async () => {
    writeFileSync(join(workspace, 'plain.txt'), 'CANARY\n')
    expect((await tryAll('plain.txt')).codes).toEqual({ read: 'done', write: 'done', edit: 'edit-not-found', list: 'not-a-folder', search: 'done', add: 'file-exists', update: 'patch-misfit' })
  })
})
