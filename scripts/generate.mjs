#!/usr/bin/env node
/**
 * Writes everything that is derived from definitions: the shelves' indexes and the reference pages in `docs/reference`.
 * `--check` writes nothing and fails, naming the files that are not as they would be written.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { register } from 'tsx/esm/api'

register()
const { generate, generatedFolder } = await import('./generate/generate.ts')
const { projectRoot } = await import('./source-tree.ts')

const check = process.argv.includes('--check')
const files = await generate()
const stale = []
for (const [path, text] of files) {
  const file = join(projectRoot, path)
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
  stale.push(path)
  if (check) continue
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
for (const name of existsSync(join(projectRoot, generatedFolder)) ? readdirSync(join(projectRoot, generatedFolder)) : []) {
  const path = `${generatedFolder}/${name}`
  if (files.has(path)) continue
  stale.push(path)
  if (!check) rmSync(join(projectRoot, path))
}
if (stale.length === 0) console.log(`${files.size} generated files are up to date.`)
else if (check) {
  console.error(`These files are not what their definitions say:\n${stale.map((path) => `  ${path}`).join('\n')}\nRun: npm run generate`)
  process.exitCode = 1
} else console.log(`Written:\n${stale.map((path) => `  ${path}`).join('\n')}`)
