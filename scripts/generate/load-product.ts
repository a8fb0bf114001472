/** The product's definitions as values: bundled with the indexes as they should be, so that a stale index on disk changes nothing. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Channel, Command, FlagSpec, Migration, Section } from '@moltbot/contract'
import { rolldown } from 'rolldown'
import { projectRoot } from '../source-tree.ts'
import type { SourceFile } from '../source-tree.ts'
import { shelfEntries, shelves } from './indexes.ts'

export interface Product {
  sections: readonly Section[]
  migrations: readonly Migration[]
  channels: readonly Channel[]
  checks: readonly { id: string; severity: string; title: string; fix?: unknown }[]
  methods: readonly { name: string; scope: string; summary: string; params: JsonSchema; result: JsonSchema }[]
  chatCommands: readonly { name: string; aliases: readonly string[]; description: string; args: string; ownerOnly: boolean }[]
  /** By file name (`config-set`). */
  commands: ReadonlyMap<string, Command>
  globalFlags: Readonly<Record<string, FlagSpec>>
  groups: Readonly<Record<string, { summary: string }>>
  /** Meaning by code, from the `problems.ts` catalogues that are tables. */
  problems: Readonly<Record<string, string>>
  configPages(sections: readonly Section[]): { path: string; title: string; markdown: string }[]
  configSchema(sections: readonly Section[]): Record<string, unknown>
  openSqlite(file: string): Promise<{ exec(sql: string): void; prepare(sql: string): { all(...values: unknown[]): Record<string, unknown>[] }; close(): void }>
}

export interface JsonSchema {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  allOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  patternProperties?: Record<string, JsonSchema>
  required?: string[]
  description?: string
}

const entry = '\0product'

/** `indexes`: generated texts that stand in for the files on disk. */
export async function loadProduct(tree: readonly SourceFile[], indexes: ReadonlyMap<string, string>): Promise<Product> {
  const commands = shelfEntries(tree, shelves.commands)
  const catalogues = tree.filter(({ path }) => /\/src\/(.*\/)?problems\.ts$/.test(path))
  const at = (path: string): string => JSON.stringify(join(projectRoot, path))
  const source = [
    `export { sections, migrations } from ${at('gateway/src/sections.ts')}`,
    `export { channels } from ${at('gateway/src/channels.gen.ts')}`,
    `export { checks } from ${at('checks/src/index.gen.ts')}`,
    `export { methods } from ${at('gateway/src/api/methods/index.gen.ts')}`,
    `export { chatCommands } from ${at('gateway/src/journey/commands/index.ts')}`,
    `export { configPages, configSchema, configSections } from ${at('gateway/src/foundation/config/index.ts')}`,
    `export { openSqlite } from ${at('gateway/src/foundation/platform/index.ts')}`,
    `export { globalFlags } from ${at('cli/src/parse-arguments.ts')}`,
    `export { groups } from ${at('cli/src/groups.ts')}`,
    ...commands.map(({ path, local }, index) => `export { ${local} as command${index} } from ${at(path)}`),
    ...catalogues.map(({ path }, index) => `export * as catalogue${index} from ${at(path)}`),
  ].join('\n')
  const texts = new Map([...indexes].map(([path, text]) => [join(projectRoot, path), text]))

  const bundle = await rolldown({
    cwd: projectRoot, platform: 'node', input: entry,
    // Everything is in one entry here, so what the product loads late is not late.
    onLog: (level, log, handler) => { if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') handler(level, log) },
    external: [/^node:/, 'baileys', 'playwright-core', '@photostructure/sqlite', '@node-rs/argon2', 'canvas', 'bufferutil', 'utf-8-validate', 'zlib-sync', 'supports-color', 'encoding'],
    plugins: [{
      name: 'indexes-as-they-should-be',
      resolveId: (id) => (id === entry ? { id: entry, moduleSideEffects: true } : texts.has(id) ? id : null),
      load: (id) => (id === entry ? { code: source, moduleType: 'ts' } : texts.has(id) ? { code: texts.get(id) ?? '', moduleType: 'ts' } : null),
    }],
  })
  const folder = join(projectRoot, 'node_modules', '.cache', `generate-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  try {
    await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'product.mjs', chunkFileNames: '[name]-[hash].mjs' })
    const loaded = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'product.mjs')).href)) as Record<string, unknown>
    return {
      ...(loaded as unknown as Omit<Product, 'commands' | 'problems' | 'sections'>),
      sections: [...(loaded['sections'] as Section[]), ...(loaded['configSections'] as Section[])],
      commands: new Map(commands.map(({ name }, index) => [name, loaded[`command${index}`] as Command])),
      problems: Object.fromEntries(catalogues.flatMap((_, index) => Object.values(loaded[`catalogue${index}`] as Record<string, unknown>).flatMap((table) => tableEntries(table)))),
    }
  } finally {
    await bundle.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function tableEntries(table: unknown): [string, string][] {
  if (typeof table !== 'object' || table === null) return []
  return Object.entries(table).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
}
