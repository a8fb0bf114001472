/** Failure codes of this room, each with what it means. */
export const haltProblems = {
  'halt-panic': 'Everything is stopped by a panic, and only resuming with a second factor ends that.',
  'halt-code-needed': 'The second factor is missing.',
  'halt-code-wrong': 'The second factor is wrong or was used before.',
  'halt-code-locked': 'Too many wrong codes; for a while none is looked at.',
  'halt-code-local': 'Without an enrolled authenticator only the machine itself can resume.',
  'halt-not-enrolled': 'No authenticator is enrolled.',
  'halt-enroll-over': 'No new authenticator waits for its first code.',
} as const
