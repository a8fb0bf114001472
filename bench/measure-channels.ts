import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createSpawnedGateway, type SpawnedGateway } from '../test/support/spawned-gateway.ts'
import { startSixNetworks } from '../test/support/six-networks.ts'
import { configUnderTest, gatewayToken, residentMb } from './gateway-under-test.ts'
import type { Figure } from './results.ts'
import { quantile } from './statistics.ts'

/** What a network costs that nobody configured, and what all six cost that are connected and silent. */
export async function measureChannels(model: string, seconds: number): Promise<Figure[]> {
  return [await loadedWithoutNetworks(model), await idleWithSix(model, seconds)]
}

/** The parts of the bundle that a gateway without networks has loaded, looked through for the networks' own code. */
async function loadedWithoutNetworks(model: string): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-loaded-'))
  const list = join(folder, 'loaded')
  const watcher = join(folder, 'watch.cjs')
  writeFileSync(watcher, `const { writeFileSync } = require('node:fs'); process.on('SIGUSR2', () => writeFileSync(${JSON.stringify(list)}, Object.keys(require('node:module')._cache).join('\\n')))\n`)
  const gateway = await createSpawnedGateway(configUnderTest({ model }), { NODE_OPTIONS: `--require=${watcher}` })
  try {
    await gateway.start()
    process.kill(gateway.pid ?? 0, 'SIGUSR2')
    const loaded = await readWhenThere(list)
    // Every network's chunk opens a connection; their names are made of the files they come from.
    const networks = loaded.filter((file) => /chunks\/(connect|bluebubbles|imsg|login|poll-line)-/.test(file) || file.includes('/baileys/'))
    return { what: 'Code of networks that are not configured', unit: 'files', value: networks.length, budget: 0, how: `of ${loaded.length} files that a gateway without networks loads; so they cost no time at the start and no memory` }
  } finally {
    await end(gateway)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function readWhenThere(file: string): Promise<string[]> {
  for (;;) {
    try {
      const text = readFileSync(file, 'utf8')
      if (text !== '') return text.split('\n')
    } catch {
      // Not written yet.
    }
    await wait(50)
  }
}

async function idleWithSix(model: string, seconds: number): Promise<Figure> {
  const six = await startSixNetworks()
  const config = configUnderTest({ model })
  const gateway = await createSpawnedGateway({ ...config, channels: six.channels }, six.environment)
  try {
    await gateway.start(60_000)
    await six.connect(gateway, gatewayToken)
    const seen: number[] = []
    for (let second = 0; second < seconds; second += 1) {
      await wait(1_000)
      seen.push(residentMb(gateway.pid))
    }
    return { what: 'Memory, six networks connected, idle', unit: 'MB', value: quantile(seen, 1), budget: 250, how: `resident, the most seen in ${seconds} s after the last of them was connected, all in one process` }
  } finally {
    await end(gateway)
    await six.close()
  }
}

async function end(gateway: SpawnedGateway): Promise<void> {
  await gateway.kill()
  gateway.remove()
}
