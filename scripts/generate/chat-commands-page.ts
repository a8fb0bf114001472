import { code, opening, table } from './markdown.ts'
import type { Product } from './load-product.ts'

/** What can be typed in any chat. */
export function chatCommandsPage({ chatCommands }: Product): string {
  const rows = [...chatCommands].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, aliases, args, description, ownerOnly }) => [
    code(`/${name}${args === '' ? '' : ` ${args}`}`), aliases.map((alias) => code(`/${alias}`)).join(' '), description, ownerOnly ? 'the owner' : 'everybody who may talk here',
  ])
  return `${opening(
    'Commands in a chat', 'Answered at once, before the queue and without a model, in every channel. In a group they need no mention. `commands.text: false` in the configuration switches them off.',
  )}${table(['command', 'also', 'what it does', 'who may'], rows)}\n`
}
