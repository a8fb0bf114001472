import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

interface Hint { label: string; help?: string; sensitive?: true; restart?: true }

export const configSchema = defineMethod({
  name: 'config.schema',
  scope: 'operator.read',
  summary: 'The JSON Schema of the whole configuration file, with hints for a settings form.',
  params: open({}),
  result: Type.Object({
    schema: Type.Record(Type.String(), Type.Unknown()),
    uiHints: Type.Record(Type.String(), Type.Object({ label: Type.String(), help: Type.Optional(Type.String()), sensitive: Type.Optional(Type.Literal(true)), restart: Type.Optional(Type.Literal(true)) })),
    version: Type.String(),
    generatedAt: Type.String(),
  }),
  async handle(_params, rooms) {
    const schema = rooms.config.schema()
    const uiHints: Record<string, Hint> = {}
    collectHints(schema, '', uiHints, 0)
    return { schema, uiHints, version: rooms.version, generatedAt: new Date(rooms.clock.now()).toISOString() }
  },
})

const depthMax = 12
const sensitiveNames = /(token|secret|password|apikey|api_key|privatekey)$/i
/** How the help of a key says that a running gateway does not follow it. */
const nextStart = /\bnext start\b/i

function collectHints(schema: unknown, path: string, hints: Record<string, Hint>, depth: number): void {
  if (!isTree(schema) || depth > depthMax) return
  for (const [name, child] of Object.entries(isTree(schema['properties']) ? schema['properties'] : {})) {
    const at = path === '' ? name : `${path}.${name}`
    const help = isTree(child) && typeof child['description'] === 'string' ? child['description'] : undefined
    hints[at] = { label: inWords(name), ...(help === undefined ? {} : { help }), ...(isSecret(name, child) ? { sensitive: true as const } : {}), ...(waits(child, help) ? { restart: true as const } : {}) }
    collectHints(child, at, hints, depth + 1)
  }
  for (const child of [schema['additionalProperties'], ...Object.values(isTree(schema['patternProperties']) ? schema['patternProperties'] : {})]) collectHints(child, path === '' ? '*' : `${path}.*`, hints, depth + 1)
}

function isSecret(name: string, schema: unknown): boolean {
  return (isTree(schema) && schema['writeOnly'] === true) || sensitiveNames.test(name)
}

/** Whether a change waits for the next start: the whole section's does, or the help of the key says so. */
function waits(schema: unknown, help: string | undefined): boolean {
  return (isTree(schema) && schema['x-reload'] === 'restart') || nextStart.test(help ?? '')
}

/** `dmPolicy` → `Dm policy`. */
function inWords(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
