import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

interface Hint { label: string; help?: string; sensitive?: true }

export const configSchema = defineMethod({
  name: 'config.schema',
  scope: 'operator.read',
  summary: 'The JSON Schema of the whole configuration file, with hints for a settings form.',
  params: open({}),
  result: Type.Object({
    schema: Type.Record(Type.String(), Type.Unknown()),
    uiHints: Type.Record(Type.String(), Type.Object({ label: Type.String(), help: Type.Optional(Type.String()), sensitive: Type.Optional(Type.Literal(true)) })),
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

function collectHints(schema: unknown, path: string, hints: Record<string, Hint>, depth: number): void {
  if (!isTree(schema) || depth > depthMax) return
  for (const [name, child] of Object.entries(isTree(schema['properties']) ? schema['properties'] : {})) {
    const at = path === '' ? name : `${path}.${name}`
    const help = isTree(child) && typeof child['description'] === 'string' ? child['description'] : undefined
    hints[at] = { label: inWords(name), ...(help === undefined ? {} : { help }), ...(sensitiveNames.test(name) ? { sensitive: true as const } : {}) }
    collectHints(child, at, hints, depth + 1)
  }
  for (const child of [schema['additionalProperties'], ...Object.values(isTree(schema['patternProperties']) ? schema['patternProperties'] : {})]) collectHints(child, path === '' ? '*' : `${path}.*`, hints, depth + 1)
}

/** `dmPolicy` → `Dm policy`. */
function inWords(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
