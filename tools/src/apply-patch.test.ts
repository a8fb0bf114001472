import { testTool } from '@moltbot/contract/testing'
import { describe, expect, test } from 'vitest'
import { applyPatch } from './apply-patch.ts'
import { memoryFiles } from './testing/memory-files.ts'

const envelope = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n')

testTool(applyPatch, {
  examples: [{ patch: envelope('*** Update File: a.txt', '@@', ' one', '-two', '+zwei') }, { patch: '--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+hello\n' }],
  grants: () => {
    const memory = memoryFiles({ 'a.txt': 'one\ntwo\nthree\n' })
    return { 'files.read': memory.reader, 'files.write': memory.writer }
  },
  refused: [{}, { patch: '' }],
})

const patched = async (files: Record<string, string>, patch: string, spoil?: string) => {
  const memory = memoryFiles(files)
  const writer = { ...memory.writer, write: (path: string, text: string, options?: { onlyIfModifiedAt?: number }) => (path === spoil ? Promise.reject(new Error('disk full')) : memory.writer.write(path, text, options)) }
  const result = await applyPatch.run({ patch }, { 'files.read': memory.reader, 'files.write': writer }, new AbortController().signal).catch((error: Error) => error)
  return { result, files: Object.fromEntries(memory.files) }
}

describe('apply_patch', () => {
  test('the envelope form: new file, several parts, a line to begin after, the end of the file', async () => {
    const { files } = await patched({ 'src/a.ts': 'function a() {\n  one()\n}\nfunction b() {\n  one()\n}\nend\n' }, envelope(
      '*** Add File: notes/new.md', '+# New', '+', '+text', '*** Update File: src/a.ts', '@@ function b() {', '-  one()', '+  two()', '@@', ' end', '+last', '*** End of File'))
    expect(files).toEqual({ 'notes/new.md': '# New\n\ntext\n', 'src/a.ts': 'function a() {\n  one()\n}\nfunction b() {\n  two()\n}\nend\nlast\n' })
  })
  test('a unified diff, also of a file with Windows line ends', async () => {
    const diff = 'diff --git a/a.txt b/a.txt\nindex 1234567..89abcde 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n'
    expect((await patched({ 'a.txt': 'one\r\ntwo\r\nthree\r\n' }, diff)).files).toEqual({ 'a.txt': 'one\r\nzwei\r\nthree\r\n' })
  })
  test('a part that fits nowhere, or at several places, changes nothing at all', async () => {
    const before = { 'a.txt': 'x\nx\n', 'b.txt': 'b\n' }
    for (const part of [['-nowhere', '+y'], ['-x', '+y']]) {
      const { result, files } = await patched(before, envelope('*** Update File: b.txt', '-b', '+c', '*** Update File: a.txt', '@@', ...part))
      expect(result).toBeInstanceOf(Error)
      expect(files).toEqual(before)
    }
  })
  test('a write that fails takes the others back', async () => {
    const { result, files } = await patched({ 'a.txt': 'a\n', 'b.txt': 'b\n' }, envelope('*** Update File: a.txt', '-a', '+A', '*** Update File: b.txt', '-b', '+B'), 'b.txt')
    expect(String(result)).toContain('Nothing was changed')
    expect(files).toEqual({ 'a.txt': 'a\n', 'b.txt': 'b\n' })
  })
  test.each([
    ['deletes', envelope('*** Delete File: a.txt')], ['moves', envelope('*** Update File: a.txt', '*** Move to: b.txt', '-a', '+b')],
    ['deletes by a diff', '--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n'], ['makes a link', 'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n'],
    ['adds a submodule', 'diff --git a/m b/m\nnew file mode 160000\nindex 0000000..1111111\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+Subproject commit 1\n'],
    ['makes something executable', 'diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n'], ['renames', 'diff --git a/a.txt b/b.txt\nrename from a.txt\nrename to b.txt\n'],
    ['is cut off', '*** Begin Patch\n*** Update File: a.txt\n-a\n+b\n'], ['names a file twice', envelope('*** Update File: a.txt', '-a', '+b', '*** Update File: ./a.txt', '-b', '+c')],
    ['goes on behind its end', `${envelope('*** Update File: a.txt', '-a', '+b')}rm -rf /\n`], ['is no patch', 'please change it'],
  ])('PTH-08: one that %s is refused whole', async (_what, patch) => {
    const { result, files } = await patched({ 'a.txt': 'a\n' }, patch)
    expect(result).toMatchObject({ code: 'patch-unreadable' })
    expect(files).toEqual({ 'a.txt': 'a\n' })
  })
  test('a change of the assistant\'s own files is said to be one', () => {
    expect(applyPatch.effects({ patch: envelope('*** Update File: ./MEMORY.md', '-a', '+b') }).map(({ kind }) => kind)).toContain('changes-gateway')
  })
})
