/** Failure codes of this room, each with what it means. */
export const nodeProblems = {
  'node-none': 'Nothing of this person\'s own is connected that can do this.',
  'node-which': 'Several could do it, and none was named.',
  'node-command-refused': 'This is never asked of that node: it did not declare it, or the configuration forbids it.',
  'node-params': 'A command was asked for in another form than it has.',
  'node-busy': 'Too many questions wait at that node.',
  'node-refused': 'The person said no.',
  'node-silent': 'Nobody answered in time; that means no.',
  'node-away': 'Nobody looks at the page, and it does nothing unseen.',
  'node-gone': 'The node disconnected before it answered.',
  'node-failed': 'The person may have said yes, but the browser or the device could not do it.',
  'node-answer-invalid': 'What came back was too large, or not what was asked for.',
} as const
