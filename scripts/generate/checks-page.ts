import { code, opening, table } from './markdown.ts'
import type { Product } from './load-product.ts'

/** Every check of the posture, the gravest first. */
export function checksPage({ checks }: Product): string {
  const order = ['critical', 'warn', 'info']
  const rows = [...checks].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || (a.id < b.id ? -1 : 1))
    .map(({ id, severity, title, fix }) => [code(id), severity, title, fix === undefined ? '' : 'yes'])
  return `${opening('Checks', 'What the review of an installation looks at. A check reads a snapshot of facts and changes nothing; where *mends* says yes, it also proposes the change that would mend what it found.')}${table(['check', 'severity', 'what holds when it is content', 'mends'], rows)}\n`
}
