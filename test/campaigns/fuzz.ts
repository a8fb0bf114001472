/**
 * The properties of `test/properties`, tried many more times than `npm test` does, each round with another seed. What fails is printed with its seed and
 * its smallest case. `npm run fuzz -- [--times 20] [--rounds 5] [--seed 1] [--only test/properties/frames.test.ts]`. `npm run render-fuzz` tries splitting and
 * rendering alone, with a hundred thousand documents for every network.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectRoot } from '../../scripts/source-tree.ts'

const { values } = parseArgs({ options: { times: { type: 'string', default: '20' }, rounds: { type: 'string', default: '1' }, only: { type: 'string', default: 'test/properties' }, seed: { type: 'string', default: String(Date.now() % 2 ** 31) } } })
let failed = 0
for (let round = 0; round < Number(values.rounds); round += 1) {
  const seed = Number(values.seed) + round
  process.stdout.write(`round ${round + 1} of ${values.rounds}, seed ${seed}, ${values.times} times as often\n`)
  const { status } = spawnSync(process.execPath, [join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs'), 'run', values.only, '--testTimeout=3600000'], {
    cwd: projectRoot, stdio: 'inherit', env: { ...process.env, FUZZ_TIMES: values.times, FUZZ_SEED: String(seed) },
  })
  if (status !== 0) failed += 1
}
process.stdout.write(failed === 0 ? 'No property was broken.\n' : `Broken in ${failed} of ${values.rounds} rounds.\n`)
process.exitCode = failed === 0 ? 0 : 1
