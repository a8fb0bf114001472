import { defineTool, ownJobs, type Effect, type JobLine } from '@moltbot/contract'
import { Type } from 'typebox'
import { needed } from './text/needed.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const runsShown = 20
const shownMax = 4_000

/** What the assistant does for this person at set times, and tells them in this chat. */
export const cron = defineTool({
  name: 'cron',
  description: 'Reminders and tasks at set times, told in this chat.',
  input: Type.Object(
    {
      action: Type.Enum(['list', 'add', 'update', 'remove', 'run', 'runs']),
      id: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      name: Type.Optional(Type.String({ maxLength: 100 })),
      text: Type.Optional(Type.String({ minLength: 1, maxLength: 8_000, description: 'what to do then' })),
      at: Type.Optional(Type.String({ maxLength: 60, description: '20m, or ISO' })),
      every: Type.Optional(Type.String({ maxLength: 60 })),
      cron: Type.Optional(Type.String({ maxLength: 100 })),
      tz: Type.Optional(Type.String({ maxLength: 60 })),
      enabled: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  needs: ['jobs'],
  effects(input): Effect[] {
    return input.action === 'list' || input.action === 'runs' ? [{ kind: 'reads-private', what: ownJobs }] : [{ kind: 'changes-gateway', what: ownJobs }]
  },
  summarize(input) {
    const parts = (['id', 'name', 'at', 'every', 'cron', 'tz'] as const).flatMap((key) => (input[key] === undefined ? [] : [`${key} ${visible(input[key])}`]))
    return [`Jobs: ${visible(input.action)}`, ...parts, ...(input.enabled === undefined ? [] : [input.enabled ? 'on' : 'off']), ...(input.text === undefined ? [] : [quoted(input.text, 1_000)])].join(' ')
  },
  async run(input, { jobs }, signal) {
    const said = (text: string) => ({ content: [{ type: 'text' as const, text: text.slice(0, shownMax) }] })
    const { action, id, ...rest } = input
    switch (action) {
      case 'list': {
        const all = await untilAborted(() => jobs.list(), signal)
        return said(all.length === 0 ? 'There are none.' : all.map(line).join('\n'))
      }
      case 'runs': {
        const runs = await untilAborted(() => jobs.runs(id, runsShown), signal)
        return said(runs.length === 0 ? 'Nothing was done yet.' : runs.map((run) => `${run.at} ${visible(run.name)} (${run.job}): ${run.state}${run.words === '' ? '' : `: ${quoted(run.words, 200)}`}`).join('\n'))
      }
      case 'add': return said(`Set up. ${line(await untilAborted(() => jobs.add({ ...rest, text: needed(input.text, 'text') }), signal))}`)
      case 'update': return said(`Changed. ${line(await untilAborted(() => jobs.update(needed(id, 'id'), rest), signal))}`)
      case 'remove':
        await untilAborted(() => jobs.remove(needed(id, 'id')), signal)
        return said('Removed.')
      default: return said((await untilAborted(() => jobs.run(needed(id, 'id')), signal)) ? 'It is being done now.' : 'It is being done already.')
    }
  },
})

function line({ id, name, when, next, enabled, last, text }: JobLine): string {
  return `${id} ${visible(name)}: ${when}, ${enabled ? `next ${next ?? 'never'}` : 'off'}${last === null ? '' : `; last ${visible(last)}`}; does ${quoted(text, 200)}`
}
