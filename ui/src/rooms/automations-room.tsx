import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import '../styles/automations.css'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { automationsText as say } from './automations-text.ts'
import { EarlierRuns } from './earlier-runs.tsx'
import { ahead, since, span } from './measures.ts'
import { OwnJobs } from './own-jobs.tsx'
import { AnswerPanel, Panel, useAct, useAnswer } from './pieces.tsx'

interface Job {
  id: string; name: string; what: string; enabled: boolean; everyMs: number; running: boolean; setting: string | undefined; byHand: boolean
  next: number | undefined
  last: { at: number; ok: boolean; words: string; asked: boolean } | undefined
}

const time = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)

function readJobs(payload: unknown): Job[] {
  return list(fields(payload)['jobs']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['id'])
    if (id === undefined || raw['own'] !== undefined) return []
    const [state, house] = [fields(raw['state']), fields(raw['house'])]
    const known = Object.hasOwn(say.jobs, id) ? say.jobs[id] : undefined
    const at = time(state['lastRunAtMs'])
    return [{
      id, name: known?.[0] ?? words(raw['name']) ?? id, what: known?.[1] ?? words(raw['description']) ?? '', enabled: raw['enabled'] !== false,
      everyMs: time(fields(raw['schedule'])['everyMs']) ?? 0, running: time(state['runningAtMs']) !== undefined, setting: words(house['setting']), byHand: house['byHand'] === true, next: time(state['nextRunAtMs']),
      last: at === undefined ? undefined : { at, ok: state['lastStatus'] !== 'error', words: words(house['lastWords']) ?? words(state['lastError']) ?? '', asked: words(house['lastAskedBy']) !== undefined },
    }]
  })
}

/** A backup of a large state takes its time. */
const patienceMs = 15 * 60_000

function JobRow(props: { stage: Stage; job: Job; busy: boolean; act: (task: () => Promise<string | undefined>) => void }): VNode {
  const { stage, job, busy, act } = props
  const { desk, place } = stage
  const [open, setOpen] = useState(false)
  const now = stage.now.value
  const tone = job.last?.ok === false ? 'bad' : job.enabled && job.last !== undefined ? 'good' : ''
  const run = (): void => act(async () => {
    const answer = fields(await desk.ask('cron.run', { id: job.id, mode: 'force' }, patienceMs))
    const made = fields(answer['run'])
    if (answer['ran'] !== true) return say.busy(job.name)
    if (made['status'] !== 'error') return say.ran(job.name, words(made['summary']) ?? '')
    desk.say('bad', say.runFailed(job.name, words(made['error']) ?? ''))
    return undefined
  })
  return (
    <li class="job">
      <div class="job-head">
        <span class={`item-sign ${tone}`}><Icon name={job.last?.ok === false ? 'alert' : job.enabled ? 'clock' : 'stop'} /></span>
        <div class="item-words">
          <span class="item-title">{job.name} <span class="tag">{job.enabled ? say.every(job.everyMs, span(job.everyMs)) : say.off}</span>{job.running ? <span class="tag warn">{say.running}</span> : null}</span>
          <span class="quiet">{job.what}</span>
        </div>
        <div class="item-tools">
          {job.byHand && desk.can('cron.run') ? <button type="button" class="button small" aria-label={say.runOf(job.name)} aria-disabled={busy || job.running} onClick={() => { if (!job.running) run() }}>{say.run}</button> : null}
        </div>
      </div>
      <p class="job-facts">
        {job.last === undefined ? <span class="quiet">{say.never}</span> : (
          <span class={job.last.ok ? '' : 'bad-words'}>
            {(job.last.ok ? say.last : say.lastFailed)(since(job.last.at, now))}{job.last.asked ? `, ${say.asked}` : ''}: {job.last.words}
          </span>
        )}
        {job.next === undefined ? null : <span class="quiet">{say.next(job.next <= now ? say.now : ahead(job.next, now))}</span>}
      </p>
      <div class="job-more">
        {job.setting === undefined ? null : <button type="button" class="link" onClick={() => place.enter('settings')}>{say.setting(job.setting)}</button>}
        {job.last === undefined || !desk.can('cron.runs') ? null : (
          <details class="more" onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary>{say.earlier}</summary>
            {open ? <EarlierRuns key={job.last.at} stage={stage} id={job.id} name={job.name} /> : null}
          </details>
        )}
      </div>
    </li>
  )
}

/** What is done without anybody asking: truly each job there is, and nothing that only might be. */
export function AutomationsRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const { answer, again } = useAnswer(stage, 'cron.list', { includeDisabled: true }, readJobs)
  const { busy, act } = useAct(stage)
  // The gateway says when a job begins and ends.
  const heard = stage.desk.jobsHeard.value
  useEffect(() => {
    if (heard > 0) again()
  }, [heard])
  return (
    <>
      <OwnJobs stage={stage} heard={heard} />
      <AnswerPanel title={say.house} hint={say.houseHint} wide answer={answer} again={again}>
        {(jobs) => (jobs.length === 0 ? <p class="quiet">{say.none}</p> : <ul class="items">{jobs.map((job) => <JobRow key={job.id} stage={stage} job={job} busy={busy} act={act} />)}</ul>)}
      </AnswerPanel>
      <Panel title={say.besideTitle} wide>
        <p class="quiet">{say.beside}</p>
      </Panel>
    </>
  )
}
