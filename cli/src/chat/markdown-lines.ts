import type { Paint } from '@moltbot/contract'
import { wrapText } from '../display-width.ts'

/** Renders Markdown line by line as it arrives; remembers only whether it is inside a fence. */
export interface MarkdownLines {
  /** A complete line as rows of at most `columns`. */
  line(text: string, columns: number): string[]
  /** The same without remembering: for a line that is still growing. */
  preview(text: string, columns: number): string[]
}

export function createMarkdownLines(paint: Paint): MarkdownLines {
  let fence: string | undefined
  return {
    line(text, columns) {
      const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1]
      const wasInside = fence !== undefined
      if (mark !== undefined) {
        if (fence === undefined) fence = mark
        else if (mark.startsWith(fence)) fence = undefined
      }
      return render(text, columns, wasInside || mark !== undefined, paint)
    },
    preview: (text, columns) => render(text, columns, fence !== undefined || /^\s*(`{3,}|~{3,})/.test(text), paint),
  }
}

function render(text: string, columns: number, code: boolean, paint: Paint): string[] {
  if (code) {
    const mark = /^\s*(?:`{3,}|~{3,})\s*(\S*)/.exec(text)
    if (mark !== null) return [paint.dim(mark[1] === '' ? '───' : `─── ${mark[1] ?? ''}`)]
    return wrapText(paint.cyan(text), columns)
  }
  const heading = /^#{1,6}\s+(.*)$/.exec(text)
  if (heading !== null) return wrapText(paint.bold(inline(heading[1] ?? '', paint)), columns)
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(text)) return [paint.dim('─'.repeat(Math.min(40, columns)))]
  const item = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/.exec(text)
  if (item !== null) {
    const [, space = '', mark = '', words = ''] = item
    const head = `${space}${/\d/.test(mark) ? mark : '•'} `
    return wrapText(head + inline(words, paint), columns, ' '.repeat(head.length))
  }
  const quote = /^>\s?(.*)$/.exec(text)
  if (quote !== null) return wrapText(paint.dim(`│ ${inline(quote[1] ?? '', paint)}`), columns, '│ ')
  return wrapText(inline(text, paint), columns)
}

function inline(text: string, paint: Paint): string {
  return text.split(/(`[^`]+`)/).map((part) => {
    if (part.length > 2 && part.startsWith('`') && part.endsWith('`')) return paint.cyan(part.slice(1, -1))
    return part
      .replace(/\*\*(?=\S)(.+?)(?<=\S)\*\*/g, (_, words: string) => paint.bold(words))
      .replace(/(?<![\p{L}\p{N}*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\p{L}\p{N}*])/gu, (_, words: string) => paint.italic(words))
      .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, (_, words: string, url: string) => (words === url ? url : `${words} ${paint.dim(`(${url})`)}`))
  }).join('')
}
