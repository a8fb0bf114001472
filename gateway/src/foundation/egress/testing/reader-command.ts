import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll } from 'vitest'

/** The reading process as people run it: bundled, and with Node's own limits on what it may open. Call once, at the top of a test file. */
export function builtReader(): (memoryMb?: number) => Promise<{ file: string; args: string[] }> {
  let built: Promise<string> | undefined
  afterAll(async () => {
    if (built !== undefined) rmSync(await built, { recursive: true, force: true })
  })
  return async (memoryMb = 384) => {
    const folder = await (built ??= build())
    const permission = Number(process.versions.node.split('.')[0]) > 23 ? '--permission' : '--experimental-permission'
    return { file: process.execPath, args: [`--max-old-space-size=${memoryMb}`, permission, '--disallow-code-generation-from-strings', `--allow-fs-read=${folder}/*`, join(folder, 'reader.mjs')] }
  }
}

async function build(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'moltbot-reader-')))
  const bundle = await rolldown({ platform: 'node', input: { reader: join(import.meta.dirname, '..', 'reading', 'reader-process.ts') }, external: [/^node:/, 'canvas'], logLevel: 'silent', resolve: { conditionNames: ['import', 'node', 'default'] } })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs' })
  await bundle.close()
  return folder
}
