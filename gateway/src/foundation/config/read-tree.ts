import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { isForbiddenKey } from './config-path.ts'
import { Json5Error, memberOf, nodeValue, parseJson5, positionOf, setOwn } from './json5-document.ts'
import type { Json5Document, Json5Node, Json5Object } from './json5-document.ts'
import { looksLikeAnother } from './look-alikes.ts'
import { isPlainObject } from './schema-walk.ts'
import type { Steps } from './schema-walk.ts'

/** Where something stands: the offset in the text of a file. */
export interface Place { file: string; text: string; key: number; value: number }

/** Something wrong with the text itself, before any schema is asked. */
export interface TreeFault { path: Steps; place: Place | undefined; message: string }

/** A configuration as written, included files merged in. */
export interface ConfigTree {
  document: Json5Document
  value: Record<string, unknown>
  faults: TreeFault[]
  /** The place of a path, or of the nearest thing around it. */
  placeOf(path: Steps): Place | undefined
  /** Included files, absolute. */
  included: string[]
}

/** The largest configuration file that is read, bytes. Real ones have a few kilobytes. */
export const configBytesMax = 4 * 1024 * 1024
const includeDepthMax = 10

/** Reads a configuration text. Throws `Json5Error` when it is not JSON5 (included files that are not become faults). */
export function readTree(text: string, file: string): ConfigTree {
  const faults: TreeFault[] = []
  const places = new Map<string, Place>()
  const included = new Set<string>()
  const document = parseJson5(text)
  const keyOf = (path: Steps): string => path.join('\0')

  function convert(node: Json5Node, path: Steps, source: { file: string; text: string }, chain: readonly string[]): unknown {
    if (node.kind === 'scalar') return node.value
    if (node.kind === 'array') {
      return node.elements.map((element, position) => {
        note([...path, position], source, element.value.start, element.value.start)
        return convert(element.value, [...path, position], source, chain)
      })
    }
    const value: Record<string, unknown> = {}
    const includes = memberOf(node, '$include')
    if (includes !== undefined) include(nodeValue(includes.value), path, { ...source, key: includes.keySpan.start, value: includes.value.start }, chain, value)
    convertMembers(node, path, source, chain, value)
    return value
  }

  function convertMembers(node: Json5Object, path: Steps, source: { file: string; text: string }, chain: readonly string[], into: Record<string, unknown>): void {
    const seen = new Set<string>()
    for (const member of node.members) {
      const at = [...path, member.key]
      const place: Place = { ...source, key: member.keySpan.start, value: member.value.start }
      if (isForbiddenKey(member.key)) {
        faults.push({ path, place, message: `"${member.key}" can't be a key` })
        continue
      }
      const alike = looksLikeAnother(member.key)
      if (alike !== undefined) faults.push({ path: at, place, message: `the key ${alike}` })
      if (seen.has(member.key)) faults.push({ path: at, place, message: 'is written twice; only one of them can count' })
      seen.add(member.key)
      if (member.key === '$include') continue
      note(at, source, place.key, place.value)
      merge(into, member.key, convert(member.value, at, source, chain))
    }
  }

  function note(path: Steps, source: { file: string; text: string }, key: number, value: number): void {
    places.set(keyOf(path), { file: source.file, text: source.text, key, value })
  }

  /** What stands beside an include wins over what it brings; objects of both are merged. */
  function merge(into: Record<string, unknown>, key: string, value: unknown): void {
    const there = Object.hasOwn(into, key) ? into[key] : undefined
    if (isPlainObject(there) && isPlainObject(value)) for (const [name, inner] of Object.entries(value)) merge(there, name, inner)
    else setOwn(into, key, value)
  }

  function include(given: unknown, path: Steps, place: Place, chain: readonly string[], into: Record<string, unknown>): void {
    const names = Array.isArray(given) ? given : [given]
    for (const name of names) {
      try {
        if (typeof name !== 'string') throw new Error('expected the name of a file or a list of them')
        const target = locate(name, place.file)
        included.add(target)
        if (chain.includes(target)) throw new Error(`${name} includes itself`)
        if (chain.length > includeDepthMax) throw new Error(`files are included more than ${includeDepthMax} deep`)
        const inner = readText(target)
        const parsed = parseIncluded(inner, name)
        if (parsed.root === undefined) continue
        if (parsed.root.kind !== 'object') throw new Error(`${name} holds no object { … }`)
        const brought = convert(parsed.root, path, { file: target, text: inner }, [...chain, target])
        for (const [key, value] of Object.entries(brought as Record<string, unknown>)) merge(into, key, value)
      } catch (error) {
        faults.push({ path, place, message: `$include: ${error instanceof Error ? error.message : String(error)}` })
      }
    }
  }

  /** Only files beside the configuration or below it, wherever links point. */
  function locate(name: string, from: string): string {
    if (isAbsolute(name) || name.includes('\0')) throw new Error(`${JSON.stringify(name)} is not a path relative to the including file`)
    const root = realpathSync(dirname(file))
    let target: string
    try {
      target = realpathSync(resolve(dirname(from), name))
    } catch {
      throw new Error(`${name} does not exist`)
    }
    const inside = relative(root, target)
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw new Error(`${name} is outside the configuration's directory`)
    return join(root, inside)
  }

  function parseIncluded(inner: string, name: string): Json5Document {
    try {
      return parseJson5(inner)
    } catch (error) {
      if (!(error instanceof Json5Error)) throw error
      const { line, column } = positionOf(inner, error.offset)
      throw new Error(`${name}, line ${line}, column ${column}: ${error.message}`)
    }
  }

  const source = { file, text }
  const chain = [realOf(file)]
  let value: unknown = {}
  if (document.root !== undefined) {
    note([], source, document.root.start, document.root.start)
    value = convert(document.root, [], source, chain)
  }
  if (!isPlainObject(value)) {
    faults.push({ path: [], place: { ...source, key: document.root?.start ?? 0, value: document.root?.start ?? 0 }, message: 'the file must hold one object { … }' })
    value = {}
  }
  return {
    document, value: value as Record<string, unknown>, faults, included: [...included],
    placeOf(path) {
      for (let length = path.length; length >= 0; length--) {
        const place = places.get(keyOf(path.slice(0, length)))
        if (place !== undefined) return length === path.length ? place : { ...place, value: place.key }
      }
      return undefined
    },
  }
}

function realOf(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    // Not written yet: it can't be included either.
    return file
  }
}

/** The text of a regular file of bearable size; opened so that a pipe or device can't make us wait. */
export function readText(file: string): string {
  const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile()) throw new Error(`${file} is not a regular file`)
    if (stat.size > configBytesMax) throw new Error(`${file} is larger than ${configBytesMax / 1024 / 1024} MiB`)
    return readFileSync(handle, 'utf8')
  } finally {
    closeSync(handle)
  }
}
