import { readMarkdown } from '@moltbot/contract'
import { lexer, type Token, type Tokens } from 'marked'

/** Words as one would say them. `whole`: whoever hears them misses nothing that stands in the text. */
export interface SpokenWords { text: string; whole: boolean }

/**
 * Markdown as it is said aloud: headings and items end like sentences, a link is its words, signs of layout and emoji are left out. What nobody
 * would read out (programs, tables, pictures, addresses) is named instead, and `whole` is false then. Pure.
 */
export function spokenWords(markdown: string): SpokenWords {
  // What no reader can take apart is no text to be read out.
  const tokens = readMarkdown(markdown, (text) => [...lexer(text)])
  if (tokens === undefined) return { text: '', whole: false }
  const seen = { whole: true }
  const lines = tokens.flatMap((token) => blockOf(token, seen)).map(tidy).filter((line) => /[\p{L}\p{N}]/u.test(line))
  return { text: lines.join('\n'), whole: seen.whole }
}

/**
 * At most `max` characters of spoken words, cut behind a sentence, else behind a word, and the sentence that says so. Unchanged where it fits.
 * `max` is at least 100.
 */
export function shortened(text: string, max: number): { text: string; shortened: boolean } {
  if (text.length <= max) return { text, shortened: false }
  const room = text.slice(0, max - restWords.length - 1)
  const sentence = Math.max(...[...room.matchAll(/[.!?…。！？](?=\s|$)|\n/gu)].map((end) => end.index + end[0].length), 0)
  const cut = sentence > room.length / 3 ? room.slice(0, sentence) : `${room.slice(0, Math.max(room.lastIndexOf(' '), room.length / 2)).toWellFormed()}…`
  return { text: `${cut.trim()}\n${restWords}`, shortened: true }
}
const restWords = 'The rest is in the text.'

function blockOf(token: Token, seen: { whole: boolean }): string[] {
  switch (token.type) {
    case 'heading': case 'paragraph': case 'text': return [sentence(inline(token, seen))]
    case 'blockquote': return (token as Tokens.Blockquote).tokens.flatMap((each) => blockOf(each, seen))
    case 'list': {
      const list = token as Tokens.List
      return list.items.flatMap((item, index) => {
        const [first = '', ...rest] = item.tokens.flatMap((each) => blockOf(each, seen))
        return [list.ordered ? `${Number(list.start) + index}: ${first}` : first, ...rest]
      })
    }
    case 'code': seen.whole = false; return ['There is a piece of code in the text.']
    case 'table': seen.whole = false; return ['There is a table in the text.']
    // The sign of a task in a list is layout, like a line between paragraphs.
    case 'space': case 'hr': case 'def': case 'checkbox': return []
    default: seen.whole = false; return []
  }
}

function inline(token: Token, seen: { whole: boolean }): string {
  const parts = 'tokens' in token && Array.isArray(token.tokens) ? (token.tokens as Token[]) : undefined
  if (parts === undefined) return plain('text' in token ? String(token.text) : token.raw, seen)
  return parts.map((part) => {
    switch (part.type) {
      case 'text': case 'escape': return 'tokens' in part && part.tokens !== undefined ? inline(part, seen) : plain(String((part as Tokens.Text).text), seen)
      case 'codespan': return plain(String((part as Tokens.Codespan).text), seen)
      case 'br': return '\n'
      case 'link': {
        // Words can be said, but nobody can follow them.
        seen.whole = false
        const { text, href } = part as Tokens.Link
        return /^(?:https?:\/\/|www\.)/i.test(text.trim()) || text.trim() === '' ? hostWords(href) : inline(part, seen)
      }
      case 'image': {
        seen.whole = false
        return String((part as Tokens.Image).text)
      }
      case 'html': seen.whole = false; return ''
      default: return inline(part, seen)
    }
  }).join('')
}

/** Addresses that stand in plain text are named by their host. */
function plain(text: string, seen: { whole: boolean }): string {
  return text.replaceAll(/\bhttps?:\/\/\S+/gi, (url) => {
    seen.whole = false
    return hostWords(url)
  })
}

function hostWords(url: string): string {
  return URL.canParse(url) ? `a link to ${new URL(url).hostname.replace(/^www\./, '')}` : 'a link'
}

/** A voice falls at the end of a line as at the end of a sentence. */
function sentence(text: string): string {
  const line = text.trim()
  return line === '' || /[\p{P}]$/u.test(line) ? line : `${line}.`
}

function tidy(line: string): string {
  return line.replaceAll(/\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|\u20e3|[\u{1f1e6}-\u{1f1ff}]/gu, '').replaceAll(/[^\S\n]+/g, ' ').replaceAll(/ ([.,;:!?])/g, '$1').trim()
}
