/** Failure codes of this room, each with what it means. */
export const auditProblems = {
  'audit-not-written': 'The record could not be written, so the act it would have recorded was not done.',
  'audit-empty': 'There is no record yet.',
  'audit-too-old': 'The database is of a version before the chained record.',
  'audit-key-missing': 'The key of the record is not there, so it can be neither continued nor verified.',
  'audit-address-invalid': 'The address of a syslog receiver cannot be understood.',
} as const
