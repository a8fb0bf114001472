import type { TSchema } from 'typebox'
import Value from 'typebox/value'
import { setOwn } from './json5-document.ts'

/** The part of JSON Schema that section schemas are made of. */
export interface SchemaNode {
  type?: string
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  anyOf?: SchemaNode[]
  allOf?: SchemaNode[]
  properties?: Record<string, SchemaNode>
  required?: string[]
  patternProperties?: Record<string, SchemaNode>
  additionalProperties?: boolean | SchemaNode
  items?: SchemaNode
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  multipleOf?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
  minItems?: number
  maxItems?: number
  /** On a section whose changes wait for the next start. */
  'x-reload'?: 'restart'
  /** What fits, in words, where the pattern says it to nobody. */
  'x-words'?: string
}

export type Steps = readonly (string | number)[]
type PlainObject = Record<string, unknown>

export function schemaNode(schema: TSchema): SchemaNode {
  return schema as unknown as SchemaNode
}

export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isValid(schema: SchemaNode, value: unknown): boolean {
  return Value.Check(schema as unknown as TSchema, value)
}

/** The schemas that say something about the value under `key` of an object of this schema. */
function childSchemas(schema: SchemaNode, key: string): SchemaNode[] {
  const own = schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
  if (own !== undefined) return [own]
  const patterns = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern, 'u').test(key)).map(([, child]) => child)
  if (patterns.length > 0) return patterns
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
}

/**
 * A copy with the schema's defaults filled in at every depth. `Value.Default` of the schema library stops at maps and at
 * objects that are absent themselves, and a section must be complete when all its keys are absent.
 */
export function applyDefaults(schema: SchemaNode, value: unknown, required = true): unknown {
  if (value === undefined) {
    if (schema.default !== undefined) value = structuredClone(schema.default)
    else if (schema.type === 'object' && required) value = {}
    else return undefined
  }
  for (const part of schema.allOf ?? []) value = applyDefaults(part, value)
  for (const branch of schema.anyOf ?? []) {
    const filled = applyDefaults(branch, value)
    if (isValid(branch, filled)) return filled
  }
  if (Array.isArray(value)) return value.map((entry) => (schema.items === undefined ? structuredClone(entry) : applyDefaults(schema.items, entry)))
  if (!isPlainObject(value)) return value
  const filled: PlainObject = {}
  for (const [key, inner] of Object.entries(value)) {
    const child = childSchemas(schema, key)[0]
    setOwn(filled, key, child === undefined ? structuredClone(inner) : applyDefaults(child, inner))
  }
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, key)) continue
    const inner = applyDefaults(child, undefined, schema.required?.includes(key) ?? false)
    if (inner !== undefined) setOwn(filled, key, inner)
  }
  return filled
}

/** Keys that no part of the schema knows, with the names that are known in their place. */
export function unknownKeys(schema: SchemaNode, value: unknown, at: Steps = []): { path: Steps; known: string[] }[] {
  const shapes = flatten(schema)
  if (shapes.some(acceptsAll)) return []
  if (Array.isArray(value)) {
    const items = shapes.flatMap((shape) => (shape.items === undefined ? [] : [shape.items]))
    return items.length === 0 ? [] : value.flatMap((entry, position) => unknownKeys({ anyOf: items }, entry, [...at, position]))
  }
  if (!isPlainObject(value)) return []
  const objects = shapes.filter((shape) => shape.type === 'object')
  if (objects.length === 0) return []
  const known = objects.flatMap((shape) => Object.keys(shape.properties ?? {}))
  return Object.entries(value).flatMap(([key, inner]) => {
    const children = objects.flatMap((shape) => childSchemas(shape, key))
    if (children.length > 0) return unknownKeys({ anyOf: children }, inner, [...at, key])
    return objects.some((shape) => shape.additionalProperties === true) ? [] : [{ path: [...at, key], known }]
  })
}

function flatten(schema: SchemaNode): SchemaNode[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
  return inner.length === 0 ? [schema] : inner.flatMap(flatten)
}

function acceptsAll(schema: SchemaNode): boolean {
  return schema.type === undefined && schema.const === undefined && schema.enum === undefined
}

/** Where a value does not fit, as deep as it can be told, and what would fit there. Empty: it fits. */
export function mismatches(schema: SchemaNode, value: unknown, at: Steps = []): { path: Steps; expected: string }[] {
  if (isValid(schema, value)) return []
  const inner: { path: Steps; expected: string }[] = []
  if (schema.anyOf !== undefined) {
    const sameKind = schema.anyOf.filter((branch) => (branch.type === 'object' && isPlainObject(value)) || (branch.type === 'array' && Array.isArray(value)))
    if (sameKind.length === 1 && sameKind[0] !== undefined) inner.push(...mismatches(sameKind[0], value, at))
  } else if (schema.allOf !== undefined) {
    for (const part of schema.allOf) inner.push(...mismatches(part, value, at))
  } else if (schema.type === 'object' && isPlainObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      for (const childSchema of childSchemas(schema, key)) inner.push(...mismatches(childSchema, child, [...at, key]))
    }
    for (const key of schema.required ?? []) {
      if (!Object.hasOwn(value, key)) inner.push({ path: [...at, key], expected: describeSchema(schema.properties?.[key] ?? {}) })
    }
  } else if (schema.type === 'array' && Array.isArray(value) && schema.items !== undefined) {
    for (const [position, entry] of value.entries()) inner.push(...mismatches(schema.items, entry, [...at, position]))
  }
  return inner.length > 0 ? inner : [{ path: at, expected: describeSchema(schema) }]
}

/** What a schema accepts, in words: `a whole number from 1 to 65535`, `"a" or "b"`. */
export function describeSchema(schema: SchemaNode): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return alternatives(schema.enum.map((each) => JSON.stringify(each)))
  if (schema.anyOf !== undefined) return alternatives([...new Set(schema.anyOf.map(describeSchema))])
  if (schema.allOf !== undefined) return schema.allOf.map(describeSchema).join(' and ')
  switch (schema.type) {
    case 'integer': return `a whole number${bounds(schema)}`
    case 'number': return `a number${bounds(schema)}`
    case 'boolean': return 'true or false'
    case 'null': return 'null'
    case 'string': return describeText(schema)
    case 'array': {
      const size = schema.minItems !== undefined && schema.minItems > 0 ? ` with at least ${schema.minItems} of them` : schema.maxItems !== undefined ? ` with at most ${schema.maxItems} of them` : ''
      return schema.items === undefined || acceptsAll(flatten(schema.items)[0] ?? {}) ? `a list${size}` : `a list, each ${describeSchema(schema.items)}${size === '' ? '' : `,${size}`}`
    }
    case 'object': return 'an object { … }'
    default: return 'another value'
  }
}

function describeText(schema: SchemaNode): string {
  if (schema['x-words'] !== undefined) return schema['x-words']
  if (schema.pattern !== undefined) return `text that fits /${schema.pattern}/`
  if (schema.format !== undefined) return `text in the form of a ${schema.format}`
  if (schema.maxLength !== undefined) return `text of ${schema.minLength ?? 0} to ${schema.maxLength} characters`
  if (schema.minLength === undefined || schema.minLength === 0) return 'text'
  return schema.minLength === 1 ? 'text that is not empty' : `text of at least ${schema.minLength} characters`
}

function bounds(schema: SchemaNode): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  const parts: string[] = []
  if (minimum !== undefined && maximum !== undefined) parts.push(`from ${minimum} to ${maximum}`)
  else if (minimum !== undefined) parts.push(`of at least ${minimum}`)
  else if (maximum !== undefined) parts.push(`of at most ${maximum}`)
  if (exclusiveMinimum !== undefined) parts.push(`above ${exclusiveMinimum}`)
  if (exclusiveMaximum !== undefined) parts.push(`below ${exclusiveMaximum}`)
  if (schema.multipleOf !== undefined) parts.push(`that is a multiple of ${schema.multipleOf}`)
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`
}

function alternatives(words: string[]): string {
  return words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
