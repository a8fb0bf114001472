import { defineTool, Problem, type Effect } from '@moltbot/contract'
import { Type } from 'typebox'
import { originOf, standing } from './run.ts'
import { commandText, stateText } from './text/command-text.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const waitMax = 540_000
const logLimit = 20_000
/** Keys as people call them, and what a terminal sends for them. */
const keys: Readonly<Record<string, string>> = {
  enter: '\r', tab: '\t', escape: '\u001b', space: ' ', backspace: '\u007f', delete: '\u001b[3~', up: '\u001b[A', down: '\u001b[B', right: '\u001b[C', left: '\u001b[D', home: '\u001b[H', end: '\u001b[F',
  pageup: '\u001b[5~', pagedown: '\u001b[6~', 'ctrl-c': '\u0003', 'ctrl-d': '\u0004', 'ctrl-z': '\u001a', 'ctrl-l': '\u000c', 'ctrl-r': '\u0012', 'ctrl-a': '\u0001', 'ctrl-e': '\u0005', 'ctrl-u': '\u0015', 'ctrl-w': '\u0017', 'ctrl-x': '\u0018',
}

/** What was started with `run` and goes on. */
export const processes = defineTool({
  name: 'process',
  description: 'Your background commands.',
  input: Type.Object(
    {
      action: Type.Union([Type.Literal('list'), Type.Literal('poll'), Type.Literal('log'), Type.Literal('write'), Type.Literal('keys'), Type.Literal('kill')]),
      id: Type.Optional(Type.String({ maxLength: 64 })),
      wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: waitMax, description: 'poll: wait for its end' })),
      offset: Type.Optional(Type.Integer({ description: 'log: from here; negative: from the end' })),
      text: Type.Optional(Type.String({ maxLength: 100_000, description: 'write: with line end' })),
      end: Type.Optional(Type.Boolean({ description: 'write: then close' })),
      keys: Type.Optional(Type.Array(Type.String({ maxLength: 12 }), { maxItems: 50, description: 'enter, tab, up, ctrl-c …' })),
    },
    { additionalProperties: false },
  ),
  needs: ['commands'],
  effects(input): Effect[] {
    // Words for a shell's input are code like any other.
    if (input.action === 'write' || input.action === 'keys') return [{ kind: 'runs-code', what: input.text || (input.keys ?? []).join(' ') || 'input' }]
    return [{ kind: 'reads-private', what: `command ${input.id ?? 'list'}` }]
  },
  summarize: (input) => [
    `Command: ${visible(input.action)} ${input.id === undefined ? 'all' : visible(input.id)}`,
    ...(input.text === undefined ? [] : [quoted(input.text, 500)]), ...(input.keys === undefined ? [] : [input.keys.map(visible).join(' ')]),
    ...(input.end === true ? ['and close its input'] : []),
  ].join(' '),
  deadlineMs: (input) => (input.wait_ms ?? 0) + 30_000,
  async run(input, grants, signal) {
    const { commands } = grants
    const id = input.id ?? ''
    if (input.action !== 'list' && id === '') throw new Problem('command-unnamed', 'Which command is meant was not said.', { next: 'Give its id, from run or from list.' })
    switch (input.action) {
      case 'list': {
        const all = await untilAborted(() => commands.list(), signal)
        const lines = all.map((each) => `${each.id} ${stateText(each)}: ${visible(each.command)}`)
        return { content: [{ type: 'text', text: lines.length === 0 ? 'No command was started in this conversation lately.' : lines.join('\n') }] }
      }
      case 'poll': {
        const report = await untilAborted(() => commands.poll(id, input.wait_ms ?? 0, signal), signal)
        return {
          origin: originOf(report), content: [{ type: 'text', text: commandText(report) }],
          stands: { ...standing(report, report.command), effect: { kind: 'runs-code', what: report.command } },
        }
      }
      case 'log': {
        const [log, all] = [await untilAborted(() => commands.log(id, input.offset ?? -logLimit, logLimit), signal), await untilAborted(() => commands.list(), signal)]
        const text = `${visibleLines(log.text)}\n[characters ${log.from}–${log.to} of ${log.said}]`
        return { origin: originOf(all.find((each) => each.id === id) ?? { network: true }), content: [{ type: 'text', text }] }
      }
      case 'write':
      case 'keys': {
        const text = input.action === 'write' ? (input.text ?? '') : (input.keys ?? []).map(keyOf).join('')
        await untilAborted(() => commands.write(id, text, input.end === true), signal)
        return { content: [{ type: 'text', text: `Sent ${text.length} characters${input.end === true ? ' and closed its input' : ''}.` }] }
      }
      default: {
        const facts = await untilAborted(() => commands.kill(id), signal)
        return { content: [{ type: 'text', text: `${facts.id} ${stateText(facts)}` }] }
      }
    }
  },
})

function keyOf(name: string): string {
  const key = keys[name.toLowerCase()] ?? ([...name].length === 1 ? name : undefined)
  if (key === undefined) throw new Problem('key-unknown', `There is no key called ${visible(name)}.`, { next: `Use a single character or one of: ${Object.keys(keys).join(', ')}.` })
  return key
}

/** Raw output with its escapes made visible; lines stay lines. */
function visibleLines(text: string): string {
  return text.split('\n').map((line) => visible(line)).join('\n')
}
