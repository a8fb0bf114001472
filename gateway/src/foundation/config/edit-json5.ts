import { isPlainName, memberOf, nodeAt, nodeValue, parseJson5 } from './json5-document.ts'
import type { Json5Array, Json5Document, Json5Element, Json5Node, Json5Object } from './json5-document.ts'

/** Keys by name, array positions by number. */
export type EditPath = readonly (string | number)[]

/** What a value is replaced with; `undefined` removes. Values are JSON (numbers may also be infinite). */
interface Splice { start: number; end: number; text: string }

/**
 * The text with one value set. Missing objects on the way are made; anything else that stands in the way is replaced by
 * an object. Objects are merged key by key so that their comments stay; keys that are not in `value` go. In an array a
 * position equal to its length appends. Comments, quotes, commas and indentation of everything else stay byte for byte.
 * Throws `Json5Error` when the text is not JSON5, `RangeError` for a position beyond the end of an array.
 */
export function setJson5(text: string, path: EditPath, value: unknown): string {
  const document = parseJson5(text)
  if (document.root === undefined) return withRoot(document, nested(path, value))
  let node = document.root
  for (const [depth, step] of path.entries()) {
    const rest = path.slice(depth + 1)
    if (node.kind === 'object') {
      const member = memberOf(node, String(step))
      if (member === undefined) return insertMember(document, node, String(step), nested(rest, value))
      node = member.value
    } else if (node.kind === 'array' && /^\d+$/.test(String(step))) {
      const position = Number(step)
      if (position > node.elements.length) throw new RangeError(`the list has ${node.elements.length} entries; ${position} is beyond its end`)
      const element = node.elements[position]
      if (element === undefined) return insertElement(document, node, nested(rest, value))
      node = element.value
    } else return replaceNode(document, node, nested(path.slice(depth), value))
  }
  return become(text, path, node, value)
}

/** The text without the key or entry at `path`; the same text when there is nothing there. Comments stay, also those beside what goes. */
export function unsetJson5(text: string, path: EditPath): string {
  const last = path.at(-1)
  if (last === undefined) return text
  for (;;) {
    const document = parseJson5(text)
    const parent = nodeAt(document, path.slice(0, -1))
    if (parent?.kind === 'object') {
      const position = parent.members.findIndex((member) => member.key === String(last))
      if (position < 0) return text
      const member = parent.members[position]
      if (member === undefined) return text
      text = remove(document, parent.members, position, member.keySpan.start)
    } else if (parent?.kind === 'array' && /^\d+$/.test(String(last))) {
      const position = Number(last)
      const element = parent.elements[position]
      return element === undefined ? text : remove(document, parent.elements, position, element.value.start)
    } else return text
  }
}

/** The text after a merge patch: objects merge, `null` removes, everything else (arrays too) replaces. */
export function patchJson5(text: string, changes: Record<string, unknown>, at: EditPath = []): string {
  for (const [key, change] of Object.entries(changes)) {
    const path = [...at, key]
    if (change === null) text = unsetJson5(text, path)
    else if (isObject(change)) {
      const node = nodeAt(parseJson5(text), path)
      if (node?.kind !== 'object') text = setJson5(text, path, {})
      text = patchJson5(text, change, path)
    } else text = setJson5(text, path, change)
  }
  return text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `value` wrapped in one object per remaining step. */
function nested(path: EditPath, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, step) => Object.fromEntries([[String(step), inner]]), value)
}

/** Makes an existing node equal `value`, changing as little text as possible. */
function become(text: string, path: EditPath, node: Json5Node, value: unknown): string {
  if (node.kind === 'object' && isObject(value)) {
    for (const member of node.members) if (!Object.hasOwn(value, member.key)) text = unsetJson5(text, [...path, member.key])
    for (const [key, inner] of Object.entries(value)) text = inner === undefined ? unsetJson5(text, [...path, key]) : setJson5(text, [...path, key], inner)
    return text
  }
  const old = nodeValue(node)
  if (same(old, value)) return text
  if (node.kind === 'array' && Array.isArray(value) && Array.isArray(old)) {
    const edited = becomeArray(text, path, old, value)
    if (edited !== undefined) return edited
  }
  return replaceNode(parseJson5(text), node, value)
}

/** The cheap cases of a changed list, in which its comments can stay where they belong: entries dropped, added at the end, or changed in place. */
function becomeArray(text: string, path: EditPath, old: unknown[], value: unknown[]): string | undefined {
  if (value.length < old.length) {
    const gone: number[] = []
    let next = 0
    for (const [position, entry] of old.entries()) {
      if (next < value.length && same(entry, value[next])) next++
      else gone.push(position)
    }
    if (next < value.length) return undefined
    for (const position of gone.reverse()) text = unsetJson5(text, [...path, position])
    return text
  }
  if (old.some((entry, position) => !same(entry, value[position])) && value.length > old.length) return undefined
  for (const [position, entry] of value.entries()) text = setJson5(text, [...path, position], entry)
  return text
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((entry, position) => same(entry, b[position]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}

function splice(text: string, splices: Splice[]): string {
  for (const { start, end, text: put } of splices.toSorted((a, b) => b.start - a.start || b.end - a.end)) text = text.slice(0, start) + put + text.slice(end)
  return text
}

function withRoot(document: Json5Document, value: unknown): string {
  const style = styleOf(document)
  const { text } = document
  const gap = text === '' || text === '\uFEFF' || /[\n\r]$/.test(text) ? '' : style.newline
  return `${text}${gap}${write(value, style, '', true)}${style.newline}`
}

function replaceNode(document: Json5Document, node: Json5Node, value: unknown): string {
  const style = styleOf(document)
  const own = document.text[node.start]
  if (node.kind === 'scalar' && (own === '"' || own === '\'')) style.quote = own
  const block = node.kind === 'scalar' || node.end - node.start === 2 ? style.block : /[\n\r]/.test(document.text.slice(node.start, node.end))
  return splice(document.text, [{ start: node.start, end: node.end, text: write(value, style, indentAt(document.text, node.start), block) }])
}

function insertMember(document: Json5Document, object: Json5Object, key: string, value: unknown): string {
  const style = styleOf(document)
  const beside = object.members.at(-1)
  if (beside !== undefined) style.keyQuote = beside.quote
  return insert(document, object, object.members, beside?.keySpan.start, style, (indent, block) =>
    `${writeKey(key, style)}:${style.block || block ? ' ' : style.colonGap}${write(value, style, indent, block)}`)
}

function insertElement(document: Json5Document, array: Json5Array, value: unknown): string {
  const style = styleOf(document)
  const beside = array.elements.at(-1)
  const own = beside === undefined ? '' : document.text[beside.value.start]
  if (own === '"' || own === '\'') style.quote = own
  return insert(document, array, array.elements, beside?.value.start, style, (indent, block) => write(value, style, indent, block))
}

function insert(
  document: Json5Document, container: Json5Object | Json5Array, entries: readonly Json5Element[], besideStart: number | undefined, style: Style,
  written: (indent: string, block: boolean) => string,
): string {
  const { text } = document
  const last = entries.at(-1)
  if (last === undefined || besideStart === undefined) {
    const outer = indentAt(text, container.start)
    const inside = text.slice(container.start + 1, container.end - 1)
    const kept = inside.trimEnd()
    const block = style.block || /[\n\r]/.test(inside)
    const put = block
      ? `${kept}${style.newline}${outer}${style.unit}${written(outer + style.unit, true)}${style.newline}${outer}`
      : `${kept}${written(outer, false)}`
    return splice(text, [{ start: container.start + 1, end: container.end - 1, text: put }])
  }
  const splices: Splice[] = []
  const trailing = last.comma !== undefined
  if (!trailing) splices.push({ start: last.value.end, end: last.value.end, text: ',' })
  if (!/[\n\r]/.test(text.slice(container.start, besideStart))) {
    // All on one line: the new entry joins it. Behind a comment that runs to the end of the line it would be lost, so it goes before any comment.
    const at = last.comma === undefined ? last.value.end : last.comma + 1
    const gap = /^\s/.test(text.slice(entries[0]?.value.end ?? 0, container.end)) || style.block || / /.test(text.slice(container.start, container.end)) ? ' ' : ''
    splices.push({ start: at, end: at, text: `${gap}${written(indentAt(text, container.start), false)}${trailing ? ',' : ''}` })
    return spliceInOrder(text, splices)
  }
  const indent = indentAt(text, besideStart)
  const at = endOfLineTrivia(document, last.comma === undefined ? last.value.end : last.comma + 1)
  splices.push({ start: at, end: at, text: `${style.newline}${indent}${written(indent, true)}${trailing ? ',' : ''}` })
  return spliceInOrder(text, splices)
}

/** Two insertions at one place keep their order. */
function spliceInOrder(text: string, splices: Splice[]): string {
  let done = ''
  let from = 0
  for (const { start, end, text: put } of splices) {
    done += text.slice(from, start) + put
    from = end
  }
  return done + text.slice(from)
}

/** Behind the comments that share the line with what ends at `at`. */
function endOfLineTrivia(document: Json5Document, at: number): number {
  for (;;) {
    const comment = document.comments.find((each) => each.start >= at)
    if (comment === undefined || !/^[^\S\n\r\u2028\u2029]*$/.test(document.text.slice(at, comment.start))) return at
    at = comment.end
  }
}

function remove(document: Json5Document, entries: readonly Json5Element[], position: number, start: number): string {
  const { text } = document
  const entry = entries[position]
  if (entry === undefined) return text
  const splices: Splice[] = []
  const before = entries[position - 1]
  if (entry.comma === undefined && before?.comma !== undefined) splices.push({ start: before.comma, end: before.comma + 1, text: '' })
  let end = entry.value.end
  if (entry.comma !== undefined) {
    if (/^\s*$/.test(text.slice(end, entry.comma))) end = entry.comma + 1
    else splices.push({ start: entry.comma, end: entry.comma + 1, text: '' })
  }
  // What stood alone on its lines takes them along; on a shared line it takes the space on one side.
  const lineStart = start - (/(?<![^\S\n\r\u2028\u2029])[^\S\n\r\u2028\u2029]*$/.exec(text.slice(0, start))?.[0].length ?? 0)
  const gapAfter = /^[^\S\n\r\u2028\u2029]*/.exec(text.slice(end))?.[0].length ?? 0
  const newlineAfter = /^(?:\r\n|[\n\r])/.exec(text.slice(end + gapAfter))?.[0].length ?? 0
  const startsLine = lineStart === 0 || /[\n\r]/.test(text[lineStart - 1] ?? '')
  if (startsLine && newlineAfter > 0) splices.push({ start: lineStart, end: end + gapAfter + newlineAfter, text: '' })
  else if (position > 0 && !startsLine && lineStart > (before?.comma ?? 0)) splices.push({ start: lineStart, end, text: '' })
  else splices.push({ start, end: end + (startsLine || position > 0 ? 0 : gapAfter), text: '' })
  return splice(text, splices)
}

interface Style {
  newline: string
  unit: string
  quote: '"' | '\''
  keyQuote: '"' | '\'' | ''
  /** Objects are written over several lines. */
  block: boolean
  colonGap: string
}

/** How this text is written, judged by its first members. An empty text is written as plain JSON. */
function styleOf(document: Json5Document): Style {
  const { text, root } = document
  const first = root?.kind === 'object' ? root.members[0] : undefined
  const indented = /(?:^|[\n\r])([ \t]+)(?=["'\p{L}_$])/u.exec(text)?.[1]
  return {
    newline: /\r\n|\n|\r/.exec(text)?.[0] ?? '\n',
    unit: first !== undefined && indented !== undefined && /[\n\r]/.test(text.slice(0, first.keySpan.start)) ? indented : '  ',
    quote: firstStringQuote(root) ?? (first?.quote === '\'' ? '\'' : '"'),
    keyQuote: first?.quote ?? '"',
    block: first === undefined || /[\n\r]/.test(text.slice(root?.start ?? 0, first.keySpan.start)),
    colonGap: first !== undefined && !/\s/.test(text.slice(first.keySpan.end, first.value.start)) ? '' : ' ',
  }

  function firstStringQuote(node: Json5Node | undefined): '"' | '\'' | undefined {
    if (node === undefined) return undefined
    if (node.kind === 'scalar') return typeof node.value === 'string' ? (text[node.start] as '"' | '\'') : undefined
    const inner = node.kind === 'object' ? node.members : node.elements
    for (const { value } of inner) {
      const quote = firstStringQuote(value)
      if (quote !== undefined) return quote
    }
    return undefined
  }
}

function indentAt(text: string, offset: number): string {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1
  return /^[\t ]*/.exec(text.slice(lineStart))?.[0] ?? ''
}

function write(value: unknown, style: Style, indent: string, block: boolean): string {
  if (typeof value === 'string') return writeString(value, style.quote)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value) || isObject(value)) {
    const inner = indent + style.unit
    const entries = Array.isArray(value)
      ? value.map((entry) => write(entry === undefined ? null : entry, style, inner, block))
      : Object.entries(value).filter(([, entry]) => entry !== undefined)
        .map(([key, entry]) => `${writeKey(key, style)}:${block ? ' ' : style.colonGap}${write(entry, style, inner, block)}`)
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
    if (entries.length === 0) return `${open}${close}`
    const flat = Array.isArray(value) && value.every((entry) => typeof entry !== 'object' || entry === null)
    const oneLine = entries.join(style.block ? ', ' : ',')
    if (!block || (flat && oneLine.length <= 80)) return `${open}${oneLine}${close}`
    return `${open}${style.newline}${entries.map((entry) => inner + entry).join(`,${style.newline}`)}${style.newline}${indent}${close}`
  }
  return JSON.stringify(value) ?? 'null'
}

function writeKey(key: string, style: Style): string {
  return style.keyQuote === '' ? (isPlainName(key) ? key : writeString(key, style.quote)) : writeString(key, style.keyQuote)
}

function writeString(value: string, quote: '"' | '\''): string {
  const json = JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
  return quote === '"' ? json : `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll('\'', '\\\'')}'`
}
