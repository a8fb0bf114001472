import type { VNode } from 'preact'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { automationsText as say } from './automations-text.ts'
import { when } from './measures.ts'
import { useAnswer } from './pieces.tsx'

interface Run { at: number; ok: boolean; skipped: boolean; words: string; asked: boolean }

function readRuns(payload: unknown): Run[] {
  return list(fields(payload)['entries']).flatMap((value) => {
    const raw = fields(value)
    const at = raw['runAtMs']
    return typeof at === 'number' ? [{ at, ok: raw['status'] !== 'error', skipped: raw['status'] === 'skipped', words: words(raw['summary']) ?? words(raw['error']) ?? '', asked: words(raw['askedBy']) !== undefined }] : []
  }).toReversed()
}

const runsShown = 20

/** What came of a job before, the newest first. */
export function EarlierRuns(props: { stage: Stage; id: string; name: string }): VNode | null {
  const { answer } = useAnswer(props.stage, 'cron.runs', { id: props.id, limit: runsShown }, readRuns)
  if (answer.kind !== 'ready') return answer.kind === 'failed' ? <p class="bad-words">{answer.reason}</p> : null
  if (answer.value.length === 0) return <p class="quiet">{say.earlierNone}</p>
  return (
    <ul class="runs" aria-label={say.earlierOf(props.name)}>
      {answer.value.map((run, index) => (
        <li key={`${run.at}-${index}`}>
          <span class="run-when">{when(run.at)}</span>
          <span class={run.ok ? '' : 'bad-words'}>{run.skipped ? `${say.skipped}: ${run.words}` : run.ok ? (run.words === '' ? say.nothingTold : run.words) : `${say.failed}: ${run.words}`}{run.asked ? <span class="quiet"> · {say.asked}</span> : null}</span>
        </li>
      ))}
    </ul>
  )
}
