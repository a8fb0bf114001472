import { voiceText as say } from './voice-text.ts'

/** So many characters are read of one answer. */
const charsMax = 20_000
/** Voices lose the thread, and stopping takes long, in anything longer. */
const pieceMax = 220

/** An answer as it is said: no marks, no addresses, code and tables only named. In pieces a voice can hold. */
export function speakable(markdown: string): string[] {
  const lines: string[] = []
  let fence = ''
  let isTable = false
  for (const line of markdown.slice(0, charsMax).split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== '') {
      if (mark !== undefined && mark.startsWith(fence)) fence = ''
      continue
    }
    if (mark !== undefined) {
      fence = mark
      lines.push(say.code)
      continue
    }
    const inTable = line.trimStart().startsWith('|')
    if (inTable && !isTable) lines.push(say.table)
    isTable = inTable
    if (!inTable) lines.push(plainLine(line))
  }
  return lines.flatMap(inPieces)
}

function plainLine(line: string): string {
  return line
    .replace(/^[ \t]{0,9}(?:#{1,6}|[-*+>]|\d{1,9}[.)])[ \t]/, '')
    .replace(/!?\[([^\][]{0,500})\]\([^()\s]{0,2000}\)/g, '$1')
    .replace(/https?:\/\/([^/\s]{1,255})[^\s]{0,2000}/g, '$1')
    .replace(/[*_`~]{1,3}/g, '')
    .trim()
}

function inPieces(line: string): string[] {
  const pieces: string[] = []
  let rest = line
  while (rest.length > pieceMax) {
    const room = rest.slice(0, pieceMax)
    const at = Math.max(room.lastIndexOf('. '), room.lastIndexOf('? '), room.lastIndexOf('! '))
    const cut = at > 0 ? at + 1 : Math.max(room.lastIndexOf(' '), 0) || pieceMax
    pieces.push(rest.slice(0, cut).trim())
    rest = rest.slice(cut).trim()
  }
  return [...pieces, rest].filter((piece) => piece !== '')
}

/** Reads until the end, or until it is stopped; `onEnd` is called once in either case. */
export function readAloud(markdown: string, voice: SpeechSynthesisVoice, onEnd: () => void): () => void {
  const pieces = speakable(markdown)
  let isOver = false
  const end = (): void => {
    if (isOver) return
    isOver = true
    speechSynthesis.cancel()
    onEnd()
  }
  const sayNext = (): void => {
    const words = pieces.shift()
    if (isOver) return
    if (words === undefined) return end()
    const piece = new SpeechSynthesisUtterance(words)
    piece.voice = voice
    piece.lang = voice.lang
    piece.addEventListener('end', sayNext)
    piece.addEventListener('error', end)
    speechSynthesis.speak(piece)
  }
  speechSynthesis.cancel()
  sayNext()
  return end
}
