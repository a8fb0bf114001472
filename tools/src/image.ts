import { defineTool, Problem, type Effect } from '@moltbot/contract'
import { Type, type Static } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { hostOf } from './text/host-of.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const input = Type.Object(
  { url: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })), path: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, description: 'Instead of url: in the workspace' })) },
  { additionalProperties: false },
)

/** A picture of the web or of the workspace, for the model to look at. Whatever is written on it was written by anybody, so it counts as from outside. */
export const image = defineTool({
  name: 'image',
  description: 'Look at a picture (png, jpg, gif, webp) of the web.',
  input,
  needs: ['web', 'files.read'],
  effects({ url, path }): Effect[] {
    return [
      ...(url === undefined ? [] : [{ kind: 'reaches-host' as const, host: hostOf(url), url }]), ...(path === undefined ? [] : [{ kind: 'reads-private' as const, what: path }]),
      { kind: 'reads-untrusted', what: visible(url ?? path ?? 'no picture') },
    ]
  },
  summarize: (given) => `Look at ${given.url === undefined ? visible(given.path ?? 'no picture') : given.url.length > 300 ? quoted(given.url, 300) : visible(given.url)}`,
  async run(given, grants, signal) {
    const { url, path } = oneOf(given)
    if (url !== undefined) {
      const found = await untilAborted(() => grants.web.picture(url, signal), signal)
      return { origin: 'external', content: [{ type: 'text', text: fromOutside(found.boundary, `a picture from ${visible(found.url)}`) }, { type: 'image', mimeType: found.mimeType, data: found.data }] }
    }
    const found = await untilAborted(() => grants['files.read'].readImage(path), signal)
    if (found === undefined) throw new Problem('image-unreadable', `${visible(path)} is not a PNG, JPEG, GIF or WebP image of at most 5 MB.`)
    return { origin: 'external', content: [{ type: 'image', mimeType: found.mimeType, data: found.data }] }
  },
})

function oneOf({ url, path }: Static<typeof input>): { url: string; path?: never } | { url?: never; path: string } {
  if (url !== undefined && path === undefined) return { url }
  if (path !== undefined && url === undefined) return { path }
  throw new Problem('input-incomplete', 'This needs either url or path.', { next: 'Give one of them.' })
}
