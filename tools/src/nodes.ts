import { bringsStrange, defineTool, nodeLimits, Problem, type Effect, type NodeCommand, type NodeWish, type TextPart } from '@moltbot/contract'
import { Type, type Static } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { needed } from './text/needed.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const commands = { photo: 'camera.snap', location: 'location.get', notify: 'system.notify', clipboard_read: 'clipboard.read', clipboard_write: 'clipboard.write', pick_file: 'file.pick', show: 'canvas.present' } as const satisfies Record<string, NodeCommand>
type Doing = keyof typeof commands
const doings = Object.keys(commands) as Doing[]

const input = Type.Object(
  {
    action: Type.Enum(['list', ...doings]),
    why: Type.Optional(Type.String({ minLength: 1, maxLength: nodeLimits.whyMax, description: 'for the person; needed but for list' })),
    node: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    title: Type.Optional(Type.String({ minLength: 1, maxLength: nodeLimits.titleMax })),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: nodeLimits.htmlMax, description: 'show: HTML without scripts' })),
    path: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, description: 'show: a picture instead' })),
    facing: Type.Optional(Type.Enum(['front', 'back'])),
  },
  { additionalProperties: false },
)
type Input = Static<typeof input>

/** What each does, as people read it in a question and in the record. */
const deeds: Record<Doing, string> = {
  photo: 'the camera of a page that is open', location: 'where a page that is open says it is', notify: 'a notification on a device', clipboard_read: 'what is in the clipboard of a device', clipboard_write: 'the clipboard of a device',
  pick_file: 'a file the person chooses', show: 'a page that is open, to show something',
}

/** Pages the person has open, and what their browser can do. The person decides at the page, each time or for a while. */
export const nodes = defineTool({
  name: 'nodes',
  description: 'What this person\'s open pages can do, if they allow it there.',
  input,
  needs: ['nodes', 'files.read'],
  deadlineMs: () => 150_000,
  effects({ action, node, path }): Effect[] {
    if (action === 'list') return [{ kind: 'reads-private', what: 'which pages are open' }]
    const what = `${deeds[action as Doing] ?? 'a device'}${node === undefined ? '' : ` (${visible(node)})`}`
    const effects: Effect[] = [{ kind: 'uses-device', what }]
    if (action === 'location') effects.push({ kind: 'reads-private', what: 'where the person is' })
    if (bringsStrange(commands[action as Doing])) effects.push({ kind: 'reads-private', what }, { kind: 'reads-untrusted', what })
    if (path !== undefined) effects.push({ kind: 'reads-private', what: path })
    return effects
  },
  summarize(given) {
    const { action, why, node, title, text, path, facing } = given
    const parts = [
      ...(facing === undefined ? [] : [visible(facing)]), ...(title === undefined ? [] : [`title ${quoted(title, 200)}`]), ...(text === undefined ? [] : [quoted(text, 4_000)]), ...(path === undefined ? [] : [visible(path)]),
      ...(node === undefined ? [] : [`at ${visible(node)}`]), ...(why === undefined ? [] : [`because ${quoted(why, nodeLimits.whyMax)}`]),
    ]
    const deed = action === 'list' ? 'which pages are open' : (deeds[action as Doing] ?? 'a device')
    return `Use ${visible(action)} (${deed})${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`
  },
  async run(given, grants, signal) {
    if (given.action === 'list') {
      const all = await untilAborted(() => grants.nodes.list(), signal)
      if (all.length === 0) return { content: [say('No page of this person is open.')] }
      const can = (known: readonly NodeCommand[]): string => doings.filter((doing) => known.includes(commands[doing])).join(', ')
      return { content: [say(all.map(({ id, name, visible: seen, commands: known }) => `${visible(id)}: ${visible(name)}${seen === false ? ', in the background' : ''}; ${can(known)}`).join('\n'))] }
    }
    const action = given.action as Doing
    const why = needed(given.why, 'why')
    const wish = await wishOf(action, given, async (path) => untilAborted(() => grants['files.read'].readImage(path), signal))
    const { from, content, boundary } = await untilAborted(() => grants.nodes.use(wish, { ...(given.node === undefined ? {} : { node: given.node }), why }, signal), signal)
    if (!bringsStrange(wish.command)) return { content }
    return { origin: 'external', content: content.map((part) => (part.type === 'text' ? say(fromOutside(boundary, `${visible(from)}: ${part.text}`)) : part)) }
  },
})

async function wishOf(action: Doing, given: Input, readImage: (path: string) => Promise<{ mimeType: string; data: string } | undefined>): Promise<NodeWish> {
  const command = commands[action]
  switch (command) {
    case 'camera.snap': return { command, ...(given.facing === undefined ? {} : { facing: given.facing as 'front' | 'back' }) }
    case 'clipboard.write': return { command, text: within(needed(given.text, 'text'), nodeLimits.textMax) }
    case 'system.notify': return { command, title: needed(given.title, 'title'), body: within(given.text ?? '', nodeLimits.bodyMax) }
    case 'canvas.present': {
      const title = given.title ?? 'Shown by your assistant'
      if (given.path === undefined) return { command, title, html: needed(given.text, 'text or path') }
      const picture = await readImage(given.path)
      if (picture === undefined) throw new Problem('image-unreadable', `${visible(given.path)} is not a PNG, JPEG, GIF or WebP image of at most 5 MB.`)
      return { command, title, picture }
    }
    default: return { command }
  }
}

function within(text: string, max: number): string {
  if (text.length > max) throw new Problem('input-incomplete', `This takes at most ${max} characters.`, { next: 'Say it shorter.' })
  return text
}

const say = (text: string): TextPart => ({ type: 'text', text })
