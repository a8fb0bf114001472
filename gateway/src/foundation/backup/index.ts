/**
 * Backups: one sealed file of all that the state directory holds, which the standard tools open (`age -d FILE | tar x`), and the way back. It never
 * writes anything unsealed but beside what it is a copy of, never puts anything in place that was not read and compared to its end, never removes what
 * stood there, and knows no table: whoever uses it copies and judges the database.
 */
export { createBackup } from './create-backup.ts'
export { backupSection } from './config.ts'
export { backupProblems } from './problems.ts'
export { createBackupSchedule } from './schedule.ts'
export { restoreBackup, verifyBackup } from './restore-backup.ts'
