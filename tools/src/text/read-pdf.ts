import type { DocumentReader, ToolResult } from '@moltbot/contract'
import { fromOutside } from './from-outside.ts'
import { untilAborted } from './until-aborted.ts'

/** Text of a PDF in the workspace. Where it came from is unknown, so it counts as from outside. `pages` absent: all. */
export async function readPdf(documents: DocumentReader, path: string, pages: { first: number; last: number } | undefined, signal: AbortSignal): Promise<ToolResult> {
  const { text, truncated, boundary } = await untilAborted(() => documents.pdf(path, pages === undefined ? {} : { pages }, signal), signal)
  return { origin: 'external', content: [{ type: 'text', text: fromOutside(boundary, text === '' ? '(no text; the pages may be pictures)' : text) + (truncated ? '\n[cut; go on with a later page]' : '') }] }
}
