import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { projectRoot } from '../../scripts/source-tree.ts'

/** A program that uses nothing of them does without: its user may not be one who can read this folder. */
const forTests = ['vitest', 'rolldown', 'rolldown/parseAst']

/**
 * A program of a test as one file, and the file: for processes that come and go by the dozen, each of which would take more than a
 * second to start from its source. Given as the path of its source below the root, or as text whose imports begin there (`./gateway/src/…`).
 */
export async function bundleProgram(source: { file: string } | { text: string }): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'moltbot-program-')))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  // Another user may run it.
  chmodSync(folder, 0o755)
  // What is native is loaded from where it lies.
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  const input = 'file' in source ? join(projectRoot, source.file) : join(folder, 'source.ts')
  if ('text' in source) writeFileSync(input, source.text.replaceAll(/from '\.\//g, `from '${projectRoot}/`))
  const bundle = await rolldown({
    cwd: projectRoot, platform: 'node', input, logLevel: 'silent',
    treeshake: { moduleSideEffects: (id) => !forTests.includes(id) },
    resolve: { conditionNames: ['import', 'node', 'default'] },
    external: [/^node:/, ...forTests, '@photostructure/sqlite', '@node-rs/argon2', 'playwright-core', 'baileys', 'bufferutil', 'utf-8-validate', 'canvas'],
  })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'program.mjs', chunkFileNames: '[name]-[hash].mjs' })
  await bundle.close()
  return join(folder, 'program.mjs')
}
