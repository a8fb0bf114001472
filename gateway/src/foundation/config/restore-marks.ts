import { formatPath } from './config-path.ts'
import { findMarks } from './evaluate.ts'
import { nodeAt, parseJson5, positionOf } from './json5-document.ts'
import { configProblems } from './problems.ts'
import { isRedactionMark } from './secret-keys.ts'
import type { ConfigIssue } from './types.ts'

/** What was shown masked comes back as it was in the text `before`. A mask that stands for nothing there is refused. */
export function restoreMarks(text: string, before: string): string {
  let marks: ReturnType<typeof findMarks>
  try {
    marks = findMarks(parseJson5(text).root, isRedactionMark)
  } catch {
    // Not JSON5: the judgement of the text says so, with the place.
    return text
  }
  if (marks.length === 0) return text
  let old
  try {
    old = parseJson5(before)
  } catch {
    // Nothing can be taken from a broken text: every mark is then refused below.
  }
  const lost: ConfigIssue[] = []
  for (const { path, node } of marks.reverse()) {
    const there = old === undefined ? undefined : nodeAt(old, path)
    if (there?.kind === 'scalar' && !isRedactionMark(there.value)) text = text.slice(0, node.start) + before.slice(there.start, there.end) + text.slice(node.end)
    else lost.push({ path: formatPath(path), ...positionOf(text, node.start), message: `${formatPath(path)}: the mask stands for no value in the file`, severity: 'error' })
  }
  if (lost.length > 0) throw configProblems.invalid(lost)
  return text
}
