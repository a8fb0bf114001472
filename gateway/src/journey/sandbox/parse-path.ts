import { Problem } from '@moltbot/contract'

/** The longest path in UTF-16 units, and the longest step in UTF-8 bytes (what common file systems take). */
const pathLengthMax = 1_024
const stepBytesMax = 240
const stepsMax = 32

/**
 * The one way from words to a path: steps from the workspace's root, or a refusal. Decided from the text alone, before
 * the disk is touched, so that the answer never tells whether something exists. Refused are absolute (but `/workspace/…`) and home paths, `..`,
 * empty steps, backslashes and colons (drives, streams), percent escapes, control, format and unassigned characters,
 * anything that is not NFC or that turns into one of these under compatibility folding (fullwidth dots and slashes), steps that
 * begin with two dots or end in a dot or space, the device names of Windows, and what is too long.
 * `folder: true` also takes '' and `.` for the root itself, and one slash at the end.
 */
export function parsePath(path: string, options: { folder: boolean } = { folder: false }): string[] {
  if (typeof path !== 'string') throw refused('it is not text')
  if (path.length > pathLengthMax) throw refused(`it is longer than ${pathLengthMax} characters`)
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(path)) throw refused('it contains invisible or control characters')
  if (path !== path.normalize('NFC')) throw refused('its characters are not in the composed form (NFC)')
  // Commands see the workspace under one name; what they print of it is a path here, too.
  let relative = path === '/workspace' || path.startsWith('/workspace/') ? path.slice('/workspace/'.length) : path
  if (relative.startsWith('/') || relative.startsWith('~')) throw refused('it is not relative to the workspace')
  while (relative.startsWith('./')) relative = relative.slice(2)
  if (options.folder) {
    if (relative.endsWith('/')) relative = relative.slice(0, -1)
    if (relative === '' || relative === '.') return []
  }
  const steps = relative.split('/')
  if (steps.length > stepsMax) throw refused(`it is deeper than ${stepsMax} folders`)
  for (const step of steps) checkStep(step)
  return steps
}

function checkStep(step: string): void {
  if (step === '') throw refused('it has an empty step')
  if (Buffer.byteLength(step) > stepBytesMax) throw refused(`a step of it is longer than ${stepBytesMax} bytes`)
  const folded = step.normalize('NFKC')
  for (const form of [step, folded]) {
    if (/^(?:\.$|\.\.)/.test(form)) throw refused('it leaves its folder')
    if (/[/\\:]/.test(form)) throw refused('it contains a character that separates paths elsewhere')
    if (/%[0-9a-f]{2}/i.test(form)) throw refused('it contains a percent escape')
    if (/[\s.]$|^\s/.test(form)) throw refused('a step of it begins or ends in a space or ends in a dot')
    if (/^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i.test(form)) throw refused('it is the name of a device on some systems')
  }
  if (/[∕⁄⧸⧵∖﹨]/u.test(step)) throw refused('it contains a look-alike of a slash')
}

function refused(why: string): Problem {
  return new Problem('path-refused', `This path is not allowed: ${why}.`, { next: 'Give a plain path inside the workspace, for example notes/today.md.' })
}
