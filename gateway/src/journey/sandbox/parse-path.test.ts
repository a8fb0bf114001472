import { Problem } from '@moltbot/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePath } from './parse-path.ts'
import { hostilePaths } from './testing/hostile-paths.ts'

describe('words become a path', () => {
  test('there are at least 120 hostile ones', () => expect(new Set(hostilePaths).size).toBeGreaterThanOrEqual(120))

  test.each(hostilePaths)('%j is refused', (path) => {
    try {
      parsePath(path)
    } catch (error) {
      expect(error).toBeInstanceOf(Problem)
      expect((error as Problem).code).toBe('path-refused')
      return
    }
    throw new Error('was taken')
  })

  test.each([
    ['notes.md', ['notes.md']], ['./notes.md', ['notes.md']], ['notes/2026/übung – 1.md', ['notes', '2026', 'übung – 1.md']], ['日本語/メモ.txt', ['日本語', 'メモ.txt']],
    ['a..b/c...d', ['a..b', 'c...d']], ['.hidden', ['.hidden']], ['100% sure.md', ['100% sure.md']], ['🎉.md', ['🎉.md']], ['console.log', ['console.log']], ['wait….md', ['wait….md']],
  ])('%j is taken', (path, steps) => expect(parsePath(path)).toEqual(steps))

  test('the root is a folder only', () => {
    for (const path of ['', '.', './']) expect(parsePath(path, { folder: true })).toEqual([])
    expect(parsePath('notes/', { folder: true })).toEqual(['notes'])
    expect(() => parsePath('notes//', { folder: true })).toThrow(Problem)
  })

  test('whatever is taken stays below the root when the steps are joined', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom('..', '.', 'a', '/', '\\', '．', '／', '%2e', ' ', '\0', '~'), { maxLength: 8 }).map((parts) => parts.join(''))), (path) => {
      let steps: string[]
      try {
        steps = parsePath(path)
      } catch (error) {
        expect(error).toBeInstanceOf(Problem)
        return
      }
      expect(steps.length).toBeGreaterThan(0)
      for (const step of steps) for (const form of [step, step.normalize('NFKC')]) expect(form === '' || /^\.+$/.test(form) || /[/\\\0]/.test(form)).toBe(false)
    }), { numRuns: 3_000 })
  })
})
