import type { LineRow } from './index-table.ts'

/** The most words of a query that count. */
const wordsMax = 16
/** Shorter words have too few parts to tell alike from different. */
const partedLength = 4
/** From here on two words count as alike. */
const likeMin = 0.4

/** The words of a query, each once, without accents. */
export function wordsOf(text: string): string[] {
  return [...new Set(plain(text).match(/[\p{L}\p{N}]+/gu) ?? [])].slice(0, wordsMax)
}

function plain(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}+/gu, '').toLowerCase()
}

/** A query that finds lines with any of the words, or a longer word that begins so. */
export function wordMatch(words: readonly string[]): string {
  return words.map((word) => `"${word}"*`).join(' OR ')
}

/** A query that finds lines that share three letters in a row with any of the words; undefined: no word is long enough. */
export function partMatch(words: readonly string[]): string | undefined {
  const parts = new Set(words.flatMap((word) => (Array.from(word).length < partedLength ? [] : [...partsOf(word)])))
  return parts.size === 0 ? undefined : [...parts].map((part) => `"${part}"`).join(' OR ')
}

function partsOf(word: string): Set<string> {
  const letters = Array.from(word)
  return new Set(letters.slice(2).map((_, at) => letters.slice(at, at + 3).join('')))
}

/** How alike two words are by their parts, 0 to 1 (the overlap of their sets, Dice). */
function likeness(one: Set<string>, other: Set<string>): number {
  if (one.size === 0 || other.size === 0) return 0
  const shared = [...one].filter((part) => other.has(part)).length
  return (2 * shared) / (one.size + other.size)
}

/**
 * One order out of two: how many of the words stand in the line (70 of 100, and by its place among those the index found), and how alike
 * its words are where they are not the same (30 of 100: other endings, compounds, slips of the pen).
 */
export function rankLines(words: readonly string[], byWord: readonly LineRow[], byPart: readonly LineRow[]): (LineRow & { score: number })[] {
  const lines = new Map([...byWord, ...byPart].map((line) => [line.id, line]))
  const place = new Map(byWord.map((line, at) => [line.id, 1 / (1 + at * 0.1)]))
  const parts = words.map((word) => [word, partsOf(word)] as const)
  const scored = [...lines.values()].map((line) => {
    const own = plain(line.text).match(/[\p{L}\p{N}]+/gu) ?? []
    const ownParts = own.map(partsOf)
    const whole = words.filter((word) => own.some((each) => each.startsWith(word))).length / Math.max(1, words.length)
    const alike = parts.map(([, each]) => Math.max(0, ...ownParts.map((other) => likeness(each, other)))).map((value) => (value < likeMin ? 0 : value))
    const like = alike.reduce((sum, value) => sum + value, 0) / Math.max(1, words.length)
    return { ...line, score: 0.7 * whole * (place.get(line.id) ?? 0.5) + 0.3 * Math.max(like, whole) }
  })
  return scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || (b.day ?? '').localeCompare(a.day ?? '') || a.id - b.id)
}
