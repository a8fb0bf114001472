import { createHash } from 'node:crypto'
import type { Section } from '@moltbot/contract'
import { familyKeys } from './family-keys.ts'
import { fits, formatPath, nearest, parsePath } from './config-path.ts'
import { Json5Error, memberOf, positionOf, setOwn } from './json5-document.ts'
import type { Json5Node } from './json5-document.ts'
import { looksLikeAnother, saysWhoIsLetIn } from './look-alikes.ts'
import { readTree } from './read-tree.ts'
import type { ConfigTree, Place } from './read-tree.ts'
import { applyDefaults, isPlainObject, mismatches, schemaNode, unknownKeys } from './schema-walk.ts'
import type { Steps } from './schema-walk.ts'
import { isOnlyReferences, refers, refersToVault, substitute } from './substitute.ts'
import type { References } from './substitute.ts'
import { isReference } from './secret-reference.ts'
import { declaredSecrets, redactionMark, shownAsSecret } from './secret-keys.ts'
import type { ConfigIssue } from './types.ts'

/** One section as it would take effect. */
export interface SectionState {
  /** As written; `{}` when absent. */
  written: Record<string, unknown>
  /** Defaults applied and references replaced, secrets included. Never handed out. */
  full: Record<string, unknown>
  /** What rooms get: `full` without secrets, frozen. */
  value: Record<string, unknown>
  /** Changes whenever anything in `full` does. */
  fingerprint: string
}

/** What a text means. Pure but for included files and the references it asks for. */
export interface Evaluation {
  raw: string
  /** Undefined: the text is not JSON5 at all. */
  tree: ConfigTree | undefined
  /** The sections that are sound. */
  sections: Map<string, SectionState>
  issues: ConfigIssue[]
}

/** Reads and checks a text against the sections. Never throws: everything wrong is an issue. */
export function evaluate(raw: string, file: string, sections: readonly Section[], references: (written: Record<string, unknown>) => References): Evaluation {
  const issues: ConfigIssue[] = []
  let tree: ConfigTree
  try {
    tree = readTree(raw, file)
  } catch (error) {
    if (!(error instanceof Json5Error)) throw error
    const { line, column } = positionOf(raw, error.offset)
    issues.push({ path: '', line, column, message: `the file is not valid JSON5: ${error.message}`, severity: 'error' })
    return { raw, tree: undefined, sections: new Map(), issues }
  }

  const report = (path: Steps, place: Place | undefined, offset: 'key' | 'value', message: string, severity: 'error' | 'warning'): void => {
    const dotted = formatPath(path)
    issues.push({
      path: dotted,
      ...(place === undefined ? { line: 0, column: 0 } : positionOf(place.text, place[offset])),
      ...(place === undefined || place.file === file ? {} : { file: place.file }),
      message: dotted === '' ? message : `${dotted}: ${message}`,
      severity,
    })
  }

  const states = new Map<string, SectionState>()
  const lookup = references(tree.value)
  const isDeclared = declaredSecrets(sections)
  const isSecret = shownAsSecret(sections)
  const sectionSteps = sections.map((section) => parsePath(section.path) ?? [section.path])
  for (const fault of tree.faults) report(fault.path, fault.place, 'key', fault.message, 'error')

  for (const [index, section] of sections.entries()) {
    const base = sectionSteps[index] ?? []
    const schema = schemaNode(section.schema)
    const written = exactValueAt(tree.value, base)
    let sound = !tree.faults.some((fault) => touches(fault.path, base))
    const fail = (path: Steps, message: string): void => {
      sound = false
      report(path, tree.placeOf(path), 'value', message, 'error')
    }

    const inPlace = mapReferences(written ?? {}, base, isDeclared, (reference, path) => {
      const found = lookup.reference?.(reference)
      if (found !== undefined && 'wrong' in found) fail(path, found.wrong)
      // Braces would be looked at once more below; a value that is not known yet is only a place.
      return found !== undefined && 'value' in found ? found.value.replaceAll('${', '$${') : referencePlace
    })
    const resolved = mapStrings(inPlace, base, (text, path) => {
      const alike = saysWhoIsLetIn(path) ? looksLikeAnother(text) : undefined
      if (alike !== undefined) fail(path, `${JSON.stringify(text)} ${alike}`)
      if (!isDeclared(path) && refersToVault(text)) {
        fail(path, 'a vault reference is only possible at a key that holds a secret')
        return text
      }
      try {
        const result = substitute(text, lookup)
        if ('value' in result) return result.value
        fail(path, `${result.missing} is not set`)
      } catch (error) {
        fail(path, error instanceof Error ? error.message : String(error))
      }
      return text
    })

    for (const { path, known } of unknownKeys(schema, resolved)) {
      const at = [...base, ...path]
      removeAt(resolved, path)
      if (sectionSteps.some((steps) => startsWith(steps, at) && steps.length >= at.length && steps.length > base.length)) continue
      // A slip in a key we have is told, also where programs of the family may keep anything.
      const slip = nearest(String(at.at(-1)), known) !== undefined && !familyKeys.some((pattern) => pattern.at(-1) !== '**' && fits(at, pattern))
      for (const strange of slip ? [at] : unfamiliar(at, exactValueAt(tree.value, at))) warnUnknown(strange, strange.length === at.length ? known : [])
    }
    const full = applyDefaults(schema, resolved)
    for (const { path, expected } of mismatches(schema, full)) {
      const at = [...base, ...path]
      fail(at, `expected ${expected}, found ${show(exactValueAt(full, path), exactValueAt(tree.value, at), isSecret(at))}`)
    }
    if (sound && isPlainObject(full)) {
      const state: SectionState = {
        written: isPlainObject(written) ? written : {}, full, value: deepFreeze(withoutSecrets(full, base, isDeclared)),
        fingerprint: createHash('sha256').update(JSON.stringify(full)).digest('hex'),
      }
      states.set(section.path, state)
    }
  }

  outside(tree.value, [])
  issues.sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning') || a.line - b.line || a.column - b.column)
  return { raw, tree, sections: states, issues }

  /** Keys that belong to no section. */
  function outside(value: Record<string, unknown>, at: Steps): void {
    for (const [key, inner] of Object.entries(value)) {
      const path = [...at, key]
      if (sectionSteps.some((steps) => steps.length === path.length && startsWith(steps, path))) continue
      if (isPlainObject(inner) && sectionSteps.some((steps) => startsWith(steps, path))) outside(inner, path)
      else for (const strange of isSlip(path) ? [path] : unfamiliar(path, inner)) warnUnknown(strange, [])
    }
  }

  /** A name nearly that of a section, where the family's keys allow any name and spell this one out nowhere. */
  function isSlip(path: Steps): boolean {
    const last = path.length - 1
    const spelled = familyKeys.some((pattern) => pattern[last] === path[last] && fits(path.slice(0, last), pattern.slice(0, last)))
    return !spelled && nearest(String(path[last]), sectionSteps.filter((steps) => steps.length === path.length && startsWith(steps, path.slice(0, last))).map((steps) => String(steps[last]))) !== undefined
  }

  function warnUnknown(path: Steps, known: string[]): void {
    const parent = path.slice(0, -1)
    const candidates = new Set(known)
    for (const steps of [...sectionSteps, ...familyKeys]) {
      const next = steps[parent.length]
      if (next !== undefined && next !== '*' && next !== '**' && fits(parent, steps.slice(0, parent.length))) candidates.add(next)
    }
    const close = nearest(String(path.at(-1)), candidates)
    report(path, tree.placeOf(path), 'key', `unknown key, kept as it is${close === undefined ? '' : `; did you mean "${close}"?`}`, 'warning')
  }
}

/** The paths at or below `path` that programs of this family don't know either. */
function unfamiliar(path: Steps, value: unknown): Steps[] {
  if (familyKeys.some((pattern) => fits(path, pattern))) return []
  const begun = familyKeys.some((pattern) => pattern.length > path.length && fits(path, pattern.slice(0, path.length)))
  if (!begun) return [path]
  if (Array.isArray(value)) return value.flatMap((entry, position) => unfamiliar([...path, position], entry))
  return isPlainObject(value) ? Object.entries(value).flatMap(([key, inner]) => unfamiliar([...path, key], inner)) : []
}

function startsWith(path: Steps, start: Steps): boolean {
  return start.length <= path.length && start.every((step, position) => step === path[position])
}

/** Whether something wrong at `path` spoils the section at `base`. */
function touches(path: Steps, base: Steps): boolean {
  return startsWith(path, base) || startsWith(base, path)
}

function exactValueAt(value: unknown, path: Steps): unknown {
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

function removeAt(value: unknown, path: Steps): void {
  const parent = exactValueAt(value, path.slice(0, -1))
  const last = path.at(-1)
  if (isPlainObject(parent) && last !== undefined) delete parent[last]
}

/** A copy with every string replaced. */
function mapStrings(value: unknown, at: Steps, replace: (text: string, path: Steps) => unknown): unknown {
  if (typeof value === 'string') return replace(value, at)
  if (Array.isArray(value)) return value.map((entry, position) => mapStrings(entry, [...at, position], replace))
  if (!isPlainObject(value)) return value
  const copy: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) setOwn(copy, key, mapStrings(inner, [...at, key], replace))
  return copy
}

/** Stands for the value of a reference that was not fetched. */
const referencePlace = '[a secret that stands elsewhere]'

/** A copy with the text of every reference at a secret's key in its place. */
function mapReferences(value: unknown, at: Steps, isDeclared: (path: Steps) => boolean, textOf: (reference: Record<string, unknown>, path: Steps) => string): unknown {
  if (Array.isArray(value)) return value.map((entry, position) => mapReferences(entry, [...at, position], isDeclared, textOf))
  if (!isPlainObject(value)) return value
  if (isReference(value) && isDeclared(at)) return textOf(value, at)
  const copy: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) setOwn(copy, key, mapReferences(inner, [...at, key], isDeclared, textOf))
  return copy
}

/** Every reference at a secret's key, in order. */
export function findReferences(value: unknown, sections: readonly Section[]): { path: Steps; reference: Record<string, unknown> }[] {
  const found: { path: Steps; reference: Record<string, unknown> }[] = []
  mapReferences(value, [], declaredSecrets(sections), (reference, path) => {
    found.push({ path, reference })
    return ''
  })
  return found
}

/** A copy without the texts at declared secret paths. Numbers and switches are never secrets. */
function withoutSecrets(value: unknown, at: Steps, isDeclared: (path: Steps) => boolean): Record<string, unknown> {
  const hidden = (inner: unknown, path: Steps): boolean => typeof inner === 'string' && isDeclared(path)
  const copy = (inner: unknown, path: Steps): unknown => {
    if (Array.isArray(inner)) return inner.flatMap((entry, position) => (hidden(entry, [...path, position]) ? [] : [copy(entry, [...path, position])]))
    if (!isPlainObject(inner)) return inner
    const kept: Record<string, unknown> = {}
    for (const [key, child] of Object.entries(inner)) if (!hidden(child, [...path, key])) setOwn(kept, key, copy(child, [...path, key]))
    return kept
  }
  return copy(value, at) as Record<string, unknown>
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

/** A copy in which every text at a secret path is the redaction mark. */
export function redactValue(value: unknown, isSecret: (path: Steps) => boolean): unknown {
  return mapStrings(value, [], (text, path) => (text !== '' && isSecretOrBelow(path, isSecret) ? redactionMark : text))
}

/** The same for values as written: a text that is only references shows no secret and stays. */
export function redactWritten(value: unknown, isSecret: (path: Steps) => boolean): unknown {
  return mapStrings(value, [], (text, path) => (text !== '' && isSecretOrBelow(path, isSecret) && !isOnlyReferences(text) ? redactionMark : text))
}

/** A secret that somebody wrapped in an object or a list by mistake is one all the same. The parts of a reference are none. */
function isSecretOrBelow(path: Steps, isSecret: (path: Steps) => boolean): boolean {
  for (let length = path.length; length > 0; length--) if (isSecret(path.slice(0, length))) return length === path.length || !referenceParts.has(String(path.at(-1)))
  return false
}

/** The keys of `{ source: "env", id: … }`, the family's long form of a reference. */
const referenceParts = new Set(['source', 'provider', 'id'])

/** The text with every plain secret replaced by the redaction mark; everything else, comments too, stays. */
export function redactRaw(tree: ConfigTree, isSecret: (path: Steps) => boolean): string {
  let { text } = tree.document
  for (const { node } of plainSecrets(tree, isSecret).reverse()) {
    const quote = text[node.start] === '\'' ? '\'' : '"'
    text = text.slice(0, node.start) + quote + redactionMark + quote + text.slice(node.end)
  }
  return text
}

/** The secrets that stand in the text as they are, in order. References and empty texts are none. */
export function plainSecrets(tree: ConfigTree, isSecret: (path: Steps) => boolean): { path: Steps; value: string; node: Json5Node }[] {
  const found: { path: Steps; value: string; node: Json5Node }[] = []
  const visit = (node: Json5Node, path: Steps): void => {
    if (node.kind === 'array') for (const [position, element] of node.elements.entries()) visit(element.value, [...path, position])
    else if (node.kind === 'object') for (const member of node.members) visit(member.value, [...path, member.key])
    else if (typeof node.value === 'string' && node.value !== '' && isSecretOrBelow(path, isSecret) && !isOnlyReferences(node.value)) found.push({ path, value: node.value, node })
  }
  if (tree.document.root !== undefined) visit(tree.document.root, [])
  return found
}

/** Every text that is only a redaction mark, in order. */
export function findMarks(root: Json5Node | undefined, isMark: (value: unknown) => boolean): { path: Steps; node: Json5Node }[] {
  const found: { path: Steps; node: Json5Node }[] = []
  const visit = (node: Json5Node, path: Steps): void => {
    if (node.kind === 'array') for (const [position, element] of node.elements.entries()) visit(element.value, [...path, position])
    else if (node.kind === 'object') for (const key of new Set(node.members.map((member) => member.key))) visit(memberOf(node, key)?.value ?? node, [...path, key])
    else if (isMark(node.value)) found.push({ path, node })
  }
  if (root !== undefined) visit(root, [])
  return found
}

/** A value in words for a complaint. Never a secret, never anything long enough to be one, never what a reference stands for. */
function show(value: unknown, written: unknown, secret: boolean): string {
  if (typeof written === 'string' && refers(written)) return `the value of ${secret ? 'a reference' : written.slice(0, 80)}`
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (secret) return typeof value === 'string' ? 'another text' : `a ${typeof value}`
  if (typeof value !== 'string') return String(value)
  return value.length <= 24 ? JSON.stringify(value) : `text of ${value.length} characters`
}
