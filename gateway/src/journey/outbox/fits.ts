/** Whether a text goes out as one part. */
export function fits(text: string, max: number, linesMax: number): boolean {
  return text.length <= max && (linesMax === Number.POSITIVE_INFINITY || text.split('\n').length <= linesMax)
}
