import { fields, list, words } from '../wire.ts'

/** What a place in the configuration may hold, as far as a form can offer it. */
export type Shape =
  | { kind: 'yes-no' }
  | { kind: 'choice'; options: readonly (string | number | boolean)[] }
  | { kind: 'number'; least: number | undefined; most: number | undefined }
  | { kind: 'words' }
  /** A list of words or numbers, one a line. */
  | { kind: 'lines'; numbers: boolean }
  /** Named keys; `others`: what further keys of the person's choice may hold. */
  | { kind: 'group'; keys: readonly Place[]; others: Place | undefined }
  | { kind: 'list'; of: Place }
  /** Anything else is written as JSON. */
  | { kind: 'any' }

/** One key of the configuration: what it may hold and what the gateway says about it. */
export interface Place {
  /** The last step; '*' for an entry of a map or list. */
  key: string
  label: string
  help: string
  shape: Shape
  /** What holds while nothing is written; undefined: nothing. */
  fallback: unknown
  /** Never shown; only replaced or removed. */
  secret: boolean
  /** A change waits for the next start of the gateway. */
  restart: boolean
}

export type Tree = Record<string, unknown>
export type Steps = readonly (string | number)[]

/** Stands where the gateway keeps a secret from us; sent back, it means "as it is". */
export const secretMark = '__MOLTBOT_REDACTED__'

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const depthMax = 10

/** The whole form, from the answer of `config.schema`. */
export function readForm(payload: unknown): Place {
  const answer = fields(payload)
  const hints = fields(answer['uiHints'])
  return readPlace(fields(answer['schema']), '', [], hints, false, 0)
}

function readPlace(schema: Tree, key: string, path: readonly string[], hints: Tree, restartAbove: boolean, depth: number): Place {
  const hint = fields(hints[path.join('.')])
  const restart = restartAbove || hint['restart'] === true
  const secret = hint['sensitive'] === true || schema['writeOnly'] === true
  return {
    key, secret, restart,
    label: words(hint['label']) ?? key,
    help: words(hint['help']) ?? words(schema['description']) ?? '',
    fallback: schema['default'],
    shape: secret ? { kind: 'words' } : readShape(schema, path, hints, restart, depth),
  }
}

function readShape(schema: Tree, path: readonly string[], hints: Tree, restart: boolean, depth: number): Shape {
  const options = constants(schema)
  if (options !== undefined) return { kind: 'choice', options }
  const kinds = new Set(variants(schema).map((each) => words(each['type']) ?? ''))
  if (kinds.size > 0 && [...kinds].every((kind) => kind === 'string' || kind === 'integer' || kind === 'number')) {
    return kinds.has('string') ? { kind: 'words' } : { kind: 'number', least: limit(schema, 'minimum'), most: limit(schema, 'maximum') }
  }
  const child = (each: Tree, key: string, at: readonly string[]): Place => readPlace(each, key, at, hints, restart, depth + 1)
  switch (schema['type']) {
    case 'boolean':
      return { kind: 'yes-no' }
    case 'array': {
      const items = fields(schema['items'])
      const simple = new Set(variants(items).map((each) => words(each['type']) ?? typeof each['const']))
      if ([...simple].every((kind) => kind === 'string' || kind === 'integer' || kind === 'number')) return { kind: 'lines', numbers: !simple.has('string') }
      return items['type'] === 'object' && depth < depthMax ? { kind: 'list', of: child(items, '*', [...path, '*']) } : { kind: 'any' }
    }
    case 'object': {
      if (depth >= depthMax) return { kind: 'any' }
      const keys = Object.entries(fields(schema['properties'])).map(([key, each]) => child(fields(each), key, [...path, key]))
      const open = [...Object.values(fields(schema['patternProperties'])), schema['additionalProperties']].find((each) => isTree(each) && (each['type'] !== undefined || each['anyOf'] !== undefined))
      const others = isTree(open) ? child(open, '*', [...path, '*']) : undefined
      return keys.length === 0 && others === undefined ? { kind: 'any' } : { kind: 'group', keys, others }
    }
    default:
      return { kind: 'any' }
  }
}

/** The values a choice offers; undefined when it is none. */
function constants(schema: Tree): (string | number | boolean)[] | undefined {
  const given = Array.isArray(schema['enum']) ? schema['enum'] : list(schema['anyOf']).map((each) => fields(each)['const'])
  const options = given.filter((each) => typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean')
  return options.length > 0 && options.length === given.length ? options : undefined
}

function variants(schema: Tree): Tree[] {
  const either = list(schema['anyOf']).map(fields)
  return either.length > 0 ? either : [schema]
}

function limit(schema: Tree, name: string): number | undefined {
  const value = schema[name]
  return typeof value === 'number' ? value : undefined
}

/** What stands at a place; undefined: nothing. */
export function valueAt(tree: unknown, steps: Steps): unknown {
  let at = tree
  for (const step of steps) {
    if (Array.isArray(at)) at = at[Number(step)]
    else if (isTree(at) && Object.hasOwn(at, String(step))) at = at[String(step)]
    else return undefined
  }
  return at
}

/** The tree with one value set, or taken out where it is undefined. What was shared with the old tree stays untouched. */
export function withValue(tree: unknown, steps: Steps, value: unknown): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (Array.isArray(tree)) {
    const copy: unknown[] = [...(tree as unknown[])]
    const next = withValue(copy[Number(step)], rest, value)
    if (next === undefined) copy.splice(Number(step), 1)
    else copy[Number(step)] = next
    return copy
  }
  const copy: Tree = isTree(tree) ? { ...tree } : {}
  const name = String(step)
  const next = withValue(Object.hasOwn(copy, name) ? copy[name] : undefined, rest, value)
  if (next === undefined) delete copy[name]
  // A key such as `__proto__` is a key like any other here; the gateway refuses it.
  else Object.defineProperty(copy, name, { value: next, enumerable: true, writable: true, configurable: true })
  return copy
}

/** One difference. An absent side is undefined. */
export interface Change { steps: Steps; before: unknown; after: unknown }

/** What differs, key by key; a list counts as one value. */
export function changesOf(before: unknown, after: unknown, steps: Steps = []): Change[] {
  if (isTree(before) && isTree(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => changesOf(own(before, key), own(after, key), [...steps, key]))
  }
  return same(before, after) ? [] : [{ steps, before, after }]
}

function own(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b))
}

/** The merge patch that turns `before` into `after`: null removes. */
export function patchOf(changes: readonly Change[]): Tree {
  return changes.reduce<unknown>((patch, change) => withValue(patch, change.steps, change.after === undefined ? null : change.after), {}) as Tree
}

/** The same changes made to another tree, as after somebody else wrote the file. */
export function replay(tree: Tree, changes: readonly Change[]): Tree {
  return changes.reduce<unknown>((now, change) => withValue(now, change.steps, change.after), tree) as Tree
}

/** A place as the gateway spells it: `agents.list[0].name`, `models.providers["my.ai"]`. */
export function pathWords(steps: Steps): string {
  let path = ''
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`
    else if (/^[^.[\]"'\\]+$/.test(step)) path += path === '' ? step : `.${step}`
    else path += `[${JSON.stringify(step)}]`
  }
  return path
}

export interface Issue { path: string; message: string; line: number }

export function readIssues(value: unknown): Issue[] {
  return list(value).map((each) => {
    const issue = fields(each)
    return { path: words(issue['path']) ?? '', message: words(issue['message']) ?? '', line: typeof issue['line'] === 'number' ? issue['line'] : 0 }
  })
}

/** Whether an issue is about this place, or about something inside it. */
export function isAbout(issue: Issue, path: string): boolean {
  return issue.path === path || issue.path.startsWith(`${path}.`) || issue.path.startsWith(`${path}[`)
}

/** Every single key of a form that has a value of its own, with its steps; entries of maps and lists are left out. */
export function leavesOf(place: Place, steps: readonly string[] = []): { place: Place; steps: readonly string[] }[] {
  if (place.shape.kind !== 'group' || place.shape.keys.length === 0) return steps.length === 0 ? [] : [{ place, steps }]
  return place.shape.keys.flatMap((key) => leavesOf(key, [...steps, key.key]))
}

/** What a person typed as a value: JSON where it is some, else the words themselves. */
export function readTyped(typed: string): unknown {
  const trimmed = typed.trim()
  if (trimmed === '') return undefined
  try {
    return JSON.parse(trimmed) as unknown
  } catch {
    // No JSON: then it is meant as words.
    return typed
  }
}

/** A value as a person would type it. */
export function typedWords(value: unknown): string {
  if (value === undefined) return ''
  return typeof value === 'string' && readTyped(value) === value ? value : JSON.stringify(value, null, 2)
}
