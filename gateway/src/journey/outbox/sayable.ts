/** What may be said anywhere: no escape sequences of terminals, no control characters but line ends and tabs, no half of a surrogate pair. */
export function sayable(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|[^\P{Cc}\n\t]/gu, '').toWellFormed()
}
