/**
 * The schedule of the house: what the gateway does by itself (backups, the daily review, checkpoints of the record …), when each was done
 * last and with what result, and when it is done next. It never does such work of its own and decides about none: each room keeps its own
 * time, tells what it did, and is asked here only when a person wants it at once.
 */
export { createHouseSchedule, scheduleMigration, type HouseSchedule } from './create-house-schedule.ts'
export type { HouseChange } from './types.ts'
