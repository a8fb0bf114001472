/** What the tool `nodes` is handed: one person's own pages, what to ask them in whose name, and what came back as a model can read it. */
import { bringsStrange, Problem, type Attachment, type Charge, type ImagePart, type IncomingMessage, type NewId, type NodeAnswer, type NodeLine, type NodeWish, type Nodes, type Principal, type PrincipalId, type TextPart } from '@moltbot/contract'
import type { Agents } from './foundation/agents/index.ts'
import type { FilesTaken, Media } from './foundation/media/index.ts'
import type { Given, NodeRow, NodesDoor } from './foundation/nodes/index.ts'
import type { Guard } from './journey/guard/index.ts'
import type { GrantSubject } from './journey/sandbox/index.ts'
import { isElevated } from './elevated.ts'

/** How long a person has to answer. */
const answerMs = 120_000

export interface NodeDeskNeeds {
  nodes: NodesDoor
  media: Pick<Media, 'read'>
  taken: Pick<FilesTaken, 'kindOf'>
  guard: Pick<Guard, 'principal'>
  agents: Pick<Agents, 'get'>
  newId: NewId
  now(): number
  random(bytes: number): Buffer
}

/** The grant of one turn. Pages alone are asked: they ask their person themselves, which a paired device may not. */
export function createNodeDesk(needs: NodeDeskNeeds): (subject: GrantSubject) => Nodes {
  const pagesOf = (principal: PrincipalId): NodeRow[] => needs.nodes.list(principal).filter(({ kind }) => kind === 'page')

  function chosen(principal: PrincipalId, wish: NodeWish, node: string | undefined): NodeRow {
    const able = pagesOf(principal).filter(({ commands }) => commands.includes(wish.command))
    const named = node === undefined ? able : able.filter(({ id }) => id === node)
    // Where somebody looks is where a question is seen.
    const best = named.length > 1 && node === undefined ? named.filter(({ visible }) => visible === true) : named
    const [first, ...more] = best.length > 0 ? best : named
    if (first === undefined) throw new Problem('node-none', node === undefined ? 'No page of this person that could do this is open.' : 'No page of that name that could do this is open.', { next: 'Ask the person to open the page of this gateway in a browser that can.' })
    if (more.length > 0) throw new Problem('node-which', `${more.length + 1} pages could do this.`, { next: 'Look at the list, and name one as node.' })
    return first
  }

  return (subject) => ({
    list: async (): Promise<NodeLine[]> => pagesOf(subject.principal).map(({ id, name, commands, visible }) => ({ id, name, commands, ...(visible === undefined ? {} : { visible }) })),
    async use(wish, { node, why }, signal): Promise<NodeAnswer> {
      const page = chosen(subject.principal, wish, node)
      const given = await needs.nodes.use({
        principal: subject.principal, node: page.id, wish, timeoutMs: answerMs,
        by: { kind: 'agent', agent: subject.agent, agentName: needs.agents.get(subject.agent).name, session: subject.session, why, strange: subject.label?.tainted() !== false },
      }, signal)
      if (bringsStrange(wish.command)) subject.label?.tookStrange()
      return { from: page.name, content: await contentOf(given, subject), boundary: needs.random(8).toString('hex') }
    },
  })

  async function contentOf(given: Given, subject: GrantSubject): Promise<(TextPart | ImagePart)[]> {
    switch (given.command) {
      case 'camera.snap': return fileParts({ kind: 'image', fileName: 'photo.jpg', sizeBytes: given.bytes.length, data: given.bytes.toString('base64') }, subject)
      case 'file.pick': {
        const kind = needs.taken.kindOf(given.bytes, { name: given.name, mimeType: given.mimeType, sound: given.mimeType.startsWith('audio/') })
        return fileParts({ kind: kind === 'sound' ? 'audio' : kind === 'image' ? 'image' : 'document', fileName: given.name, mimeType: given.mimeType, sizeBytes: given.bytes.length, data: given.bytes.toString('base64') }, subject)
      }
      case 'clipboard.read': return [words(given.text === '' ? '(the clipboard holds no text)' : given.text)]
      case 'location.get': return [words(locationWords(given))]
      default: return [words('Done: the person allowed it.')]
    }
  }

  /** By the way of every file that comes with a message: what it is says its content, and what cannot be read is only named. */
  async function fileParts(attachment: Attachment, subject: GrantSubject): Promise<(TextPart | ImagePart)[]> {
    const principal: Principal = (await needs.guard.principal(subject.principal)) ?? { id: subject.principal, role: 'guest' }
    if (subject.conversation === undefined) throw new Problem('node-failed', 'A file is taken in a conversation only.')
    const { chat, turn } = subject.conversation
    const message: IncomingMessage = { id: needs.newId('given') as IncomingMessage['id'], chat, sender: { id: subject.principal as never }, sentAt: needs.now(), text: '', attachments: [attachment], mentioned: 'yes' }
    const charge: Charge = { principal: subject.principal, agent: subject.agent, channel: chat.channel, session: subject.session, turn, privy: isElevated(principal) }
    const read = (await needs.media.read(message, principal, charge)) ?? message
    return read.attachments.flatMap((each): (TextPart | ImagePart)[] => {
      const name = `${each.fileName ?? 'a file'} (${each.sizeBytes ?? attachment.sizeBytes ?? 0} bytes)`
      if (each.kind === 'image' && each.data !== undefined && each.mimeType?.startsWith('image/') === true) return [words(name), { type: 'image', mimeType: each.mimeType, data: each.data }]
      if (each.reading !== undefined) return [words(`${name}\n\n${each.reading.text}${each.reading.truncated ? '\n[there was more]' : ''}`)]
      return [words(`${name}: it is no picture, and nothing here can read it.`)]
    })
  }
}

function locationWords({ lat, lon, accuracyMeters, altitudeMeters, at }: Extract<Given, { command: 'location.get' }>): string {
  return `latitude ${lat}, longitude ${lon}, within ${Math.round(accuracyMeters)} m${altitudeMeters === undefined ? '' : `, ${Math.round(altitudeMeters)} m up`}, at ${new Date(at).toISOString()}`
}

const words = (text: string): TextPart => ({ type: 'text', text })
