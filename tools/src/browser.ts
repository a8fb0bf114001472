import { browserFolder, defineTool, fillsIn, Problem, siteRecipient, type Effect, type PageFile, type PageStep, type PageView } from '@moltbot/contract'
import { Type, type Static } from 'typebox'
import { fromOutside } from './text/from-outside.ts'
import { hostOf } from './text/host-of.ts'
import { needed } from './text/needed.ts'
import { untilAborted } from './text/until-aborted.ts'
import { quoted, visible } from './text/visible.ts'

const input = Type.Object(
  {
    action: Type.Enum(['open', 'snapshot', 'act', 'scroll', 'back', 'screenshot', 'pdf', 'download', 'tabs', 'tab', 'close']),
    url: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000, description: 'For open, download' })),
    new_tab: Type.Optional(Type.Boolean()),
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'The page\'s host, for act and download by ref' })),
    steps: Type.Optional(Type.Array(Type.Object({
      do: Type.Enum(['click', 'type', 'press', 'select', 'hover']),
      ref: Type.String({ minLength: 1, maxLength: 20 }),
      what: Type.String({ minLength: 1, maxLength: 300, description: 'As shown before its ref: button "Go"' }),
      text: Type.Optional(Type.String({ maxLength: 10_000 })),
    }, { additionalProperties: false }), { minItems: 1, maxItems: 20, description: 'For act; one click for download' })),
    to: Type.Optional(Type.Enum(['up', 'down', 'top', 'bottom'])),
    from: Type.Optional(Type.Integer({ minimum: 0, description: 'Where a cut snapshot goes on' })),
    whole: Type.Optional(Type.Boolean({ description: 'Screenshot of the whole page' })),
    tab: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
  },
  { additionalProperties: false },
)
type Input = Static<typeof input>

/**
 * A real browser. Following a link is opening its address, which is judged like any other; whatever is done on a page tells the page's host
 * something, and is judged as sending to it.
 */
export const browser = defineTool({
  name: 'browser',
  description: 'Use web pages in a real browser, where web_fetch is not enough. Follow links by opening their addresses; put all inputs of a form into one act.',
  input,
  needs: ['browser'],
  deadlineMs: () => 150_000,
  effects(given): Effect[] {
    const reads: Effect = { kind: 'reads-untrusted', what: given.url === undefined ? 'the open page' : visible(given.url) }
    const writes: Effect = { kind: 'writes-workspace', path: `${browserFolder}/` }
    const onlyFillsIn = given.action === 'act' && given.steps !== undefined && given.steps.every(fillsIn)
    const tells: Effect = { kind: 'sends', to: siteRecipient(given.host?.trim().toLowerCase() ?? 'nobody named'), how: onlyFillsIn ? 'fills-in' : 'acts' }
    const reaches = (): Effect => ({ kind: 'reaches-host', host: hostOf(given.url ?? ''), url: given.url ?? '' })
    switch (given.action) {
      case 'open': return [reaches(), reads]
      case 'act': return [tells, reads]
      case 'download': return [given.url === undefined ? tells : reaches(), reads, writes]
      case 'screenshot':
      case 'pdf': return [reads, writes]
      default: return [reads]
    }
  },
  summarize(given) {
    const parts = [
      ...(given.url === undefined ? [] : [given.url.length > 300 ? quoted(given.url, 300) : visible(given.url)]), ...(given.new_tab === true ? ['in a new tab'] : []), ...(given.host === undefined ? [] : [`on ${visible(given.host)}`]),
      ...(given.to === undefined ? [] : [`to ${visible(given.to)}`]), ...(given.from === undefined ? [] : [`from ${given.from}`]), ...(given.whole === true ? ['whole'] : []), ...(given.tab === undefined ? [] : [visible(given.tab)]),
    ]
    const steps = (given.steps ?? []).map(({ do: how, ref, what, text }) => `${how} ${visible(what)} (${visible(ref)})${text === undefined ? '' : `: ${quoted(text, 500)}`}`)
    return `Browser: ${[visible(given.action), ...parts].join(' ')}${steps.length === 0 ? '' : `: ${steps.join('; ')}`}`
  },
  async run(given, { browser: it }, signal) {
    const shown = (view: PageView) => outside(view.boundary, pageText(view))
    const file = (kept: PageFile) => outside(kept.boundary, `kept: ${visible(kept.path)} (${kept.bytes} bytes), from ${visible(kept.url)}`)
    switch (given.action) {
      case 'open': return shown(await untilAborted(() => it.open(needed(given.url, 'url'), { newTab: given.new_tab === true }, signal), signal))
      case 'snapshot': return shown(await untilAborted(() => it.snapshot(given.from ?? 0, signal), signal))
      case 'act': return shown(await untilAborted(async () => it.act(needed(given.host, 'host'), stepsOf(given), signal), signal))
      case 'scroll': return shown(await untilAborted(() => it.scroll(given.to ?? 'down', signal), signal))
      case 'back': return shown(await untilAborted(() => it.back(signal), signal))
      case 'screenshot': {
        const picture = await untilAborted(() => it.screenshot({ whole: given.whole === true }, signal), signal)
        const { content, ...rest } = file(picture)
        return { ...rest, content: [...content, { type: 'image' as const, mimeType: picture.mimeType, data: picture.data }] }
      }
      case 'pdf': return file(await untilAborted(() => it.pdf(signal), signal))
      case 'download': return file(await untilAborted(async () => it.download(sourceOf(given), signal), signal))
      case 'tabs': {
        const { tabs, boundary } = await untilAborted(() => it.tabs(), signal)
        return outside(boundary, tabs.length === 0 ? 'No tab is open.' : tabs.map(({ id, url, title, current }) => `${visible(id)}${current ? ' (current)' : ''} ${visible(url)}${title === '' ? '' : ` ${quoted(title, 200)}`}`).join('\n'))
      }
      case 'tab': return shown(await untilAborted(() => it.choose(needed(given.tab, 'tab'), signal), signal))
      default:
        await untilAborted(() => it.close(given.tab), signal)
        return { content: [{ type: 'text' as const, text: given.tab === undefined ? 'Every tab is closed.' : 'It is closed.' }] }
    }
  },
})

function stepsOf({ steps }: Input): PageStep[] {
  if (steps === undefined) throw new Problem('input-incomplete', 'This needs steps.', { next: 'Give steps.' })
  return steps.map(({ do: how, ref, what, text }) => ({ do: how, ref, what, ...(text === undefined ? {} : { text }) }))
}

function sourceOf(given: Input): { url: string } | { host: string; ref: string; what: string } {
  if (given.url !== undefined) return { url: given.url }
  const [step, more] = stepsOf(given)
  if (step === undefined || more !== undefined || step.do !== 'click') throw new Problem('input-incomplete', 'A download needs a url, or one click.', { next: 'Give url, or one step that clicks.' })
  return { host: needed(given.host, 'host'), ref: step.ref, what: step.what }
}

function pageText({ url, title, text, from, length, notes, tab, tabs }: PageView): string {
  const end = from + text.length
  return [
    `address: ${visible(url)}`, ...(title === '' ? [] : [`title: ${visible(title)}`]), ...(tabs < 2 ? [] : [`tab: ${visible(tab)}, one of ${tabs}`]), ...notes.map((words) => `note: ${visible(words)}`),
    '', text === '' ? '(nothing to read)' : text, ...(end < length ? [`(cut at ${end} of ${length} characters: snapshot with from ${end} goes on)`] : []),
  ].join('\n')
}

function outside(boundary: string, text: string) {
  return { origin: 'external' as const, content: [{ type: 'text' as const, text: fromOutside(boundary, text) }] }
}
