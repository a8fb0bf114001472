/**
 * The source of this project as facts: which file imports what, which strings stand in it, how it opens. Read by the generator
 * and by the architecture test. Parses, never runs what it reads.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'

export const projectRoot: string = join(dirname(fileURLToPath(import.meta.url)), '..')

export interface SourceImport {
  /** As written. */
  specifier: string
  /** The file in this project it leads to, from the root; undefined for packages and for what is not there. */
  target: string | undefined
  /** Nothing of it is left at run time. */
  typeOnly: boolean
  /** `import()` at run time. */
  dynamic: boolean
  line: number
}

export interface SourceString { value: string; line: number }

export interface SourceFile {
  /** From the root, with `/`. */
  path: string
  text: string
  imports: SourceImport[]
  /** String literals and the fixed parts of templates, without import specifiers. */
  strings: SourceString[]
  /** Names this file exports, `default` among them. */
  exports: string[]
  /** Top-level `export … = defineX(…)` and `export default defineX(…)`. */
  definitions: { maker: string; exported: string }[]
  /** `new Problem('code', 'sentence', { next })`; what is only known at run time stands as `…`. */
  problems: { code: string; sentence: string; next: string | undefined; line: number }[]
  /** Lines of the type `any`. */
  anyTypes: number[]
  /** Lines of `process.env` and `import.meta.env`. */
  environment: number[]
  /** What the surroundings give without being asked: `fetch`, `Date.now`, `new Date()`, `Math.random`, `setTimeout`, `console`, `process`. */
  ambient: SourceString[]
  /** Functions with a body of statements, by their name or the name they are given. */
  functions: { name: string; line: number; lines: number }[]
}

const folders = ['contract', 'models', 'tools', 'checks', 'gateway', 'cli', 'ui', 'channels', 'test', 'bench', 'scripts', 'bin']
const skipped = new Set(['node_modules', 'dist', 'coverage', 'test-results', '.cache'])
const ambientNames = new Set(['fetch', 'process', 'crypto', 'setTimeout', 'setInterval', 'setImmediate', 'WebSocket', 'console', 'globalThis', 'eval'])
const ambientMembers = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'crypto.getRandomValues'])

/** Where every TypeScript file of the project stands, sorted. */
export function sourcePaths(root: string = projectRoot): string[] {
  const paths: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) { if (!skipped.has(entry.name)) walk(path) } else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')) paths.push(path)
    }
  }
  const top = new Set(readdirSync(root))
  for (const folder of folders) if (top.has(folder)) walk(folder)
  for (const name of top) if (/^[a-z.-]+\.ts$/.test(name)) paths.push(name)
  return paths.sort()
}

/** Every TypeScript file of the project, sorted by path. Takes seconds: whoever needs texts only reads `sourcePaths`. */
export function readSourceTree(root: string = projectRoot): SourceFile[] {
  const paths = sourcePaths(root)
  const known = new Set(paths)
  const packages = workspacePackages(root)
  return paths.map((path) => readSource(path, readFileSync(join(root, path), 'utf8'), (specifier) => resolveSpecifier(path, specifier, known, packages)))
}

/** Entry files of the workspace's own packages, by specifier (`@moltbot/contract`, `@moltbot/contract/testing`). */
export function workspacePackages(root: string = projectRoot): Map<string, string> {
  const found = new Map<string, string>()
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] }
  for (const pattern of manifest.workspaces) {
    const places = pattern.endsWith('/*')
      ? readdirSync(join(root, pattern.slice(0, -2)), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => posix.join(pattern.slice(0, -2), entry.name))
      : [pattern]
    for (const place of places) {
      const { name, exports } = JSON.parse(readFileSync(join(root, place, 'package.json'), 'utf8')) as { name: string; exports: Record<string, string> }
      for (const [entry, file] of Object.entries(exports)) found.set(posix.join(name, entry), posix.join(place, file))
    }
  }
  return found
}

function resolveSpecifier(from: string, specifier: string, known: ReadonlySet<string>, packages: ReadonlyMap<string, string>): string | undefined {
  if (!specifier.startsWith('.')) return packages.get(specifier)
  const path = posix.join(posix.dirname(from), specifier)
  return known.has(path) ? path : undefined
}

interface Node { type: string; start: number; end: number; [key: string]: unknown }

function readSource(path: string, text: string, resolve: (specifier: string) => string | undefined): SourceFile {
  const file: SourceFile = { path, text, imports: [], strings: [], exports: [], definitions: [], problems: [], anyTypes: [], environment: [], ambient: [], functions: [] }
  const declared = new Set<string>()
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  const lineOf = (node: Node): number => {
    let low = 0
    let high = lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((lineStarts[middle] ?? 0) <= node.start) low = middle
      else high = middle - 1
    }
    return low + 1
  }
  const addImport = (source: Node, typeOnly: boolean, dynamic: boolean): void => {
    const specifier = String(source['value'])
    file.imports.push({ specifier, target: resolve(specifier), typeOnly, dynamic, line: lineOf(source) })
  }
  const program = parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path) as unknown as Node & { body: Node[] }
  for (const statement of program.body) readExport(file, statement)

  const visit = (node: Node, parent: Node | undefined, key: string): void => {
    const body = /Function/.test(node.type) ? (node['body'] as Node | null) : null
    if (body?.type === 'BlockStatement') file.functions.push({ name: functionName(node, parent), line: lineOf(node), lines: text.slice(node.start, node.end).split('\n').length })
    switch (node.type) {
      case 'ImportDeclaration': case 'ExportNamedDeclaration': case 'ExportAllDeclaration': {
        const source = node['source'] as Node | null
        const specifiers = (node['specifiers'] ?? []) as Node[]
        const kind = node['importKind'] ?? node['exportKind']
        if (source !== null && source !== undefined) {
          addImport(source, kind === 'type' || (specifiers.length > 0 && specifiers.every((each) => each['importKind'] === 'type' || each['exportKind'] === 'type')), false)
          return
        }
        break
      }
      case 'ImportExpression':
        if ((node['source'] as Node).type === 'Literal') addImport(node['source'] as Node, false, true)
        else file.imports.push({ specifier: '(computed)', target: undefined, typeOnly: false, dynamic: true, line: lineOf(node) })
        return
      case 'TSImportType':
        addImport(node['source'] as Node, true, false)
        return
      case 'TSAnyKeyword': file.anyTypes.push(lineOf(node)); break
      case 'Literal': if (typeof node['value'] === 'string') file.strings.push({ value: node['value'], line: lineOf(node) }); break
      case 'TemplateElement': file.strings.push({ value: String((node['value'] as { cooked?: string }).cooked ?? ''), line: lineOf(node) }); break
      case 'MemberExpression': {
        const { object, property } = node as unknown as { object: Node; property: Node }
        if (property['name'] === 'env' && (object['name'] === 'process' || object.type === 'MetaProperty')) file.environment.push(lineOf(node))
        const name = `${String(object['name'])}.${String(property['name'])}`
        if (ambientMembers.has(name)) file.ambient.push({ value: name, line: lineOf(node) })
        break
      }
      case 'NewExpression': {
        const [code, sentence, options] = node['arguments'] as Node[]
        if ((node['callee'] as Node)['name'] === 'Date' && code === undefined) file.ambient.push({ value: 'new Date()', line: lineOf(node) })
        if ((node['callee'] as Node)['name'] === 'Problem' && code !== undefined) {
          const next = ((options?.['properties'] ?? []) as Node[]).find((property) => (property['key'] as Node | undefined)?.['name'] === 'next')
          for (const each of branches(code)) {
            if (each.type === 'Literal') file.problems.push({ code: String(each['value']), sentence: textOf(sentence), next: next === undefined ? undefined : textOf(next['value'] as Node), line: lineOf(each) })
          }
        }
        break
      }
      case 'Identifier':
        if (!ambientNames.has(String(node['name']))) break
        if (isReference(node, parent, key)) file.ambient.push({ value: String(node['name']), line: lineOf(node) })
        else if (declares(parent, key)) declared.add(String(node['name']))
        break
    }
    for (const [name, child] of Object.entries(node)) {
      if (Array.isArray(child)) { for (const each of child) if (isNode(each)) visit(each, node, name) } else if (isNode(child)) visit(child, node, name)
    }
  }
  visit(program, undefined, '')
  file.ambient = file.ambient.filter(({ value }) => !declared.has(value))
  return file
}

function branches(node: Node): Node[] {
  return node.type === 'ConditionalExpression' ? [...branches(node['consequent'] as Node), ...branches(node['alternate'] as Node)] : [node]
}

/** A text as it stands in the source, `…` for what is filled in at run time. */
function textOf(node: Node | undefined): string {
  if (node === undefined) return '…'
  if (node.type === 'Literal') return String(node['value'])
  if (node.type === 'TemplateLiteral') return (node['quasis'] as Node[]).map((part) => (part['value'] as { cooked?: string }).cooked ?? '').join('…')
  if (node.type === 'ConditionalExpression') return [...new Set(branches(node).map(textOf))].join(' / ')
  return '…'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** Whether this identifier is read as a value, and not the name of a property, a parameter or a type. */
function isReference(node: Node, parent: Node | undefined, key: string): boolean {
  if (parent === undefined || parent.type.startsWith('TS')) return false
  if (parent.type === 'MemberExpression') return key === 'object' || parent['computed'] === true
  if (parent.type === 'Property' || parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') return key === 'value' && parent['shorthand'] !== true
  if (parent.type === 'VariableDeclarator') return key === 'init'
  if (parent.type.startsWith('Import') || parent.type.startsWith('Export')) return false
  if (/Function/.test(parent.type)) return key === 'body'
  return parent.type !== 'AssignmentPattern' || key === 'right'
}

function functionName(node: Node, parent: Node | undefined): string {
  const named = (node['id'] ?? parent?.['key'] ?? parent?.['id']) as Node | null | undefined
  return String(named?.['name'] ?? named?.['value'] ?? '(no name)')
}

/** Whether this identifier gives the name a meaning of the file's own: a parameter, a variable, an import, a destructured key. */
function declares(parent: Node | undefined, key: string): boolean {
  if (parent === undefined) return false
  return (parent.type === 'VariableDeclarator' && key === 'id') || (/Function|ArrowFunction/.test(parent.type) && key !== 'body')
    || (parent.type === 'Property' && key === 'value') || (parent.type === 'AssignmentPattern' && key === 'left') || /^Import.*Specifier$/.test(parent.type)
}

function readExport(file: SourceFile, statement: Node): void {
  if (statement.type === 'ExportDefaultDeclaration') {
    file.exports.push('default')
    const maker = makerOf(statement['declaration'] as Node)
    if (maker !== undefined) file.definitions.push({ maker, exported: 'default' })
    return
  }
  if (statement.type !== 'ExportNamedDeclaration') return
  for (const each of statement['specifiers'] as Node[]) file.exports.push(String((each['exported'] as Node)['name']))
  const declaration = statement['declaration'] as Node | null
  if (declaration === null || declaration === undefined) return
  if (declaration.type !== 'VariableDeclaration') {
    file.exports.push(String((declaration['id'] as Node | null)?.['name']))
    return
  }
  for (const each of declaration['declarations'] as Node[]) {
    const name = String((each['id'] as Node)['name'])
    file.exports.push(name)
    const maker = isNode(each['init']) ? makerOf(each['init']) : undefined
    if (maker !== undefined) file.definitions.push({ maker, exported: name })
  }
}

function makerOf(node: Node): string | undefined {
  const name = node.type === 'CallExpression' ? (node['callee'] as Node)['name'] : undefined
  return typeof name === 'string' && name.startsWith('define') ? name : undefined
}
