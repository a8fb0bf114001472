import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, type SpawnedGateway } from '../test/support/spawned-gateway.ts'
import type { Figure } from './results.ts'
import { median, quantile } from './statistics.ts'

/** Commands as people type them, each a process from start to end, in turns with an empty Node program. */
export async function measureCli(gateway: SpawnedGateway, runs: number): Promise<Figure[]> {
  const command = join(root, 'bin', 'moltbot')
  const times = { empty: [] as number[], version: [] as number[], help: [] as number[], status: [] as number[] }
  for (let run = -1; run < runs; run += 1) {
    const round = {
      empty: await timed(['-e', '0'], gateway), version: await timed([command, '--version'], gateway), help: await timed([command, '--help'], gateway),
      status: await timed([command, 'status', '--url', `ws://127.0.0.1:${gateway.port}`], gateway),
    }
    if (run < 0) continue
    for (const name of ['empty', 'version', 'help', 'status'] as const) times[name].push(round[name])
  }
  const spread = (values: readonly number[]): string => `median of ${values.length}; p95 ${quantile(values, 0.95).toFixed(0)} ms; an empty Node program beside it: ${median(times.empty).toFixed(0)} ms`
  return [
    { what: '`moltbot --version`', unit: 'ms', value: median(times.version), budget: 80, how: spread(times.version) },
    { what: '`moltbot --help`', unit: 'ms', value: median(times.help), how: spread(times.help) },
    { what: '`moltbot status`, gateway running', unit: 'ms', value: median(times.status), how: spread(times.status) },
  ]
}

function timed(words: string[], gateway: SpawnedGateway): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, words, { env: { HOME: gateway.home, PATH: process.env['PATH'] ?? '', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => { said += data.toString('utf8') })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - startedAt)
      else reject(new Error(`moltbot ${words.slice(1).join(' ')} ended with ${code}: ${said.slice(0, 500)}`))
    })
  })
}
