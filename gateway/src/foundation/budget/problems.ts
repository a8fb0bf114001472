/** Codes of the problems that leave this room, with what they mean. */
export const budgetProblems = {
  'budget-reached': 'A cap does not allow another model call in this period.',
  'budget-unwritable': 'What was spent could not be written down, so nothing more is spent.',
} as const
