import { nodeCommands, nodeLimits, Problem, type NodeCommand, type NodeWish } from '@moltbot/contract'
import Type from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { Given } from '../../foundation/nodes/types.ts'

const nothing = Type.Object({}, { additionalProperties: false })
const title = Type.String({ minLength: 1, maxLength: nodeLimits.titleMax })

/** What a client asks with, by command. Closed: who asks, why, and whether it was allowed are never the client's to say. */
const params: Record<NodeCommand, Validator> = {
  'camera.snap': Compile(Type.Object({ facing: Type.Optional(Type.Enum(['front', 'back'])) }, { additionalProperties: false })),
  'canvas.present': Compile(Type.Object({ title, html: Type.String({ minLength: 1, maxLength: nodeLimits.htmlMax }) }, { additionalProperties: false })),
  'clipboard.read': Compile(nothing),
  'clipboard.write': Compile(Type.Object({ text: Type.String({ minLength: 1, maxLength: nodeLimits.textMax }) }, { additionalProperties: false })),
  'file.pick': Compile(nothing),
  'location.get': Compile(nothing),
  'system.notify': Compile(Type.Object({ title, body: Type.Optional(Type.String({ maxLength: nodeLimits.bodyMax })) }, { additionalProperties: false })),
}

/** A client's words as a wish. Throws `Problem('node-params')` where they say too much, too little or something else. */
export function readWish(command: string, given: unknown): NodeWish {
  const known = nodeCommands.find((each) => each === command)
  if (known === undefined) throw new Problem('node-command-refused', 'node command not allowed', { details: { reason: 'unknown command', command } })
  const words = given ?? {}
  if (!params[known].Check(words)) throw new Problem('node-params', `This is not how ${known} is asked.`, { next: 'See docs/guide/nodes.md for what each command takes.' })
  return { ...(known === 'system.notify' ? { body: '' } : {}), ...(words as object), command: known } as NodeWish
}

/** What a node gave, as clients of the family read it. */
export function payloadOf(given: Given): Record<string, unknown> {
  switch (given.command) {
    case 'camera.snap': return { format: 'jpeg', base64: given.bytes.toString('base64'), width: given.width, height: given.height }
    case 'clipboard.read': return { text: given.text }
    case 'file.pick': return { name: given.name, mimeType: given.mimeType, base64: given.bytes.toString('base64') }
    case 'location.get': return { lat: given.lat, lon: given.lon, accuracyMeters: given.accuracyMeters, ...(given.altitudeMeters === undefined ? {} : { altitudeMeters: given.altitudeMeters }), timestamp: given.at, isPrecise: given.accuracyMeters <= 100 }
    default: return {}
  }
}
