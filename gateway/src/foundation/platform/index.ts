/** What differs between machines and Node versions, and the two ambient things (time and chance) that `main.ts` hands on. Decides nothing. */
export { systemClock } from './clock.ts'
export { createIds } from './ids.ts'
export { examineStateFolder } from './state-folder.ts'
export { openSqlite, type SqliteDatabase, type SqliteStatement } from './sqlite.ts'
