/**
 * The bundle's entry, `dist/gateway.mjs`: runs `gateway.cjs` beside it with what V8 kept of compiling it (`gateway.cache`, made
 * by the build), which is a third of the time a start takes. Without that file, or with another version of Node, it is compiled anew.
 */
import { existsSync, readFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script, constants } from 'node:vm'
import type { GatewayModule } from '@moltbot/contract'

const here = dirname(fileURLToPath(import.meta.url))
const file = join(here, 'gateway.cjs')
const cache = join(here, 'gateway.cache')

/** The compiled bundle; the build asks it for what to keep. */
export const script = new Script(Module.wrap(readFileSync(file, 'utf8')), {
  filename: file, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER, ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
})

const loaded: { exports: GatewayModule } = { exports: {} as GatewayModule }
const run = script.runInThisContext() as (exports: unknown, require: NodeJS.Require, module: unknown, filename: string, dirname: string) => void
run(loaded.exports, createRequire(file), loaded, file, here)

const { runGateway, offlineConfig, offlineReview, offlineAudit, offlineVault, offlineBackup, sealedSecret, ...unnamed } = loaded.exports
// Whatever is not named here is missing for the command line of what is built: then this does not compile.
unnamed satisfies Record<string, never>
export { runGateway, offlineConfig, offlineReview, offlineAudit, offlineVault, offlineBackup, sealedSecret }
