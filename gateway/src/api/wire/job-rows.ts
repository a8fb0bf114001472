import { Problem, thinkingLevels, type Principal, type ThinkingLevel } from '@moltbot/contract'
import Type, { type Static, type TSchema } from 'typebox'
import type { JobAsker, JobChange, JobChanges, JobFacts, JobRun, NewJob } from '../../foundation/jobs/types.ts'
import type { OwnJobsDoor, Rooms } from '../rooms.ts'
import { Time } from './params.ts'

const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))
const text = Type.String({ maxLength: 20_000 })

/** When a job is due, as clients of the family send it, and (`at`, `every` as words) as people write it. */
const GivenSchedule = Type.Object({
  kind: Type.Optional(Type.String()), atMs: Type.Optional(Type.Number()), at: Type.Optional(Type.String()), everyMs: Type.Optional(Type.Number()), every: Type.Optional(Type.String()), anchorMs: Type.Optional(Type.Number()),
  expr: Type.Optional(Type.String()), cron: Type.Optional(Type.String()), tz: maybe(Type.String()),
})
const GivenPayload = Type.Object({
  kind: Type.Optional(Type.String()), text: Type.Optional(text), message: Type.Optional(text), model: maybe(Type.String()), thinking: maybe(Type.String()), timeoutSeconds: maybe(Type.Number()), deliver: maybe(Type.Boolean()), channel: maybe(Type.String()), to: maybe(Type.String()),
})
const GivenDelivery = Type.Object({ mode: Type.Optional(Type.String()), channel: maybe(Type.String()), to: maybe(Type.String()), accountId: maybe(Type.String()) })
/** A job as clients send it; a part of one changes that part. */
export const givenJob = {
  agentId: maybe(Type.String()), name: Type.Optional(Type.String()), description: maybe(Type.String()), enabled: Type.Optional(Type.Boolean()), deleteAfterRun: maybe(Type.Boolean()), schedule: Type.Optional(GivenSchedule),
  sessionTarget: Type.Optional(Type.String()), payload: Type.Optional(GivenPayload), delivery: Type.Optional(GivenDelivery), catchUp: maybe(Type.Union([Type.Literal('once'), Type.Literal('skip')])),
}
const GivenJob = Type.Object(givenJob)
export type GivenJob = Static<typeof GivenJob>

/** A person's job in the family's shape; what only this gateway tells of it stands under `own`. */
export const JobRow = Type.Object({
  id: Type.String(),
  agentId: Type.String(),
  name: Type.String(),
  description: Type.String(),
  enabled: Type.Boolean(),
  deleteAfterRun: Type.Boolean(),
  createdAtMs: Time,
  updatedAtMs: Time,
  schedule: Type.Union([
    Type.Object({ kind: Type.Literal('at'), atMs: Time, at: Type.String() }), Type.Object({ kind: Type.Literal('every'), everyMs: Type.Integer(), anchorMs: Time }), Type.Object({ kind: Type.Literal('cron'), expr: Type.String(), tz: Type.String() }),
  ]),
  sessionTarget: Type.Union([Type.Literal('main'), Type.Literal('isolated')]),
  wakeMode: Type.Literal('now'),
  payload: Type.Object({
    kind: Type.Union([Type.Literal('systemEvent'), Type.Literal('agentTurn')]), text: Type.Optional(Type.String()), message: Type.Optional(Type.String()), model: Type.Optional(Type.String()), thinking: Type.Optional(Type.String()), timeoutSeconds: Type.Optional(Type.Integer()),
    deliver: Type.Optional(Type.Boolean()), channel: Type.Optional(Type.String()), to: Type.Optional(Type.String()),
  }),
  delivery: Type.Object({ mode: Type.Union([Type.Literal('none'), Type.Literal('announce')]), channel: Type.Optional(Type.String()), to: Type.Optional(Type.String()), accountId: Type.Optional(Type.String()) }),
  state: Type.Object({
    nextRunAtMs: Type.Optional(Time), runningAtMs: Type.Optional(Time), lastRunAtMs: Type.Optional(Time), lastStatus: Type.Optional(Type.Union([Type.Literal('ok'), Type.Literal('error'), Type.Literal('skipped')])), lastError: Type.Optional(Type.String()),
    lastDurationMs: Type.Optional(Type.Integer()),
  }),
  own: Type.Object({
    /** Whose it is. */
    principal: Type.String(),
    /** When it is due, for people. */
    when: Type.String(),
    /** Where its results are told, for people. */
    place: Type.Union([Type.String(), Type.Null()]),
    /** Whose words steered the turn that made it. */
    origin: Type.Union([Type.String(), Type.Null()]),
    failures: Type.Integer(),
    /** Why the gateway switched it off. */
    stoppedWhy: Type.Union([Type.String(), Type.Null()]),
    lastState: Type.Union([Type.String(), Type.Null()]),
    lastWords: Type.Union([Type.String(), Type.Null()]),
  }),
})

export const JobRunRow = Type.Object({
  ts: Time, jobId: Type.String(), jobName: Type.String(), action: Type.Literal('finished'), status: Type.Union([Type.Literal('ok'), Type.Literal('error'), Type.Literal('skipped')]), error: Type.Optional(Type.String()), summary: Type.Optional(Type.String()),
  runAtMs: Time, durationMs: Type.Integer(), nextRunAtMs: Type.Optional(Time), askedBy: Type.Union([Type.String(), Type.Null()]), outcome: Type.String(), late: Type.Boolean(), missed: Type.Integer(),
})

/** Throws `Problem('jobs-absent')`. */
export function jobsOf(rooms: Pick<Rooms, 'jobs'>): OwnJobsDoor {
  if (rooms.jobs === undefined) throw new Problem('jobs-absent', 'This gateway was built without jobs of people.')
  return rooms.jobs
}

/** Owners and admins look after everybody's jobs; everybody else has their own. */
export function askerOf({ id, role }: Principal): JobAsker {
  return { principal: id, all: role === 'owner' || role === 'admin' }
}

const statusOf = ({ state }: JobRun): 'ok' | 'error' | 'skipped' => (state === 'failed' ? 'error' : state === 'ok' || state === 'silent' ? 'ok' : 'skipped')

export function jobRow(job: JobFacts): Static<typeof JobRow> {
  const { id, agent, name, description, enabled, deleteAfterRun, createdAt, updatedAt, schedule, target, text, model, thinking, timeoutMs, chat, nextAt, runningAt, last, principal, when, origin, failures, stoppedWhy } = job
  const to = chat === null ? {} : { channel: chat.channel as string, to: chat.chat as string }
  const wishes = { ...(model === null ? {} : { model }), ...(thinking === null ? {} : { thinking: thinking as string }), ...(timeoutMs === null ? {} : { timeoutSeconds: Math.round(timeoutMs / 1_000) }) }
  return {
    id, agentId: agent, name, description: description ?? '', enabled, deleteAfterRun, createdAtMs: createdAt, updatedAtMs: updatedAt,
    schedule: schedule.kind === 'at' ? { ...schedule, at: new Date(schedule.atMs).toISOString() } : schedule,
    sessionTarget: target, wakeMode: 'now', payload: target === 'main' ? { kind: 'systemEvent', text, ...wishes } : { kind: 'agentTurn', message: text, ...wishes, deliver: chat !== null, ...to },
    delivery: chat === null ? { mode: 'none' } : { mode: 'announce', ...to, accountId: chat.account },
    state: {
      ...(nextAt === null ? {} : { nextRunAtMs: nextAt }), ...(runningAt === null ? {} : { runningAtMs: runningAt }),
      ...(last === null ? {} : { lastRunAtMs: last.startedAt ?? last.dueAt, lastStatus: statusOf(last), lastDurationMs: last.startedAt === null ? 0 : Math.max(0, (last.endedAt ?? last.startedAt) - last.startedAt), ...(last.state === 'failed' ? { lastError: last.words } : {}) }),
    },
    own: { principal, when, place: chat === null ? null : (chat.title ?? `${chat.channel}:${chat.chat}`), origin, failures, stoppedWhy, lastState: last?.state ?? null, lastWords: last?.words ?? null },
  }
}

export function jobRunRow(run: JobRun, nextAt: number | null = null): Static<typeof JobRunRow> {
  const { job, name, dueAt, startedAt, endedAt, words, by, state, kind, missed } = run
  const begun = startedAt ?? dueAt
  return {
    ts: endedAt ?? begun, jobId: job, jobName: name, action: 'finished', status: statusOf(run), ...(state === 'ok' || state === 'silent' ? { summary: words } : { error: words }), runAtMs: begun,
    durationMs: startedAt === null ? 0 : Math.max(0, (endedAt ?? startedAt) - startedAt), ...(nextAt === null ? {} : { nextRunAtMs: nextAt }), askedBy: by, outcome: state, late: kind === 'late', missed,
  }
}

/** What the event `cron` says of a change. */
export function jobEvent(change: JobChange): Record<string, unknown> {
  switch (change.kind) {
    case 'started': return { jobId: change.run.job, action: 'started', runAtMs: change.run.startedAt ?? change.run.dueAt }
    case 'finished': return jobRunRow(change.run, change.nextAt)
    default: return { jobId: change.job.id, action: change.kind, ...(change.job.nextAt === null || change.kind === 'removed' ? {} : { nextRunAtMs: change.job.nextAt }) }
  }
}

/** Whose job a change is about. */
export const ownerOfChange = (change: JobChange): string => ('run' in change ? change.run : change.job).principal

/** A job as it is asked for, from what a client sent. Rejects with `Problem('job-text')`, `job-times`, `job-target`, `job-delivery`, `recipient-unknown`. */
export async function newJobOf(given: GivenJob, jobs: OwnJobsDoor, by: Principal, now: number): Promise<NewJob> {
  const { times, ...changes } = await changesOf(given, jobs, by, now)
  if (times === undefined) throw new Problem('job-times', 'When it is due was not said.', { next: 'Give a schedule: at, every or cron.' })
  if (changes.text === undefined) throw new Problem('job-text', 'What is to be done was not said.')
  const place = changes.chat !== undefined && changes.sender !== undefined ? { chat: changes.chat, sender: changes.sender } : await jobs.place(by.id, {}).catch(() => jobs.place(by.id, 'none'))
  return {
    name: changes.name, description: changes.description ?? undefined, text: changes.text, times, agent: jobs.agent(given.agentId ?? undefined), target: changes.target, ...place, model: changes.model ?? undefined, thinking: changes.thinking ?? undefined,
    timeoutMs: changes.timeoutMs ?? undefined, deleteAfterRun: changes.deleteAfterRun, catchUp: changes.catchUp, enabled: changes.enabled,
  }
}

/** What a client wants different; what it does not name stays. */
export async function changesOf(given: GivenJob, jobs: OwnJobsDoor, by: Principal, now: number): Promise<JobChanges> {
  const { agentId, name, description, enabled, deleteAfterRun, schedule, sessionTarget, payload, catchUp } = given
  const kind = payload?.kind
  if (kind !== undefined && kind !== 'systemEvent' && kind !== 'agentTurn') throw new Problem('job-target', `A job does nothing of the kind "${kind.slice(0, 40)}".`, { next: 'It tells the assistant something: kind agentTurn with a message.' })
  const wanted = sessionTarget ?? (kind === 'systemEvent' ? 'main' : undefined)
  if (wanted !== undefined && wanted !== 'main' && wanted !== 'isolated') throw new Problem('job-target', `A job does not work in "${wanted.slice(0, 60)}".`, { next: 'Use isolated or main.' })
  const thinking = payload?.thinking
  if (typeof thinking === 'string' && !thinkingLevels.some((each) => each === thinking)) throw new Problem('job-model', `There is no thinking level "${thinking.slice(0, 40)}".`, { next: `One of ${thinkingLevels.join(', ')}.` })
  const seconds = payload?.timeoutSeconds
  if (typeof seconds === 'number' && !(seconds >= 1 && seconds <= 86_400)) throw new Problem('job-times', 'A run lasts one second to one day.')
  const place = await placeOf(given, jobs, by)
  const words = payload?.message ?? payload?.text
  return {
    ...(agentId === undefined || agentId === null ? {} : { agent: jobs.agent(agentId) }), ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }), ...(enabled === undefined ? {} : { enabled }),
    ...(deleteAfterRun === undefined || deleteAfterRun === null ? {} : { deleteAfterRun }), ...(schedule === undefined ? {} : { times: timesOf(schedule, now) }), ...(wanted === undefined ? {} : { target: wanted }), ...(words === undefined ? {} : { text: words }),
    ...(payload?.model === undefined ? {} : { model: payload.model }), ...(thinking === undefined ? {} : { thinking: thinking as ThinkingLevel | null }), ...(seconds === undefined ? {} : { timeoutMs: seconds === null ? null : seconds * 1_000 }),
    ...(catchUp === undefined ? {} : { catchUp }), ...place,
  }
}

async function placeOf({ payload, delivery }: GivenJob, jobs: OwnJobsDoor, by: Principal): Promise<Awaited<ReturnType<OwnJobsDoor['place']>> | undefined> {
  const mode = delivery?.mode ?? (payload?.deliver === true ? 'announce' : payload?.deliver === false ? 'none' : undefined)
  const channel = delivery?.channel ?? payload?.channel ?? undefined
  const to = delivery?.to ?? payload?.to ?? undefined
  const account = delivery?.accountId ?? undefined
  if (mode === 'none') return jobs.place(by.id, 'none')
  if (mode !== undefined && mode !== 'announce') throw new Problem('job-delivery', `Results are not told by "${mode.slice(0, 40)}".`, { next: 'Use announce with a channel, or none.' })
  return mode === undefined && channel === undefined && to === undefined ? undefined : jobs.place(by.id, { channel, account, to })
}

function timesOf({ kind, atMs, at, everyMs, every, anchorMs, expr, cron, tz }: Static<typeof GivenSchedule>, now: number): NewJob['times'] {
  const zone = tz === undefined || tz === null ? {} : { tz }
  const is = (name: string, ...values: unknown[]): boolean => (kind === undefined ? values.some((value) => value !== undefined) : kind === name)
  if (is('at', atMs, at)) return atMs === undefined ? { at: at ?? '', ...zone } : { schedule: { kind: 'at', atMs } }
  if (is('every', everyMs, every)) return everyMs === undefined ? { every: every ?? '' } : { schedule: { kind: 'every', everyMs, anchorMs: anchorMs ?? now } }
  if (is('cron', expr, cron)) return { cron: expr ?? cron ?? '', ...zone }
  throw new Problem('job-times', kind === undefined ? 'When it is due was not said.' : `A job is not due by "${kind.slice(0, 40)}".`, { next: 'Use at, every or cron.' })
}
