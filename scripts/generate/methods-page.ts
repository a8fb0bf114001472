import { code, opening, table } from './markdown.ts'
import type { JsonSchema, Product } from './load-product.ts'

/** Every method of the WebSocket protocol: who may call it, with what. */
export function methodsPage({ methods }: Product): string {
  const sorted = [...methods].sort((a, b) => (a.name < b.name ? -1 : 1))
  const parts = [
    opening(
      'Methods of the gateway', 'Requests over the WebSocket at the gateway\'s port: `{ type: "req", id, method, params }`. `operator.admin` covers every operator scope, `operator.write` covers `operator.read`. From a shell: `moltbot gateway call <method> --params \'{…}\'`.',
    ),
    table(['method', 'scope', 'what it does'], sorted.map(({ name, scope, summary }) => [`[${code(name)}](#${name.replaceAll('.', '').toLowerCase()})`, scope, summary])), '', '## Parameters', '',
  ]
  for (const { name, params } of sorted) {
    parts.push(`### ${name}`, '', paramsTable(params), '')
  }
  return `${parts.join('\n').trimEnd()}\n`
}

function paramsTable(params: JsonSchema): string {
  const all = objectParts(params)
  const rows = new Map<string, string[]>()
  for (const { properties = {}, required = [] } of all) {
    for (const [key, schema] of Object.entries(properties)) {
      if (isUnknown(schema)) continue
      rows.set(key, [code(key), shape(schema), all.length === 1 && required.includes(key) ? 'yes' : '', schema.description ?? ''])
    }
  }
  if (rows.size === 0) return 'No parameters.'
  const ignored = [...new Set(all.flatMap(({ properties = {} }) => Object.entries(properties).filter(([, schema]) => isUnknown(schema)).map(([key]) => key)))].filter((key) => !rows.has(key))
  const described = [...rows.values()].some((row) => row[3] !== '')
  const heads = ['parameter', 'value', 'required', ...(described ? ['what it does'] : [])]
  return `${table(heads, [...rows.values()].map((row) => row.slice(0, heads.length)))}${ignored.length === 0 ? '' : `\n\nAccepted as they are: ${ignored.map(code).join(', ')}.`}`
}

function objectParts(schema: JsonSchema): JsonSchema[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
  return inner.length === 0 ? [schema] : inner.flatMap(objectParts)
}

function isUnknown(schema: JsonSchema): boolean {
  return schema.type === undefined && schema.const === undefined && schema.enum === undefined && schema.anyOf === undefined && schema.allOf === undefined
}

/** A schema in a few characters: `"a" or "b"`, `list of string`. */
function shape(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const))
  if (schema.enum !== undefined) return schema.enum.map((each) => code(JSON.stringify(each))).join(' or ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(shape))].join(' or ')
  if (schema.allOf !== undefined) return [...new Set(schema.allOf.map(shape))].join(' and ')
  switch (schema.type) {
    case 'integer': return 'whole number'
    case 'boolean': return 'true or false'
    case 'array': return schema.items === undefined ? 'list' : `list of ${shape(schema.items)}`
    case 'object': {
      const keys = Object.keys(schema.properties ?? {})
      return keys.length === 0 ? 'object' : `object with ${keys.map(code).join(', ')}`
    }
    default: return schema.type ?? 'anything'
  }
}
