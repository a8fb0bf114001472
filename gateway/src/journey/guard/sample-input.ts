import type { Tool } from '@moltbot/contract'

const samplesMax = 32

interface Schema { type?: string; const?: unknown; enum?: unknown[]; anyOf?: Schema[]; properties?: Record<string, Schema>; required?: string[]; items?: Schema; minimum?: number; minItems?: number }

/** Inputs a tool could be called with, one for each kind of call it knows: what it needs, and nothing else. None when no made-up input fits it. */
export function sampleInputs(tool: Tool, fits: (input: Record<string, unknown>) => boolean): Record<string, unknown>[] {
  const { properties = {}, required = [] } = tool.input as Schema
  let samples: Record<string, unknown>[] = [{}]
  for (const name of required) samples = samples.flatMap((sample) => valuesOf(name, properties[name] ?? {}).map((value) => ({ ...sample, [name]: value }))).slice(0, samplesMax)
  return samples.filter(fits)
}

function valuesOf(name: string, schema: Schema): unknown[] {
  if (schema.const !== undefined) return [schema.const]
  if (schema.enum !== undefined) return schema.enum
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((each) => valuesOf(name, each))
  switch (schema.type) {
    case 'string': return [/url|address/i.test(name) ? 'https://example.com/' : 'example']
    case 'integer':
    case 'number': return [schema.minimum ?? 1]
    case 'boolean': return [false]
    case 'array': return [Array.from({ length: schema.minItems ?? 0 }, () => valuesOf(name, schema.items ?? {})[0])]
    default: return [{}]
  }
}
