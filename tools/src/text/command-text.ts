import type { CommandFacts, CommandReport, CommandState } from '@moltbot/contract'
import { visible } from './visible.ts'

/** A report as the model reads it: what was said, then one line on how it stands. */
export function commandText(report: CommandReport): string {
  const said = report.output.replace(/(?<!\n)\n+$/, '')
  const aside = report.putAside.map(({ from, to }) => `[${visible(from)} was put aside as ${visible(to)}: programs obey it by itself]`)
  return [...(said === '' ? [] : [said]), ...aside, `[${stateText(report)}]`].join('\n')
}

/** `exit 0, 1.2 s`; `running as cmd-…, 10 s so far`. */
export function stateText(facts: CommandFacts): string {
  const took = facts.endedAt === null ? '' : `, ${seconds(facts.endedAt - facts.startedAt)}`
  return facts.state.kind === 'running' ? `still running as ${facts.id}; poll it with process` : `${words(facts.state)}${took}`
}

function words(state: Exclude<CommandState, { kind: 'running' }>): string {
  return state.kind === 'exited' ? `exit ${state.code}` : `ended: ${state.why}`
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`
}
