import { testTool } from '@moltbot/contract/testing'
import { describe, expect, test } from 'vitest'
import { edit } from './edit.ts'
import { memoryFiles } from './testing/memory-files.ts'

const content = { 'a.md': 'one\ntwo\ntwo\nthree $& four', 'win.txt': 'one\r\ntwo\r\nthree', 'spaced.md': 'alpha   beta\n  gamma' }
const both = (memory = memoryFiles(content)) => ({ 'files.read': memory.reader, 'files.write': memory.writer })
async function result(input: Parameters<typeof edit.run>[0], memory = memoryFiles(content)): Promise<string | undefined> {
  await edit.run(input, both(memory), new AbortController().signal)
  return memory.files.get(input.path)
}

testTool(edit, {
  examples: [{ path: 'a.md', old: 'one', new: 'ONE' }, { path: 'a.md', old: 'two', new: '', all: true }],
  grants: () => both(),
  refused: [{ path: 'a.md', old: '', new: 'x' }, { path: 'a.md', old: 'x' }],
})

describe('edit', () => {
  test('replaces the one place', async () => expect(await result({ path: 'a.md', old: 'one', new: '1' })).toBe('1\ntwo\ntwo\nthree $& four'))
  test('replaces every place when told', async () => expect(await result({ path: 'a.md', old: 'two', new: '2', all: true })).toBe('one\n2\n2\nthree $& four'))
  test('takes replacement text as it is', async () => expect(await result({ path: 'a.md', old: 'one', new: '$& $1 $$' })).toBe('$& $1 $$\ntwo\ntwo\nthree $& four'))
  test('keeps Windows line ends', async () => expect(await result({ path: 'win.txt', old: 'one\ntwo', new: '1\n2\n2b' })).toBe('1\r\n2\r\n2b\r\nthree'))
  test('refuses what is not certain, and says where', async () => expect(result({ path: 'a.md', old: 'two', new: '2' })).rejects.toMatchObject({ code: 'edit-ambiguous', message: expect.stringContaining('lines 2, 3') }))
  test('says when only the spaces differ', async () => expect(result({ path: 'spaced.md', old: 'alpha beta', new: 'x' })).rejects.toMatchObject({ code: 'edit-not-found', next: expect.stringContaining('other spaces') }))
  test('says where the first line is', async () => expect(result({ path: 'a.md', old: 'two\nfive', new: 'x' })).rejects.toMatchObject({ next: expect.stringContaining('line 2') }))
  test('refuses to change nothing', async () => expect(result({ path: 'a.md', old: 'one', new: 'one' })).rejects.toMatchObject({ code: 'edit-same' }))

  test('does not overwrite what changed meanwhile', async () => {
    const memory = memoryFiles(content)
    const read = memory.reader.read
    memory.reader.read = async (path) => {
      const file = await read(path)
      await memory.writer.write(path, 'someone else was here')
      return file
    }
    await expect(result({ path: 'a.md', old: 'one', new: '1' }, memory)).rejects.toMatchObject({ code: 'file-changed' })
    expect(memory.files.get('a.md')).toBe('someone else was here')
  })
})
