import type { ImagePart, TextPart } from './model.ts'

/** What something of a person's own (a page in a browser, a telephone) can do for them, by the names of the wire. What is not here is asked of nobody. */
export const nodeCommands = ['camera.snap', 'canvas.present', 'clipboard.read', 'clipboard.write', 'file.pick', 'location.get', 'system.notify'] as const
export type NodeCommand = (typeof nodeCommands)[number]

/** Whether what comes back holds words or pictures that anybody may have made. */
export function bringsStrange(command: NodeCommand): boolean {
  return command === 'camera.snap' || command === 'clipboard.read' || command === 'file.pick'
}

/** One that is connected now. */
export interface NodeLine {
  id: string
  /** As it calls itself; shown to people, never used to decide anything. */
  name: string
  /** Somebody looks at it. Absent: nobody knows. */
  visible?: boolean
  commands: NodeCommand[]
}

/** The most of what goes to a node and comes back. Sizes in bytes before base64. */
export const nodeLimits = { textMax: 100_000, titleMax: 120, bodyMax: 1_000, htmlMax: 262_144, photoBytesMax: 4_000_000, fileBytesMax: 5_000_000, whyMax: 300 } as const

/** What is asked of a node. `picture`: in place of `html`. */
export type NodeWish =
  | { command: 'camera.snap'; facing?: 'front' | 'back' }
  | { command: 'canvas.present'; title: string; html?: string; picture?: { mimeType: string; data: string } }
  | { command: 'clipboard.read' }
  | { command: 'clipboard.write'; text: string }
  | { command: 'file.pick' }
  | { command: 'location.get' }
  | { command: 'system.notify'; title: string; body: string }

/** What came back, for a model. */
export interface NodeAnswer {
  /** The node's name. */
  from: string
  content: (TextPart | ImagePart)[]
  /** What to set around texts that anybody may have made. Random for every call. */
  boundary: string
}

/**
 * The grant `nodes`: what is connected of this person's own, and nobody else's. Each `use` is decided by the person, at the node itself. Rejects with a
 * `Problem`: `node-none` (nothing is connected that can do it), `node-which` (several are), `node-refused`, `node-silent` (nobody answered; that
 * means no), `node-away` (nobody looks at it), `node-gone`, `node-failed`, `node-answer-invalid`, `node-busy`.
 */
export interface Nodes {
  list(): Promise<NodeLine[]>
  /** `node`: an id of the list; absent: the one that can. `why`: for the person, in the agent's words. Withdrawn when `signal` aborts. */
  use(wish: NodeWish, how: { node?: string; why: string }, signal: AbortSignal): Promise<NodeAnswer>
}
