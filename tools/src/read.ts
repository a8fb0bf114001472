import { defineTool, Problem } from '@moltbot/contract'
import { Type } from 'typebox'
import { readPdf } from './text/read-pdf.ts'
import { untilAborted } from './text/until-aborted.ts'
import { visible } from './text/visible.ts'

const linesMax = 2_000
const charsMax = 50_000

/** Text of a file, a window of lines at a time, of a PDF a window of pages; pictures as pictures. */
export const read = defineTool({
  name: 'read',
  description: 'Read a text file or PDF, or look at an image (png, jpg, gif, webp).',
  input: Type.Object(
    {
      path: Type.String({ minLength: 1, maxLength: 1_024, description: 'File in the workspace' }),
      offset: Type.Optional(Type.Integer({ minimum: 1, description: 'First line or page, from 1' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: linesMax })),
    },
    { additionalProperties: false },
  ),
  needs: ['files.read', 'documents'],
  // Where a PDF came from nobody knows.
  effects: (input) => [{ kind: 'reads-private', what: input.path }, ...(isPdf(input.path) ? [{ kind: 'reads-untrusted' as const, what: input.path }] : [])],
  summarize: (input) => {
    const from = input.offset === undefined ? '' : ` from ${isPdf(input.path) ? 'page' : 'line'} ${input.offset}`
    return `Read ${visible(input.path)}${from}${input.limit === undefined ? '' : ` (${input.limit} ${isPdf(input.path) ? 'pages' : 'lines'})`}`
  },
  async run(input, grants, signal) {
    if (/\.(?:png|jpe?g|gif|webp)$/i.test(input.path)) {
      const image = await untilAborted(() => grants['files.read'].readImage(input.path), signal)
      if (image === undefined) throw new Problem('image-unreadable', `${visible(input.path)} is not a PNG, JPEG, GIF or WebP image of at most 5 MB.`)
      return { origin: 'owner', content: [{ type: 'image', mimeType: image.mimeType, data: image.data }] }
    }
    if (isPdf(input.path)) return readPdf(grants.documents, input.path, pagesOf(input), signal)
    const file = await untilAborted(() => grants['files.read'].read(input.path), signal)
    if (file.text === '') return { content: [{ type: 'text', text: '(the file is empty)' }] }
    const all = file.text.split('\n')
    const first = input.offset ?? 1
    if (first > all.length) throw new Problem('offset-past-end', `The file has ${all.length} lines; line ${first} does not exist.`)
    const window = all.slice(first - 1, first - 1 + (input.limit ?? linesMax))
    let shown = 0
    let size = 0
    for (const line of window) {
      if (shown > 0 && size + line.length > charsMax) break
      shown += 1
      size += line.length + 1
    }
    const last = first - 1 + shown
    const text = window.slice(0, shown).join('\n')
    const cut = text.length > charsMax ? `${text.slice(0, charsMax)}\n[line ${first} goes on for ${text.length - charsMax} more characters]` : text
    const rest = last < all.length ? `\n[lines ${first}-${last} of ${all.length}; go on with offset ${last + 1}]` : ''
    return { origin: 'owner', content: [{ type: 'text', text: cut + rest }] }
  },
})

function isPdf(path: string): boolean {
  return /\.pdf$/i.test(path)
}

function pagesOf({ offset, limit }: { offset?: number; limit?: number }): { first: number; last: number } | undefined {
  return offset === undefined && limit === undefined ? undefined : { first: offset ?? 1, last: (offset ?? 1) + (limit ?? linesMax) - 1 }
}
