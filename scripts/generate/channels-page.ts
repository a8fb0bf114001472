import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { abilityWords, type Ability } from '../../contract/src/abilities.ts'
import type { SeenAbilities } from '../../contract/src/testing/channel-abilities.ts'
import { projectRoot } from '../source-tree.ts'
import { opening, table } from './markdown.ts'

/** What each network can do, from what the conformance runs wrote down beside their tests. */
export function channelsPage(): string {
  const seen = readdirSync(join(projectRoot, 'channels')).sort().flatMap((id) => {
    const file = join(projectRoot, 'channels', id, 'src', 'abilities.json')
    return existsSync(file) ? [{ id, ...(JSON.parse(readFileSync(file, 'utf8')) as SeenAbilities) }] : []
  })
  const networks = seen.filter(({ own }) => !own)
  // What none of them has says nothing.
  const rows = (of: typeof seen): string[][] => allRows(of).filter(([, ...cells]) => cells.some((cell) => cell !== ''))
  const allRows = (of: typeof seen): string[][] => [
    ['groups', ...of.map(({ places }) => mark(places.includes('group')))],
    ['threads, each a conversation', ...of.map(({ places }) => mark(places.includes('topics')))],
    ['other bots are told from people', ...of.map(({ robots }) => mark(robots))],
    ...(Object.keys(abilityWords) as Ability[]).map((ability) => [abilityWords[ability], ...of.map(({ can }) => mark(can.includes(ability)))]),
    ['characters of one message', ...of.map(({ textLengthMax }) => textLengthMax.toLocaleString('en'))],
    ['largest file it sends', ...of.map(({ fileBytesMax }) => (fileBytesMax === undefined ? '' : `${Math.round(fileBytesMax / 1_048_576)} MB`))],
    ['answers to tap below a message', ...of.map(({ buttonsMax }) => (buttonsMax === undefined ? '' : String(buttonsMax)))],
  ]
  const shown = (of: typeof seen): string => table(['', ...of.map(({ id, label, own }) => (own || !existsSync(join(projectRoot, 'docs', 'channels', `${id}.md`)) ? label : `[${label}](${id}.md)`))], rows(of))
  return [
    opening('Channels', 'What each network can do through this gateway. The table is made of what the conformance suite finds when it runs every channel against a server that speaks the network’s protocol; nobody writes it by hand. `moltbot channels capabilities` says the same of the accounts that are open now, which may have less where a login or a setting gives less.').trimEnd(),
    '', '## Networks', '', shown(networks), '', '## Ways in of our own', '', shown(seen.filter(({ own }) => own)),
    '', 'Pictures, voice notes, sound and documents that people send are [read or heard](../guide/files-and-voice.md) on every network. Where a network has no file or no answers to tap, the words say the same.', '',
  ].join('\n')
}

const mark = (has: boolean): string => (has ? '✓' : '')
