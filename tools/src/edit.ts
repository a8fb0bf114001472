import { defineTool, Problem } from '@moltbot/contract'
import { Type } from 'typebox'
import { writingEffects } from './text/prompt-files.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** Replaces words in a file, only where it is certain which words are meant. */
export const edit = defineTool({
  name: 'edit',
  description: 'Replace text in a file. `old`, exactly as it stands there, must occur once unless `all`.',
  input: Type.Object(
    {
      path: Type.String({ minLength: 1, maxLength: 1_024 }),
      old: Type.String({ minLength: 1 }),
      new: Type.String(),
      all: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  needs: ['files.read', 'files.write'],
  effects: (input) => [{ kind: 'reads-private', what: input.path }, ...writingEffects(input.path)],
  summarize: (input) => `Edit ${visible(input.path)}: replace ${input.all === true ? 'every ' : ''}${quoted(input.old, 80)} by ${quoted(input.new, 80)}`,
  async run(input, grants, signal) {
    if (input.old === input.new) throw new Problem('edit-same', 'Old and new text are the same; nothing would change.')
    const file = await untilAborted(() => grants['files.read'].read(input.path), signal)
    const { old, fresh } = withLineEnds(file.text, input.old, input.new)
    const places = occurrences(file.text, old)
    if (places.length === 0) throw notFound(file.text, input.old, input.path)
    if (places.length > 1 && input.all !== true) {
      const lines = places.slice(0, 10).map((place) => lineAt(file.text, place))
      throw new Problem('edit-ambiguous', `The old text occurs ${places.length} times in ${visible(input.path)} (lines ${lines.join(', ')}).`, {
        next: 'Give more of the text around the one you mean, or set all.',
      })
    }
    // Split and join: a replacement text never has special meaning.
    const text = file.text.split(old).join(fresh)
    await untilAborted(() => grants['files.write'].write(input.path, text, { onlyIfModifiedAt: file.modifiedAt }), signal)
    const where = places.length === 1 ? `at line ${lineAt(file.text, places[0] ?? 0)}` : `in ${places.length} places`
    return { content: [{ type: 'text', text: `Edited ${visible(input.path)} ${where}.` }] }
  },
})

/** Models write `\n`; a file with Windows line ends keeps them. */
function withLineEnds(text: string, old: string, fresh: string): { old: string; fresh: string } {
  if (!text.includes('\r\n') || old.includes('\r') || text.includes(old) && !old.includes('\n')) return { old, fresh }
  return { old: old.replaceAll('\n', '\r\n'), fresh: fresh.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n') }
}

function occurrences(text: string, old: string): number[] {
  const places: number[] = []
  for (let at = text.indexOf(old); at >= 0; at = text.indexOf(old, at + old.length)) places.push(at)
  return places
}

function lineAt(text: string, place: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < place; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

function notFound(text: string, old: string, path: string): Problem {
  const loose = (value: string) => value.replaceAll(/\s+/g, ' ').trim()
  const wanted = loose(old)
  const firstLine = old.split('\n').find((line) => line.trim() !== '')?.trim() ?? ''
  const near = text.split('\n').findIndex((line) => line.trim() === firstLine && firstLine !== '')
  const hint =
    wanted !== '' && loose(text).includes(wanted)
      ? 'It is there with other spaces or line breaks: copy it exactly.'
      : near >= 0
        ? `Its first line is line ${near + 1}, but what follows differs: read the file again from there.`
        : 'Read the file again and copy the text exactly.'
  return new Problem('edit-not-found', `The old text does not occur in ${visible(path)}.`, { next: hint })
}
