import { defineTool, Problem, type Effect, type FileReader } from '@moltbot/contract'
import { Type } from 'typebox'
import { parsePatch, placeHunks, type FilePatch } from './text/patch.ts'
import { writingEffects } from './text/prompt-files.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

/** Several changes to several files, all or none. */
export const applyPatch = defineTool({
  name: 'apply_patch',
  aliases: ['patch'],
  description: 'Change files by a patch: "*** Begin Patch", then "*** Add File: p" (+lines), "*** Update File: p" (@@, context, -, + lines), "*** End Patch". Unified diffs work too. All or nothing.',
  input: Type.Object({ patch: Type.String({ minLength: 1, maxLength: 2_000_000, description: 'The whole patch' }) }, { additionalProperties: false }),
  needs: ['files.read', 'files.write'],
  effects(input): Effect[] {
    const files = readable(input.patch)
    // What cannot be understood changes nothing; it is judged as a change of the workspace all the same.
    if (files === undefined) return [{ kind: 'writes-workspace', path: '.' }]
    return files.flatMap(({ path }) => [{ kind: 'reads-private' as const, what: path }, ...writingEffects(path)])
  },
  summarize(input) {
    const files = readable(input.patch)
    if (files === undefined) return `Apply a patch: ${quoted(input.patch, 500)}`
    return `Change ${files.map(({ path, kind }) => `${visible(path)} (${kind === 'add' ? 'new' : 'update'})`).join(', ')}: ${quoted(input.patch, 2_000)}`
  },
  async run(input, grants, signal) {
    const files = parsePatch(input.patch)
    const reader = grants['files.read']
    // Everything is worked out before anything is written.
    const changes: { path: string; text: string; modifiedAt: number | undefined; before: string | undefined }[] = []
    for (const file of files) changes.push(await untilAborted(() => change(reader, file), signal))
    const done: typeof changes = []
    try {
      for (const each of changes) {
        await untilAborted(() => grants['files.write'].write(each.path, each.text, each.modifiedAt === undefined ? {} : { onlyIfModifiedAt: each.modifiedAt }), signal)
        done.push(each)
      }
    } catch (error) {
      // A patch is whole or not at all: what was written is written back. A file that was new cannot be taken away, only emptied.
      for (const each of done.reverse()) await grants['files.write'].write(each.path, each.before ?? '')
      const left = done.filter(({ before }) => before === undefined).map(({ path }) => visible(path))
      const cause = error instanceof Error ? error.message : String(error)
      throw new Problem('patch-not-applied', `Nothing was changed${left.length === 0 ? '' : ` (${left.join(', ')} remained, empty)`}: ${cause}`, { cause: error, next: 'Read the files again and make a new patch.' })
    }
    return { content: [{ type: 'text', text: changes.map(({ path, before }) => `${before === undefined ? 'Created' : 'Changed'} ${visible(path)}.`).join('\n') }] }
  },
})

async function change(reader: FileReader, file: FilePatch): Promise<{ path: string; text: string; modifiedAt: number | undefined; before: string | undefined }> {
  if (file.kind === 'add') {
    if (await exists(reader, file.path)) throw new Problem('file-exists', `${visible(file.path)} exists already.`, { next: 'Update it instead of adding it.' })
    return { path: file.path, text: file.text, modifiedAt: undefined, before: undefined }
  }
  const { text, modifiedAt } = await reader.read(file.path)
  return { path: file.path, text: placeHunks(text, file), modifiedAt, before: text }
}

async function exists(reader: FileReader, path: string): Promise<boolean> {
  try {
    await reader.read(path)
    return true
  } catch (error) {
    if (error instanceof Problem && error.code === 'file-missing') return false
    throw error
  }
}

function readable(patch: string): FilePatch[] | undefined {
  try {
    return parsePatch(patch)
  } catch {
    // Said when it is applied.
    return undefined
  }
}
