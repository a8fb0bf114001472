#!/usr/bin/env node
/**
 * Builds what users run into `dist/`: the command line and the gateway as bundles with lazy chunks, and the page.
 * `node scripts/build.mjs [code|ui]` builds one of the two only.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const only = process.argv[2]

/** Found at run time, or not at all: native parts, and optional extras of libraries that work without them. */
const external = [/^node:/, '@photostructure/sqlite', '@node-rs/argon2', 'bufferutil', 'utf-8-validate', 'zlib-sync', 'supports-color', 'encoding', 'canvas']

if (only === undefined || only === 'code') {
  dropOldChunks(join(root, 'dist', 'chunks'))
  const bundle = await rolldown({
    cwd: root,
    platform: 'node',
    input: { gateway: 'gateway/src/process.ts', cli: 'cli/src/main.ts', reader: 'gateway/src/foundation/egress/reading/reader-process.ts' },
    external,
    logLevel: 'warn',
    resolve: { conditionNames: ['import', 'node', 'default'] },
  })
  await bundle.write({
    dir: join(root, 'dist'), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs', minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    comments: { legal: false, annotation: false, jsdoc: false },
  })
  await bundle.close()
}
if (only === undefined || only === 'ui') {
  const { build } = await import('vite')
  await build({ root: join(root, 'ui'), configFile: join(root, 'ui', 'vite.config.ts'), logLevel: 'warn' })
}

/** Chunks of earlier builds stay for a month: a gateway that still runs loads some of them late. */
function dropOldChunks(folder) {
  if (!existsSync(folder)) return
  const monthAgo = Date.now() - 30 * 24 * 60 * 60_000
  for (const name of readdirSync(folder)) if (statSync(join(folder, name)).mtimeMs < monthAgo) rmSync(join(folder, name))
}
