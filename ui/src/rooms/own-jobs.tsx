import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { automationsText as say } from './automations-text.ts'
import { EarlierRuns } from './earlier-runs.tsx'
import { timesWords, typedTimes, type JobTimes } from './job-times.ts'
import { ahead, since } from './measures.ts'
import { AnswerPanel, useAct, useAnswer } from './pieces.tsx'
import { roomText } from './text.ts'

interface OwnJob {
  id: string; name: string; text: string; when: string; times: JobTimes | undefined; place: string | undefined; enabled: boolean; running: boolean; next: number | undefined; stoppedWhy: string | undefined; tainted: boolean
  last: { at: number; status: string; words: string } | undefined
}

function readTimes(value: unknown): JobTimes | undefined {
  const raw = fields(value)
  const [atMs, everyMs, expr] = [raw['atMs'], raw['everyMs'], words(raw['expr'])]
  if (typeof atMs === 'number') return { kind: 'at', atMs }
  if (typeof everyMs === 'number') return { kind: 'every', everyMs }
  return expr === undefined ? undefined : { kind: 'cron', expr, tz: words(raw['tz']) ?? 'UTC' }
}

function readOwn(payload: unknown): OwnJob[] {
  return list(fields(payload)['jobs']).flatMap((value) => {
    const raw = fields(value)
    const [id, own, state, told] = [words(raw['id']), fields(raw['own']), fields(raw['state']), fields(raw['payload'])]
    if (id === undefined || raw['own'] === undefined) return []
    const [next, at] = [state['nextRunAtMs'], state['lastRunAtMs']]
    return [{
      id, name: words(raw['name']) ?? id, text: words(told['message']) ?? words(told['text']) ?? '', when: words(own['when']) ?? '', times: readTimes(raw['schedule']), place: words(own['place']), enabled: raw['enabled'] !== false, running: state['runningAtMs'] !== undefined,
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
  const [editing, setEditing] = useState(false)
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
          <span class="item-title">{job.name} <span class="tag" title={job.times?.kind === 'cron' ? `${job.times.expr} (${job.times.tz})` : undefined}>{job.enabled ? (job.times === undefined ? undefined : timesWords(job.times)) ?? job.when : say.off}</span>{job.running ? <span class="tag warn">{say.running}</span> : null}{job.tainted ? <span class="tag warn">{say.tainted}</span> : null}</span>
          {job.text === job.name ? null : <span class="quiet">{job.text}</span>}
        </div>
        {desk.can('cron.update') ? (
          <div class="item-tools">
            <button type="button" class="button small" aria-label={say.runOf(job.name)} aria-disabled={busy || job.running} onClick={() => { if (!job.running) ask('cron.run', { mode: 'force' }, say.begun(job.name)) }}>{say.run}</button>
            {job.times === undefined ? null : <button type="button" class="button small" aria-label={say.editOf(job.name)} aria-expanded={editing} onClick={() => setEditing(!editing)}>{say.edit}</button>}
            <button type="button" class="button small" aria-label={(job.enabled ? say.pauseOf : say.resumeOf)(job.name)} aria-disabled={busy} onClick={() => ask('cron.update', { patch: { enabled: !job.enabled } }, (job.enabled ? say.paused : say.resumed)(job.name))}>{job.enabled ? say.pause : say.resume}</button>
            <button type="button" class="button small" aria-label={say.removeOf(job.name)} aria-disabled={busy} onClick={() => ask('cron.remove', {}, say.removed(job.name))}>{say.remove}</button>
          </div>
        ) : null}
      </div>
      {editing ? <JobForm stage={stage} job={job} busy={busy} act={act} again={again} onClose={() => setEditing(false)} /> : null}
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

/** A job is called by its first words until somebody names it. */
const nameLengthMax = 60
const firstWords = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, nameLengthMax).trim()

/** What a job needs: when, and what the assistant is told then. Filled with what holds where there is one already; what is left as it was is not sent. */
function JobForm(props: { stage: Stage; job?: OwnJob; busy: boolean; act: Act; again: () => void; onClose: () => void }): VNode {
  const { stage: { desk }, job, busy, act, again, onClose } = props
  const [kind, setKind] = useState<(typeof kinds)[number]>(job?.times?.kind ?? 'at')
  const [time, setTime] = useState(job?.times === undefined ? '' : typedTimes(job.times))
  const [text, setText] = useState(job?.text ?? '')
  const first = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => first.current?.focus(), [])
  const isReady = text.trim() !== '' && time.trim() !== ''
  const tz = job?.times?.kind === 'cron' && kind === 'cron' ? job.times.tz : new Intl.DateTimeFormat().resolvedOptions().timeZone
  const schedule = kind === 'every' ? { kind, every: time } : { kind, tz, ...(kind === 'at' ? { at: time } : { expr: time }) }
  const make = async (): Promise<string> => {
    const made = fields(await desk.ask('cron.add', { schedule, payload: { kind: 'agentTurn', message: text.trim() } }))
    return say.added(words(made['name']) ?? '')
  }
  const change = async (before: OwnJob): Promise<string> => {
    const isSameTime = before.times?.kind === kind && typedTimes(before.times) === time.trim()
    const isSameText = before.text === text.trim()
    const patch = {
      ...(isSameTime ? {} : { schedule }), ...(isSameText ? {} : { payload: { message: text.trim() }, ...(before.name === firstWords(before.text) ? { name: firstWords(text) } : {}) }),
    }
    const made = fields(await desk.ask('cron.update', { id: before.id, patch }))
    return say.edited(words(made['name']) ?? before.name)
  }
  return (
    <form class="inset-row" aria-label={job === undefined ? say.add : say.editOf(job.name)} onSubmit={(event) => {
      event.preventDefault()
      if (!isReady || busy) return
      act(async () => {
        const done = await (job === undefined ? make() : change(job))
        onClose()
        again()
        return done
      })
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
        <span>{say.times[kind]}{kind === 'cron' ? ` (${tz})` : ''}</span>
        {kind === 'at'
          ? <input type="datetime-local" value={time} onInput={(event) => setTime(event.currentTarget.value)} />
          : <input type="text" autocomplete="off" spellcheck={false} maxLength={60} placeholder={kind === 'every' ? '2h' : '0 8 * * 1-5'} value={time} onInput={(event) => setTime(event.currentTarget.value)} />}
      </label>
      <div class="item-tools">
        <button type="button" class="button small" onClick={onClose}>{roomText.cancel}</button>
        <button type="submit" class="button small primary" disabled={!isReady || busy}>{job === undefined ? say.make : say.save}</button>
      </div>
    </form>
  )
}

function NewJob(props: { stage: Stage; busy: boolean; act: Act; again: () => void }): VNode {
  const [open, setOpen] = useState(false)
  return open ? <JobForm {...props} onClose={() => setOpen(false)} /> : <button type="button" class="button small" onClick={() => setOpen(true)}>{say.add}</button>
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
