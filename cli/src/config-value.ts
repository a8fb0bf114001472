import { Problem } from '@moltbot/contract'

/** The value a person meant: JSON5 where the text is some, else the words themselves. Throws `usage` for text that begins like JSON and is none. */
export async function configValue(text: string, next: string): Promise<unknown> {
  const { default: json5 } = await import('json5')
  try {
    return json5.parse<unknown>(text)
  } catch (error) {
    if (/^\s*[[{]/.test(text)) throw new Problem('usage', `The value begins like JSON but is none: ${error instanceof Error ? error.message : String(error)}.`, { next })
    // Not JSON5: the words themselves are the value.
    return text
  }
}
