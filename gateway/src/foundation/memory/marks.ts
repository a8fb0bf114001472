import type { Origin, PrincipalId } from '@moltbot/contract'

/** What is noted with a line, in an HTML comment at its end: it stays with the line when people move it, and Markdown does not show it. */
export interface Mark { day: string; owner: PrincipalId; source: string; origin?: Origin }

const pattern = /(?<!\s)\s*<!-- memory (\d{4}-\d{2}-\d{2}) (\S+) (\S+?)(?: (member|guest|external))? -->/

/** One word without anything that could end the comment. */
function encode(text: string): string {
  const plain = encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%40', '@').replaceAll('--', '-%2D')
  return plain === '' ? '%20' : plain
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A person changed it: then it stands for itself.
    return text
  }
}

export function writeMark({ day, owner, source, origin }: Mark): string {
  return `<!-- memory ${day} ${encode(owner)} ${encode(source)}${origin === undefined ? '' : ` ${origin}`} -->`
}

/** A line without its mark, and the mark. Of several, the least trusted counts. */
export function readLine(line: string): { text: string; mark: Mark | undefined } {
  const found = pattern.exec(line)
  if (found === null) return { text: line, mark: undefined }
  const [whole, day = '', owner = '', source = '', origin] = found
  const mark: Mark = { day, owner: decode(owner) as PrincipalId, source: decode(source), ...(origin === undefined ? {} : { origin: origin as Origin }) }
  const rest = readLine(line.slice(0, found.index) + line.slice(found.index + whole.length))
  const worse = [mark, ...(rest.mark === undefined ? [] : [rest.mark])].find((each) => each.origin !== undefined)
  return { text: rest.text, mark: worse ?? mark }
}

/** Words that cannot be taken for a mark, on one line. */
export function plainLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replaceAll('<!--', '<! --').replaceAll('-->', '-- >').replace(/^[-*+]\s+/, '').replaceAll(/\s+/g, ' ').trim()
}

/** A memory file as it stands in a prompt: without marks, and without lines that others' words made. */
export function withoutMarks(text: string): string {
  return text.split('\n').flatMap((line) => {
    const read = readLine(line)
    return read.mark?.origin === undefined ? [read.text] : []
  }).join('\n')
}
