/** The first `length` characters, one less where that would cut a character pair in half. */
export function headOf(text: string, length: number): string {
  return isHigh(text.charCodeAt(length - 1)) ? text.slice(0, Math.max(0, length - 1)) : text.slice(0, length)
}

/** The last `length` characters, one less where that would cut a character pair in half. */
export function tailOf(text: string, length: number): string {
  const start = Math.max(0, text.length - length)
  return start > 0 && isHigh(text.charCodeAt(start - 1)) ? text.slice(start + 1) : text.slice(start)
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
