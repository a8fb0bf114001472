#!/usr/bin/env node
/**
 * Builds what users run into `dist/`: the command line and the gateway as bundles with lazy chunks, and the page.
 * `node scripts/build.mjs [code|ui]` builds one of the two only.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const only = process.argv[2]

/** Found at run time, or not at all: native parts, what loads parts of its own by name (the browser's protocol), optional extras of libraries that work without them, and what may not be part of what we ship. */
const external = [/^node:/, '@photostructure/sqlite', '@node-rs/argon2', 'playwright-core', 'baileys', 'bufferutil', 'utf-8-validate', 'zlib-sync', 'supports-color', 'encoding', 'canvas']

if (only === undefined || only === 'code') {
  const dist = join(root, 'dist')
  dropOldChunks(join(dist, 'chunks'))
  // Never beside a bundle it was not made from.
  rmSync(join(dist, 'gateway.cache'), { force: true })
  await bundleInto({ gateway: 'gateway/src/process.ts' }, 'cjs')
  await bundleInto({ gateway: 'gateway/src/load-bundle.ts', cli: 'cli/src/main.ts', reader: 'gateway/src/foundation/egress/reading/reader-process.ts', channel: 'gateway/src/channel-process.ts' }, 'esm')
  keepCompiled(dist)
}
if (only === undefined || only === 'ui') {
  const { build } = await import('vite')
  await build({ root: join(root, 'ui'), configFile: join(root, 'ui', 'vite.config.ts'), logLevel: 'warn' })
}

async function bundleInto(input, format) {
  const bundle = await rolldown({ cwd: root, platform: 'node', input, external, logLevel: 'warn', resolve: { conditionNames: ['import', 'node', 'default'] } })
  const extension = format === 'cjs' ? 'cjs' : 'mjs'
  await bundle.write({
    dir: join(root, 'dist'), format, entryFileNames: `[name].${extension}`, chunkFileNames: `chunks/[name]-[hash].${extension}`,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } }, comments: { legal: false, annotation: false, jsdoc: false },
    // V8 forgets, of compiled code that was kept, how to import.
    ...(format === 'cjs' ? { dynamicImportInCjs: false } : {}),
  })
  await bundle.close()
}

/** Starts the gateway once, on a home of its own, so that V8 has compiled what a start needs, and keeps that. A start without it is only slower. */
function keepCompiled(dist) {
  const home = mkdtempSync(join(tmpdir(), 'moltbot-build-'))
  try {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'keep-compiled.mjs'), dist], {
      env: { PATH: process.env.PATH, HOME: home, MOLTBOT_QUIET: '1' }, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000,
    })
    if (status !== 0) console.error(`The compiled gateway was not kept; it starts a little slower: ${String(stderr).trim().slice(0, 500)}`)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Chunks of earlier builds stay for a month: a gateway that still runs loads some of them late. */
function dropOldChunks(folder) {
  if (!existsSync(folder)) return
  const monthAgo = Date.now() - 30 * 24 * 60 * 60_000
  for (const name of readdirSync(folder)) if (statSync(join(folder, name)).mtimeMs < monthAgo) rmSync(join(folder, name))
}
