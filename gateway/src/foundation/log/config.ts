import { Type } from 'typebox'
import type { Static } from 'typebox'
import { defineSection } from '@moltbot/contract'

const level = (fallback: 'info', description: string) => Type.Union([
  Type.Literal('silent'), Type.Literal('fatal'), Type.Literal('error'), Type.Literal('warn'), Type.Literal('info'), Type.Literal('debug'), Type.Literal('trace'),
], { default: fallback, description })

/** What is written down about the gateway's own doings, and what is hidden in it. */
export const logSection = defineSection({
  path: 'logging',
  title: 'What the gateway writes into its log',
  reload: 'hot',
  schema: Type.Object({
    level: level('info', 'The least important lines that go into the file. `debug` and `trace` cost disk, not speed anyone would notice.'),
    file: Type.String({ default: '', description: 'Where the log is written instead of `logs/gateway.log` in the state directory. Relative to the state directory unless absolute.' }),
    consoleLevel: level('info', 'The least important lines shown on the console when the gateway runs in the foreground.'),
    consoleStyle: Type.Union([Type.Literal('pretty'), Type.Literal('compact'), Type.Literal('json')], { default: 'pretty', description: 'How lines look on the console.' }),
    redactSensitive: Type.Union([Type.Literal('off'), Type.Literal('tools'), Type.Literal('all')], {
      default: 'tools',
      description: '`tools` hides everything shaped like a credential; `all` hides e-mail addresses and telephone numbers as well; `off` hides only the values of secrets the gateway knows, which is never turned off.',
    }),
    redactPatterns: Type.Array(Type.String({ maxLength: 256, description: 'A regular expression.' }), {
      default: [], description: 'Regular expressions whose matches are hidden too (`/…/i` for flags; of a match with groups only the first group). Patterns that could take very long are refused and named in the log.',
    }),
    maxSizeMb: Type.Number({ default: 10, exclusiveMinimum: 0, maximum: 1024, description: 'A log file that grows past this many megabytes is put aside and a new one begun.' }),
    keepDays: Type.Integer({ default: 14, minimum: 1, maximum: 3650, description: 'Log files put aside are deleted after this many days (and beyond thirty of them, the oldest first).' }),
  }),
})

export type LogValues = Static<typeof logSection.schema>
