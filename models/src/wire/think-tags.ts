import type { Assembly } from './assembly.ts'

const open = '<think>'
const close = '</think>'

/** Servers that don't take a model's thinking apart send it as text between tags at the beginning of the answer. Here it becomes thinking again. */
export class ThinkTags {
  #state: 'beginning' | 'thinking' | 'after' | 'text' = 'beginning'
  #held = ''

  feed(text: string, assembly: Assembly): void {
    if (text === '') return
    if (this.#state === 'text') {
      assembly.text('text', text)
      return
    }
    if (this.#state === 'after') {
      const words = text.trimStart()
      if (words === '') return
      this.#state = 'text'
      assembly.text('text', words)
      return
    }
    this.#held += text
    if (this.#state === 'beginning') {
      const start = this.#held.trimStart()
      if (start.length < open.length && open.startsWith(start)) return // Could still become the tag.
      if (!start.startsWith(open)) {
        this.flush(assembly)
        return
      }
      this.#state = 'thinking'
      this.#held = start.slice(open.length)
    }
    const end = this.#held.indexOf(close)
    if (end === -1) {
      // What may be the beginning of the closing tag waits.
      let safe = this.#held.length
      for (let length = Math.min(close.length - 1, this.#held.length); length > 0; length--) {
        if (close.startsWith(this.#held.slice(-length))) {
          safe -= length
          break
        }
      }
      if (safe > 0) assembly.thinking('thinking', this.#held.slice(0, safe))
      this.#held = this.#held.slice(safe)
      return
    }
    if (end > 0) assembly.thinking('thinking', this.#held.slice(0, end))
    const rest = this.#held.slice(end + close.length).trimStart()
    this.#state = rest === '' ? 'after' : 'text'
    this.#held = ''
    assembly.text('text', rest)
  }

  /** The answer is over, or is no such answer: what was held back is text (or the end of the thinking). */
  flush(assembly: Assembly): void {
    const held = this.#held
    this.#held = ''
    if (this.#state === 'thinking') {
      if (held !== '') assembly.thinking('thinking', held)
      return
    }
    this.#state = 'text'
    assembly.text('text', held)
  }
}
