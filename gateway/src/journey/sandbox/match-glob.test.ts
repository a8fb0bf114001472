import { expect, test } from 'vitest'
import { matchGlob } from './match-glob.ts'

test.each([
  ['*.md', 'a.md', true], ['*.md', 'x/a.md', true], ['*.md', 'a.mdx', false], ['x/*.md', 'x/a.md', true], ['x/*.md', 'x/y/a.md', false], ['**/a.md', 'a.md', true], ['**/a.md', 'x/y/a.md', true],
  ['x/**', 'x/y/z', true], ['x/**/z', 'x/z', true], ['x/**/z', 'y/z', false], ['?.md', 'a.md', true], ['?.md', 'ab.md', false], ['*.{ts,js}', 'a.js', true], ['{a,b}/{c,d}.md', 'b/c.md', true],
  ['{a,b}/{c,d}.md', 'b/e.md', false], ['a{b', 'a{b', true], ['*a*b*c', 'xxaxxbxxc', true], ['*a*b*c', 'xxaxxbxx', false], ['', 'a', false], ['./a/*', 'a/b', true],
])('%s %s', (pattern, path, yes) => expect(matchGlob(pattern)(path.split('/'))).toBe(yes))

test('many stars and many alternatives stay cheap', () => {
  const path = [`${'a'.repeat(250)}b`]
  expect(matchGlob(`${'*a'.repeat(90)}c`)(path)).toBe(false)
  expect(matchGlob(`${'**/'.repeat(60)}c`)(Array.from({ length: 32 }, () => 'a'))).toBe(false)
  expect(matchGlob('{a,b}'.repeat(30))(['a'])).toBe(false)
})
