import { defineTool, onlyLooks, type CommandReport, type ToolResult } from '@moltbot/contract'
import { Type } from 'typebox'
import { commandText } from './text/command-text.ts'
import { untilAborted } from './text/until-aborted.ts'
import { visible } from './text/visible.ts'

/** The longest a call waits before the command goes on by itself. */
const yieldMax = 540_000
/** As configured where nobody says (`tools.exec.backgroundMs`); the deadline must be longer than any of it. */
const slackMs = 30_000

/** A command in the sandbox. */
export const run = defineTool({
  name: 'run',
  aliases: ['exec', 'bash', 'shell'],
  description: 'Run a bash command in the workspace sandbox. After yield_ms it goes on in the background: see process.',
  input: Type.Object(
    {
      command: Type.String({ minLength: 1, maxLength: 100_000 }),
      workdir: Type.Optional(Type.String({ maxLength: 1_024 })),
      env: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }), Type.String({ maxLength: 8_192 }), { additionalProperties: false })),
      timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400, description: 'Seconds' })),
      yield_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: yieldMax, description: '0: background at once' })),
      pty: Type.Optional(Type.Boolean()),
      input: Type.Optional(Type.Boolean({ description: 'Keep stdin open' })),
    },
    { additionalProperties: false },
  ),
  needs: ['commands'],
  effects: (input) => [{ kind: 'runs-code', what: input.command, plain: isPlain(input) }, { kind: 'reads-private', what: 'the workspace' }, { kind: 'writes-workspace', path: input.workdir === undefined || input.workdir === '' ? '.' : input.workdir }],
  summarize: (input) => [
    `Run ${visible(input.command)}`,
    ...(input.workdir === undefined ? [] : [`in ${visible(input.workdir)}`]),
    ...Object.entries(input.env ?? {}).map(([name, value]) => `with ${visible(name)}=${visible(value)}`),
    ...(input.timeout === undefined ? [] : [`for at most ${input.timeout} s`]), ...(input.pty === true ? ['on a terminal'] : []), ...(input.input === true ? ['with open input'] : []),
  ].join(' '),
  deadlineMs: (input) => (input.yield_ms ?? yieldMax) + slackMs,
  async run(input, grants, signal) {
    const report = await untilAborted(() => grants.commands.run({
      command: input.command,
      ...(input.workdir === undefined ? {} : { cwd: input.workdir }), ...(input.env === undefined ? {} : { env: input.env }), ...(input.timeout === undefined ? {} : { timeoutMs: input.timeout * 1_000 }),
      ...(input.yield_ms === undefined ? {} : { yieldMs: input.yield_ms }), ...(input.pty === undefined ? {} : { pty: input.pty }), ...(input.input === undefined ? {} : { input: input.input }),
    }, signal), signal)
    return { origin: originOf(report), content: [{ type: 'text', text: commandText(report) }], stands: standing(report, input.command), ...(failed(report) ? { isError: true } : {}) }
  },
})

/** Nothing but the line itself decides what it does. */
function isPlain({ workdir = '', env = {}, pty, input }: { workdir?: string; env?: Record<string, string>; pty?: boolean; input?: boolean }): boolean {
  return ['', '.', '/workspace'].includes(workdir) && Object.keys(env).length === 0 && pty !== true && input !== true
}

/** What a command with a way out says may come from anywhere. */
export function originOf({ network }: Pick<CommandReport, 'network'>): 'owner' | 'external' {
  return network ? 'external' : 'owner'
}

/** It could not do what was asked. Another exit code than 0 is an answer (`grep` finds nothing), no failure. */
function failed({ state }: CommandReport): boolean {
  return state.kind === 'ended' || (state.kind === 'exited' && (state.code === 126 || state.code === 127))
}

/** How a command stands that was to do something. `line`: as it was asked for. */
export function standing({ state }: Pick<CommandReport, 'state'>, line: string): NonNullable<ToolResult['stands']> {
  switch (state.kind) {
    case 'running': return { kind: 'going', why: 'still running' }
    case 'ended': return { kind: 'undone', why: state.why }
    default: return state.code === 0 || onlyLooks(line) ? { kind: 'done', why: `exit ${state.code}` } : { kind: 'undone', why: `exit ${state.code}` }
  }
}
