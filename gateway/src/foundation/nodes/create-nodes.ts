import { describeError, nodeLimits, Problem, unreachable, type Clock, type ConfigView, type Logger, type NewId, type NodeCommand, type NodeWish, type PrincipalId } from '@moltbot/contract'
import { isNodeCommand, mayBeAsked, readGiven } from './commands.ts'
import { nodesSection } from './config.ts'
import type { AskedBy, Given, NodeAct, NodeLink, NodeRow, NodesDoor, RawAnswer, ShownPage } from './types.ts'

/** So many questions may wait at one node; a person who is asked more at once reads none of them. */
const waitingMax = 3
/** How long a page that was shown may be looked at again, and how many are kept for that. */
const shownForMs = 60 * 60_000
const shownMax = 20

export interface NodesOptions {
  config: ConfigView
  clock: Clock
  newId: NewId
  log: Logger
  /** Writes how a question ended; asked before anybody is told. Rejects where it could not: then nothing is handed on. */
  record(act: NodeAct): Promise<void>
}

interface Waiting { node: Connected; command: NodeCommand; settle(answer: RawAnswer): void }
interface Connected extends NodeLink { connectedAt: number; visible: boolean | undefined }

export function createNodes({ config, clock, newId, log, record }: NodesOptions): NodesDoor {
  const connected = new Map<string, Connected>()
  const waiting = new Map<string, Waiting>()
  const shown = new Map<string, ShownPage & { principal: PrincipalId; at: number }>()

  const commandsOf = (node: Connected): NodeCommand[] => mayBeAsked(node, config.get(nodesSection))
  const rowOf = (node: Connected): NodeRow => ({
    id: node.id, kind: node.kind, name: node.name, platform: node.platform, version: node.version, caps: [...node.caps], commands: commandsOf(node), connectedAt: node.connectedAt, visible: node.visible,
  })

  /** Keeps a page so that its one person may fetch it, and says under which address. */
  function keepPage(principal: PrincipalId, page: ShownPage): string {
    for (const [id, { at }] of shown) if (shown.size >= shownMax || clock.now() - at > shownForMs) shown.delete(id)
    const id = newId('canvas')
    shown.set(id, { ...page, principal, at: clock.now() })
    return `canvas/${encodeURIComponent(id)}`
  }

  /** What the node is told; how a page looks is fetched apart, into a frame of its own. */
  function paramsOf(principal: PrincipalId, wish: NodeWish): Record<string, unknown> {
    switch (wish.command) {
      case 'camera.snap': return { ...(wish.facing === undefined ? {} : { facing: wish.facing }), maxWidth: 1_600, format: 'jpeg' }
      case 'canvas.present': return { title: wish.title, url: keepPage(principal, { title: wish.title, html: wish.html ?? pictureHtml(wish.picture) }) }
      case 'clipboard.write': return { text: wish.text }
      case 'system.notify': return { title: wish.title, body: wish.body }
      case 'location.get': return { desiredAccuracy: 'balanced' }
      case 'clipboard.read':
      case 'file.pick': return {}
      default: return unreachable(wish)
    }
  }

  async function ask(node: Connected, request: Parameters<NodesDoor['use']>[0], signal: AbortSignal): Promise<Given> {
    const { wish, by, timeoutMs, principal } = request
    const id = newId('ask')
    let stop = (): void => undefined
    const answer = await new Promise<RawAnswer | 'silent' | 'gone' | 'called-off'>((resolve) => {
      const cancel = clock.after(timeoutMs, () => resolve('silent'))
      const goneNow = (): void => resolve('gone')
      const calledOff = (): void => resolve('called-off')
      stop = () => {
        cancel()
        node.gone.removeEventListener('abort', goneNow)
        signal.removeEventListener('abort', calledOff)
        waiting.delete(id)
      }
      node.gone.addEventListener('abort', goneNow, { once: true })
      signal.addEventListener('abort', calledOff, { once: true })
      waiting.set(id, { node, command: wish.command, settle: resolve })
      node.send('node.invoke.request', { id, nodeId: node.id, command: wish.command, paramsJSON: JSON.stringify(paramsOf(principal, wish)), timeoutMs, idempotencyKey: id, asked: askedWords(by) })
      if (signal.aborted) calledOff()
      if (node.gone.aborted) goneNow()
    }).finally(() => stop())
    if (answer === 'gone') throw new Problem('node-gone', `${node.name} disconnected before it answered.`, { next: 'Ask the person to open the page again.' })
    if (answer === 'silent' || answer === 'called-off') {
      node.send('node.invoke.cancel', { id, nodeId: node.id })
      if (answer === 'silent') throw new Problem('node-silent', `Nobody answered at ${node.name} within ${Math.round(timeoutMs / 1000)} seconds, and no answer means no.`, { next: 'Do not ask again by yourself; say what you would need.' })
      throw new Problem('node-silent', 'The question was withdrawn before anybody answered it.')
    }
    if (!answer.ok) throw refusalOf(node, answer.error?.code)
    const given = readGiven(wish.command, answer.payload)
    if (given === undefined) throw new Problem('node-answer-invalid', `What came back from ${node.name} was too large, or not what was asked for.`, { next: sizesOf(wish.command) })
    return given
  }

  return {
    connect(link) {
      // One connection is one node; a device that connects again takes its own place.
      const node: Connected = { ...link, commands: link.commands.filter(isNodeCommand), connectedAt: clock.now(), visible: undefined }
      connected.set(link.connection, node)
      link.gone.addEventListener('abort', () => connected.delete(link.connection), { once: true })
      if (link.gone.aborted) connected.delete(link.connection)
    },
    list: (principal) => [...connected.values()].filter((node) => node.principal === principal).toReversed().map(rowOf),
    async use(request, signal) {
      const { principal, wish, by } = request
      const node = [...connected.values()].findLast((each) => each.principal === principal && each.id === request.node)
      if (node === undefined) throw new Problem('node-none', 'Nothing of that name is connected.', { next: 'Look at the list of what is connected.' })
      if (!commandsOf(node).includes(wish.command)) throw new Problem('node-command-refused', `${node.name} is not asked for ${wish.command}.`, { next: 'See what it can do in the list, and gateway.nodes in the configuration.' })
      if ([...waiting.values()].filter((each) => each.node === node).length >= waitingMax) throw new Problem('node-busy', `${waitingMax} questions wait at ${node.name} already.`, { next: 'Wait until they are answered.' })
      const told = async (outcome: NodeAct['outcome'], reason: string): Promise<void> => record({ principal, node: node.id, command: wish.command, by, outcome, reason })
      let given: Given
      try {
        given = await ask(node, request, signal)
      } catch (error) {
        const isNo = error instanceof Problem && (error.code === 'node-refused' || error.code === 'node-silent')
        await told(isNo ? 'deny' : 'failed', describeError(error)).catch((cause: unknown) => log.error('A question to a node could not be recorded.', { error: describeError(cause) }))
        throw error
      }
      await told('done', 'the person allowed it')
      return given
    },
    answer(connection, answer) {
      const asked = waiting.get(answer.id)
      // Only whoever was asked answers, once, and in its own name.
      if (asked === undefined || asked.node.connection !== connection || asked.node.id !== answer.nodeId) return false
      waiting.delete(answer.id)
      asked.settle(answer)
      return true
    },
    seen(connection, visible) {
      const node = connected.get(connection)
      if (node !== undefined) node.visible = visible
    },
    shown(id, principal) {
      const page = shown.get(id)
      return page === undefined || page.principal !== principal || clock.now() - page.at > shownForMs ? undefined : { title: page.title, html: page.html }
    },
  }
}

/** Whose question it is, as the node's person is shown it. */
function askedWords(by: AskedBy): Record<string, unknown> {
  if (by.kind === 'client') return { by: 'client', name: by.name, strange: false }
  return { by: 'agent', agentId: by.agent, name: by.agentName, sessionKey: by.session, why: by.why.slice(0, nodeLimits.whyMax), strange: by.strange }
}

function pictureHtml(picture: { mimeType: string; data: string } | undefined): string {
  if (picture === undefined || !/^image\/(?:png|jpeg|gif|webp)$/.test(picture.mimeType) || !/^[A-Za-z0-9+/=]+$/.test(picture.data)) throw new Problem('node-params', 'There is nothing to show.', { next: 'Give html, or a picture.' })
  return `<!doctype html><html><head><style>html,body{margin:0;height:100%}img{display:block;max-width:100%;max-height:100%;margin:auto}</style></head><body><img alt="" src="data:${picture.mimeType};base64,${picture.data}"></body></html>`
}

function sizesOf(command: NodeCommand): string {
  switch (command) {
    case 'camera.snap': return `A photo has at most ${nodeLimits.photoBytesMax / 1_000_000} MB.`
    case 'file.pick': return `A file has at most ${nodeLimits.fileBytesMax / 1_000_000} MB.`
    case 'clipboard.read': return `At most ${nodeLimits.textMax.toLocaleString('en')} characters are taken from a clipboard.`
    default: return 'The page may be older than the gateway: reload it.'
  }
}

/** Why not, in our own words: what a node says of it is a code and nothing else. */
function refusalOf(node: NodeLink, code: string | undefined): Problem {
  switch (code) {
    case 'UNAUTHORIZED': return new Problem('node-refused', `The person said no at ${node.name}.`, { next: 'Do not try it another way; ask them what they want instead.' })
    case 'TIMEOUT': return new Problem('node-silent', `Nobody answered at ${node.name} in time, and no answer means no.`, { next: 'Do not ask again by yourself; say what you would need.' })
    case 'NODE_BACKGROUND_UNAVAILABLE': return new Problem('node-away', `Nobody looks at ${node.name} now, and it does nothing unseen.`, { next: 'Ask the person to open the page, then try again.' })
    case 'PERMISSION_MISSING':
    case 'CAMERA_DISABLED':
    case 'LOCATION_PERMISSION_REQUIRED':
    case 'LOCATION_DISABLED': return new Problem('node-failed', `${node.name} does not let this page do it.`, { next: 'The person can allow it in their browser\'s settings of the page.' })
    case 'LOCATION_TIMEOUT':
    case 'LOCATION_UNAVAILABLE': return new Problem('node-failed', `${node.name} does not know where it is.`)
    case 'TOO_LARGE': return new Problem('node-answer-invalid', `What was chosen at ${node.name} is too large.`, { next: `A file has at most ${nodeLimits.fileBytesMax / 1_000_000} MB.` })
    default: return new Problem('node-failed', `${node.name} could not do it.`)
  }
}
