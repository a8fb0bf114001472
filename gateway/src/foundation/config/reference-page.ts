import type { Section } from '@moltbot/contract'
import { describeSchema, schemaNode } from './schema-walk.ts'
import type { SchemaNode } from './schema-walk.ts'
import { fits, parsePath } from './config-path.ts'
import type { ConfigPage } from './types.ts'

const reloads = {
  hot: 'takes effect at the next use',
  reconnect: 'restarts the channel it belongs to',
  restart: 'takes effect after a restart of the gateway',
}

/** The reference pages of all sections, one each, by path. Same sections, same text. */
export function configPages(sections: readonly Section[]): ConfigPage[] {
  return [...sections].sort((a, b) => (a.path < b.path ? -1 : 1)).map((section) => ({ path: section.path, title: section.title, markdown: page(section) }))
}

function page(section: Section): string {
  const rows: string[] = []
  const secrets = (section.secrets ?? []).map((path) => parsePath(path) ?? [])
  const walk = (schema: SchemaNode, path: string[], required: boolean): void => {
    const secret = secrets.some((pattern) => fits(path, pattern))
    // The entry of a map or list that is only a container says nothing that its keys don't.
    const container = schema.type === 'object' && schema.description === undefined
    if (path.length > 0 && !container) {
      const fallback = secret ? '' : schema.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(schema.default)}\``
      const what = `${schema.description ?? ''}${secret ? ' A secret: shown masked; may be `${NAME}` or `${secret:NAME}`.' : ''}`
      rows.push(`| \`${[section.path, ...path].join('.')}\` | ${cell(describeSchema(schema))} | ${cell(fallback)} | ${cell(what.trim())} |`)
    }
    const objects = [schema, ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
    for (const object of objects) {
      for (const [key, child] of Object.entries(object.properties ?? {})) walk(child, [...path, key], object.required?.includes(key) ?? false)
      for (const child of Object.values(object.patternProperties ?? {})) walk(child, [...path, '*'], false)
      if (typeof object.additionalProperties === 'object' && object.additionalProperties.type !== undefined) walk(object.additionalProperties, [...path, '*'], false)
      if (object.items?.type === 'object') walk(object.items, [...path, '[]'], false)
    }
  }
  walk(schemaNode(section.schema), [], false)
  return [
    `# \`${section.path}\``, '', `${section.title}. A change ${reloads[section.reload]}.`, '',
    '| key | value | default | what it does |', '| --- | --- | --- | --- |', ...rows, '',
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** The JSON Schema of the whole file. Secret keys carry `writeOnly`, sections that wait for the next start `x-reload`. */
export function configSchema(sections: readonly Section[]): Record<string, unknown> {
  const root: SchemaNode & { $schema: string } = {
    $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', title: 'Moltbot configuration', properties: {}, additionalProperties: true,
  }
  for (const section of [...sections].sort((a, b) => a.path.length - b.path.length)) {
    const schema = JSON.parse(JSON.stringify(section.schema)) as SchemaNode
    for (const secret of section.secrets ?? []) markSecret(schema, parsePath(secret) ?? [])
    dropRequired(schema)
    let parent: SchemaNode = root
    const steps = parsePath(section.path) ?? [section.path]
    for (const step of steps.slice(0, -1)) {
      parent.properties ??= {}
      parent = parent.properties[step] ??= { type: 'object', description: `Settings under ${step}.`, default: {}, properties: {}, additionalProperties: true }
    }
    parent.properties ??= {}
    const last = steps.at(-1) ?? section.path
    // A section that an earlier, nested one made room for keeps what is already inside.
    const inside = parent.properties[last]?.properties ?? {}
    parent.properties[last] = {
      ...schema, title: section.title, description: schema.description ?? section.title, default: schema.default ?? {},
      properties: { ...schema.properties, ...inside },
      ...(section.reload === 'restart' ? { 'x-reload': section.reload } : {}),
    }
  }
  return root as unknown as Record<string, unknown>
}

/** In the file every key with a default may be absent, whatever the type after defaults says. */
function dropRequired(schema: SchemaNode): void {
  const required = schema.required?.filter((key) => schema.properties?.[key]?.default === undefined && schema.properties?.[key]?.type !== 'object') ?? []
  if (required.length === 0) delete schema.required
  else schema.required = required
  for (const child of children(schema)) dropRequired(child)
}

function children(schema: SchemaNode): SchemaNode[] {
  return [
    ...Object.values(schema.properties ?? {}), ...Object.values(schema.patternProperties ?? {}), ...(schema.anyOf ?? []), ...(schema.allOf ?? []),
    ...(schema.items === undefined ? [] : [schema.items]), ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ]
}

function markSecret(schema: SchemaNode & { writeOnly?: boolean }, path: readonly string[]): void {
  const [step, ...rest] = path
  if (step === undefined) {
    schema.writeOnly = true
    return
  }
  for (const part of [schema, ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) {
    const named = part.properties !== undefined && Object.hasOwn(part.properties, step) ? part.properties[step] : undefined
    if (named !== undefined) markSecret(named, rest)
    else if (step === '*') {
      for (const child of Object.values(part.patternProperties ?? {})) markSecret(child, rest)
      if (typeof part.additionalProperties === 'object') markSecret(part.additionalProperties, rest)
      if (part.items !== undefined) markSecret(part.items, rest)
    }
  }
}
