import { nodeCommands, nodeLimits, type NodeCommand } from '@moltbot/contract'
import { Type, type TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { Given } from './types.ts'

const base64 = (bytesMax: number) => Type.String({ minLength: 4, maxLength: Math.ceil(bytesMax / 3) * 4, pattern: '^[A-Za-z0-9+/]+={0,2}$' })
const whole = Type.Integer({ minimum: 1, maximum: 20_000 })
const done = Type.Object({})

/** What comes back, by command. More than is named here is dropped; less, other or larger is no answer. */
const answers: Record<NodeCommand, TSchema> = {
  'camera.snap': Type.Object({ base64: base64(nodeLimits.photoBytesMax), width: whole, height: whole }),
  'canvas.present': done,
  'clipboard.read': Type.Object({ text: Type.String({ maxLength: nodeLimits.textMax }) }),
  'clipboard.write': done,
  'file.pick': Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }), mimeType: Type.String({ maxLength: 255 }), base64: base64(nodeLimits.fileBytesMax) }),
  'location.get': Type.Object({
    lat: Type.Number({ minimum: -90, maximum: 90 }), lon: Type.Number({ minimum: -180, maximum: 180 }), accuracyMeters: Type.Number({ minimum: 0, maximum: 50_000_000 }),
    altitudeMeters: Type.Optional(Type.Number({ minimum: -20_000, maximum: 1_000_000 })), timestamp: Type.Number({ minimum: 0, maximum: 8.64e15 }),
  }),
  'system.notify': done,
}

const validators = new Map<TSchema, Validator>()
function fits(schema: TSchema, value: unknown): boolean {
  let validator = validators.get(schema)
  if (validator === undefined) validators.set(schema, (validator = Compile(schema)))
  return validator.Check(value)
}

export function isNodeCommand(name: string): name is NodeCommand {
  return (nodeCommands as readonly string[]).includes(name)
}

/** What came back, in the form of its command; undefined: it has another form, or is too large. */
export function readGiven(command: NodeCommand, payload: unknown): Given | undefined {
  const value = (payload ?? {}) as Record<string, never>
  if (!fits(answers[command], value)) return undefined
  switch (command) {
    case 'camera.snap': return { command, bytes: Buffer.from(value['base64'] ?? '', 'base64'), width: value['width'] ?? 0, height: value['height'] ?? 0 }
    case 'clipboard.read': return { command, text: value['text'] ?? '' }
    case 'file.pick': return { command, name: value['name'] ?? '', mimeType: value['mimeType'] ?? '', bytes: Buffer.from(value['base64'] ?? '', 'base64') }
    case 'location.get': return { command, lat: value['lat'] ?? 0, lon: value['lon'] ?? 0, accuracyMeters: value['accuracyMeters'] ?? 0, altitudeMeters: value['altitudeMeters'], at: value['timestamp'] ?? 0 }
    default: return { command }
  }
}

const everywhere: readonly NodeCommand[] = ['canvas.present', 'location.get']
/** What a paired device is asked for without a word in the configuration, by the beginning of its platform's name. */
const ofPlatform: readonly (readonly [platform: string, commands: readonly NodeCommand[]])[] = [
  ['ios', everywhere], ['android', everywhere], ['macos', [...everywhere, 'system.notify']], ['darwin', [...everywhere, 'system.notify']], ['linux', ['system.notify']], ['windows', ['system.notify']], ['win32', ['system.notify']],
]

/** What may be asked of a node: what it declared, less what is forbidden, and of devices only what is allowed. */
export function mayBeAsked(node: { kind: 'page' | 'device'; platform: string; commands: readonly string[] }, { allowCommands, denyCommands }: { allowCommands: readonly string[]; denyCommands: readonly string[] }): NodeCommand[] {
  const platform = node.platform.toLowerCase()
  const known = node.kind === 'page' ? nodeCommands : (ofPlatform.find(([name]) => platform.startsWith(name))?.[1] ?? [])
  return nodeCommands.filter((command) => node.commands.includes(command) && !denyCommands.includes(command) && (known.includes(command) || allowCommands.includes(command)))
}
