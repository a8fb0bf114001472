import type { SourceFile } from '../source-tree.ts'
import { code, opening, table } from './markdown.ts'
import type { Product } from './load-product.ts'

/** Every code a `Problem` carries, with what it means and what to do. */
export function problemsPage(tree: readonly SourceFile[], { problems }: Product): string {
  const found = new Map<string, { meanings: Set<string>; next: Set<string>; places: Set<string> }>()
  const at = (name: string): { meanings: Set<string>; next: Set<string>; places: Set<string> } => {
    const entry = found.get(name) ?? { meanings: new Set(), next: new Set(), places: new Set() }
    found.set(name, entry)
    return entry
  }
  for (const [name, meaning] of Object.entries(problems)) at(name).meanings.add(meaning)
  for (const file of tree) {
    if (/\.test\.tsx?$|\/testing\/|^test\/|^scripts\//.test(file.path)) continue
    for (const { code: name, sentence, next } of file.problems) {
      const entry = at(name)
      entry.places.add(file.path.replace(/^gateway\/src\//, '').replace(/\/src\//, '/').split('/').slice(0, 2).join('/').replace(/\.ts$/, ''))
      if (problems[name] === undefined && sentence !== '…') entry.meanings.add(sentence)
      if (next !== undefined && next !== '…') entry.next.add(next)
    }
  }
  const rows = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { meanings, next, places }]) => [code(name), few(meanings), few(next), [...places].sort().join(', ')])
  return `${opening('Problems', 'Every expected failure has a code that stays, a sentence, and what to do next. Clients and scripts may rely on the code; the words may change. `…` stands for what is only known when it happens.')}${table(['code', 'what it means', 'what to do', 'from'], rows)}\n`
}

/** The same code at many places: three sentences are enough to know it by. */
function few(sentences: ReadonlySet<string>): string {
  return [...sentences].slice(0, 3).join(' · ').replaceAll('<', '&lt;')
}
