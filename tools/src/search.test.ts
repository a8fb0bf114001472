import { testTool } from '@moltbot/contract/testing'
import { describe, expect, test } from 'vitest'
import { search } from './search.ts'
import { memoryFiles } from './testing/memory-files.ts'

const memory = () => memoryFiles({ 'a.md': 'milk\neggs and milk', 'notes/b.md': 'no' })
testTool(search, { examples: [{ text: 'milk' }, { text: 'm.lk', regex: true, ignore_case: true, path: 'notes', glob: '*.md', limit: 3 }], grants: () => ({ 'files.read': memory().reader }), refused: [{}, { text: '' }, { text: 'a', limit: 1_000 }] })

describe('search', () => {
  test('shows path, line and text, and when there is more', async () => {
    const files = memory()
    const { content } = await search.run({ text: 'milk', limit: 1 }, { 'files.read': files.reader }, new AbortController().signal)
    expect(content).toEqual([{ type: 'text', text: 'a.md:1: milk\n[more matches or files were left out; narrow the search]' }])
    expect(files.searched).toEqual([{ text: 'milk', regex: false, ignoreCase: false, path: '', matchesMax: 1 }])
  })

  test('says when there is nothing', async () => {
    const { content } = await search.run({ text: 'zebra' }, { 'files.read': memory().reader }, new AbortController().signal)
    expect(content).toEqual([{ type: 'text', text: 'No match.' }])
  })
})
