import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { automationsText as say } from './automations-text.ts'
import { EarlierRuns } from './earlier-runs.tsx'
import { ahead, since } from './measures.ts'
import { AnswerPanel, useAct, useAnswer } from './pieces.tsx'
import { roomText } from './text.ts'

interface OwnJob {
  id: string; name: string; text: string; when: string; place: string | undefined; enabled: boolean; running: boolean; next: number | undefined; stoppedWhy: string | undefined; tainted: boolean
  last: { at: number; status: string; words: string } | undefined
}

function readOwn(payload: unknown): OwnJob[] {
  return list(fields(payload)['jobs']).flatMap((value) => {
    const raw = fields(value)
    const [id, own, state, told] = [words(raw['id']), fields(raw['own']), fields(raw['state']), fields(raw['payload'])]
    if (id === undefined || raw['own'] === undefined) return []
    const [next, at] = [state['nextRunAtMs'], state['lastRunAtMs']]
    return [{
      id, name: words(raw['name']) ?? id, text: words(told['message']) ?? words(told['text']) ?? '', when: words(own['when']) ?? '', place: words(own['place']), enabled: raw['enabled'] !== false, running: state['runningAtMs'] !== undefined,
      next: typeof next === 'number' ? next : undefined, stoppedWhy: words(own['stoppedWhy']), tainted: words(own['origin']) !== undefined,
      last: typeof at === 'number' ? { at, status: words(state['lastStatus']) ?? 'ok', words: words(own['lastWords']) ?? '' } : undefined,
    }]
  })
}

type Act = (task: () => Promise<string | undefined>) => void

function OwnRow(props: { stage: Stage; job: OwnJob; busy: boolean; act: Act; again: () => void }): VNode {
  const { stage, job, busy, act, again } = props
  const { desk } = stage
  const [open, setOpen] = useState(false)
  const now = stage.now.value
  const isBad = job.last?.status === 'error' || job.stoppedWhy !== undefined
  const ask = (method: string, params: Record<string, unknown>, done: string): void => act(async () => {
    const answer = fields(await desk.ask(method, { id: job.id, ...params }))
    again()
    return answer['ran'] === false ? say.busy(job.name) : done
  })
  return (
    <li class="job">
      <div class="job-head">
        <span class={`item-sign ${isBad ? 'bad' : job.enabled ? 'good' : ''}`}><Icon name={isBad ? 'alert' : job.enabled ? 'clock' : 'stop'} /></span>
        <div class="item-words">
          <span class="item-title">{job.name} <span class="tag">{job.enabled ? job.when : say.off}</span>{job.running ? <span class="tag warn">{say.running}</span> : null}{job.tainted ? <span class="tag warn">{say.tainted}</span> : null}</span>
          {job.text === job.name ? null : <span class="quiet">{job.text}</span>}
        </div>
        {desk.can('cron.update') ? (
          <div class="item-tools">
            <button type="button" class="button small" aria-label={say.runOf(job.name)} aria-disabled={busy || job.running} onClick={() => { if (!job.running) ask('cron.run', { mode: 'force' }, say.begun(job.name)) }}>{say.run}</button>
            <button type="button" class="button small" aria-label={(job.enabled ? say.pauseOf : say.resumeOf)(job.name)} aria-disabled={busy} onClick={() => ask('cron.update', { patch: { enabled: !job.enabled } }, (job.enabled ? say.paused : say.resumed)(job.name))}>{job.enabled ? say.pause : say.resume}</button>
            <button type="button" class="button small" aria-label={say.removeOf(job.name)} aria-disabled={busy} onClick={() => ask('cron.remove', {}, say.removed(job.name))}>{say.remove}</button>
          </div>
        ) : null}
      </div>
      <p class="job-facts">
        {job.stoppedWhy === undefined ? null : <span class="bad-words">{say.stoppedWhy(job.stoppedWhy)}</span>}
        {job.last === undefined ? <span class="quiet">{say.never}</span> : (
          <span class={job.last.status === 'error' ? 'bad-words' : ''}>{(job.last.status === 'error' ? say.lastFailed : say.last)(since(job.last.at, now))}: {job.last.status === 'skipped' ? `${say.skipped}: ` : ''}{job.last.words === '' ? say.nothingTold : job.last.words}</span>
        )}
        {job.next === undefined ? null : <span class="quiet">{say.next(job.next <= now ? say.now : ahead(job.next, now))}</span>}
        <span class="quiet">{job.place === undefined ? say.placeNone : say.place(job.place)}</span>
      </p>
      {job.last === undefined || !desk.can('cron.runs') ? null : (
        <div class="job-more">
          <details class="more" onToggle={(event) => setOpen(event.currentTarget.open)}>
            <summary>{say.earlier}</summary>
            {open ? <EarlierRuns key={job.last.at} stage={stage} id={job.id} name={job.name} /> : null}
          </details>
        </div>
      )}
    </li>
  )
}

const kinds = ['at', 'every', 'cron'] as const

/** What a new job needs: when, and what the assistant is told then. */
function NewJob(props: { stage: Stage; busy: boolean; act: Act; again: () => void }): VNode {
  const { stage: { desk }, busy, act, again } = props
  const [open, setOpen] = useState(false)
  const [kind, setKind] = useState<(typeof kinds)[number]>('at')
  const [time, setTime] = useState('')
  const [text, setText] = useState('')
  const first = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (open) first.current?.focus()
  }, [open])
  if (!open) return <button type="button" class="button small" onClick={() => setOpen(true)}>{say.add}</button>
  const isReady = text.trim() !== '' && time.trim() !== ''
  const make = (): void => act(async () => {
    const tz = new Intl.DateTimeFormat().resolvedOptions().timeZone
    const schedule = kind === 'every' ? { kind, every: time } : { kind, tz, ...(kind === 'at' ? { at: time } : { expr: time }) }
    const made = fields(await desk.ask('cron.add', { schedule, payload: { kind: 'agentTurn', message: text.trim() } }))
    setOpen(false)
    setText('')
    setTime('')
    again()
    return say.added(words(made['name']) ?? '')
  })
  return (
    <form class="job-form" aria-label={say.add} onSubmit={(event) => {
      event.preventDefault()
      if (isReady && !busy) make()
    }}>
      <label class="field job-text">
        <span>{say.text}</span>
        <textarea ref={first} rows={2} maxLength={8_000} placeholder={say.textHint} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>{say.when}</span>
        <select value={kind} onChange={(event) => { setKind(kinds.find((known) => known === event.currentTarget.value) ?? 'at'); setTime('') }}>
          {kinds.map((known) => <option key={known} value={known}>{say.kinds[known]}</option>)}
        </select>
      </label>
      <label class="field">
        <span>{say.times[kind]}</span>
        {kind === 'at'
          ? <input type="datetime-local" value={time} onInput={(event) => setTime(event.currentTarget.value)} />
          : <input type="text" autocomplete="off" spellcheck={false} maxLength={60} placeholder={kind === 'every' ? '2h' : '0 8 * * 1-5'} value={time} onInput={(event) => setTime(event.currentTarget.value)} />}
      </label>
      <div class="item-tools">
        <button type="button" class="button small" onClick={() => setOpen(false)}>{roomText.cancel}</button>
        <button type="submit" class="button small primary" disabled={!isReady || busy}>{say.make}</button>
      </div>
    </form>
  )
}

/** What people have the assistant do at set times. */
export function OwnJobs(props: { stage: Stage; heard: number }): VNode | null {
  const { stage, heard } = props
  const { answer, again } = useAnswer(stage, 'cron.list', { includeDisabled: true }, readOwn)
  const { busy, act } = useAct(stage)
  useEffect(() => {
    if (heard > 0) again()
  }, [heard])
  return (
    <AnswerPanel title={say.own} hint={say.ownHint} wide answer={answer} again={again}>
      {(jobs) => (
        <>
          {jobs.length === 0 ? <p class="quiet">{say.ownNone}</p> : <ul class="items">{jobs.map((job) => <OwnRow key={job.id} stage={stage} job={job} busy={busy} act={act} again={again} />)}</ul>}
          {stage.desk.can('cron.add') ? <NewJob stage={stage} busy={busy} act={act} again={again} /> : null}
        </>
      )}
    </AnswerPanel>
  )
}
