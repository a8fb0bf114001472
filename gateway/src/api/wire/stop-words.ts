const words = new Set(['stop', 'esc', 'abort', 'wait', 'exit', 'interrupt'])

/**
 * How a text asks to stop. `command`: `/stop`, always. `word`: one of the words clients of this family send (`stop`, `esc`,
 * `abort`, `wait`, `exit`, `interrupt`), a wish to stop only while something is running; else they are ordinary words.
 */
export function stopWish(text: string): 'command' | 'word' | undefined {
  const said = text.trim().toLowerCase()
  if (said === '/stop') return 'command'
  return words.has(said) ? 'word' : undefined
}
