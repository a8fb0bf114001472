import { Problem } from '@moltbot/contract'
import Type, { type Static } from 'typebox'
import type { HouseDoor, HouseJobFacts, HouseRunFacts } from '../../foundation/schedule/types.ts'
import type { Rooms } from '../rooms.ts'
import { Time } from './params.ts'

/** A job of the house in the family's shape of a job; what only this gateway tells of it stands under `house`. */
export const HouseJobRow = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  enabled: Type.Boolean(),
  createdAtMs: Time,
  updatedAtMs: Time,
  schedule: Type.Object({ kind: Type.Literal('every'), everyMs: Type.Integer() }),
  sessionTarget: Type.Literal('main'),
  wakeMode: Type.Literal('next-heartbeat'),
  payload: Type.Object({ kind: Type.Literal('systemEvent'), text: Type.String() }),
  state: Type.Object({
    nextRunAtMs: Type.Optional(Time), runningAtMs: Type.Optional(Time), lastRunAtMs: Type.Optional(Time), lastStatus: Type.Optional(Type.Union([Type.Literal('ok'), Type.Literal('error')])),
    lastError: Type.Optional(Type.String()), lastDurationMs: Type.Optional(Type.Integer()),
  }),
  house: Type.Object({
    /** The key of the configuration that decides about it. */
    setting: Type.Union([Type.String(), Type.Null()]),
    /** Whether `cron.run` does it. */
    byHand: Type.Boolean(),
    /** What came of the last run, in one sentence. */
    lastWords: Type.Union([Type.String(), Type.Null()]),
    /** Whether a person asked for it, and who. */
    lastAskedBy: Type.Union([Type.String(), Type.Null()]),
  }),
})

export const HouseRunRow = Type.Object({
  ts: Time, jobId: Type.String(), action: Type.Literal('finished'), status: Type.Union([Type.Literal('ok'), Type.Literal('error')]), error: Type.Optional(Type.String()), summary: Type.Optional(Type.String()),
  runAtMs: Time, durationMs: Type.Integer(), askedBy: Type.Union([Type.String(), Type.Null()]),
})

const prefix = 'house:'
/** Whether an id names something the gateway does by itself. */
export const isHouse = (id: string): boolean => id.startsWith(prefix)
/** The id a caller gave. Throws `Problem('job-unnamed')`. */
export function namedJob(id: string | undefined): string {
  if (id === undefined) throw new Problem('job-unnamed', 'It was not said which job.', { next: 'Name it by its id: moltbot cron list' })
  return id
}
export const houseId = (name: string): string => `${prefix}${name}`

/** The name behind a job's id. Throws `Problem('job-unknown')` for an id that is none of the house. */
export function houseName(id: string): string {
  if (!isHouse(id)) throw new Problem('job-unknown', `There is no job "${id}".`, { next: 'See them: moltbot cron list' })
  return id.slice(prefix.length)
}

/** Throws `Problem('schedule-absent')`. */
export function scheduleOf(rooms: Pick<Rooms, 'schedule'>): HouseDoor {
  if (rooms.schedule === undefined) throw new Problem('schedule-absent', 'This gateway was built without its schedule.')
  return rooms.schedule
}

export function houseJobRow({ name, title, description, setting, enabled, everyMs, nextAt, byHand, runningAt, last }: HouseJobFacts, startedAt: number): Static<typeof HouseJobRow> {
  const since = Math.trunc(startedAt)
  return {
    id: houseId(name), name: title, description, enabled, createdAtMs: since, updatedAtMs: since, schedule: { kind: 'every', everyMs: Math.trunc(everyMs) }, sessionTarget: 'main', wakeMode: 'next-heartbeat',
    payload: { kind: 'systemEvent', text: description },
    state: {
      ...(nextAt === null ? {} : { nextRunAtMs: Math.trunc(nextAt) }), ...(runningAt === null ? {} : { runningAtMs: Math.trunc(runningAt) }),
      ...(last === null ? {} : { lastRunAtMs: last.startedAt, lastStatus: last.ok ? 'ok' : 'error', lastDurationMs: Math.max(0, last.endedAt - last.startedAt), ...(last.ok ? {} : { lastError: last.words }) }),
    },
    house: { setting, byHand, lastWords: last?.words ?? null, lastAskedBy: last?.asked === true ? last.by : null },
  }
}

export function houseRunRow({ job, by, asked, startedAt, endedAt, ok, words }: HouseRunFacts): Static<typeof HouseRunRow> {
  return {
    ts: endedAt, jobId: houseId(job), action: 'finished', status: ok ? 'ok' : 'error', ...(ok ? { summary: words } : { error: words }), runAtMs: startedAt, durationMs: Math.max(0, endedAt - startedAt), askedBy: asked ? by : null,
  }
}
