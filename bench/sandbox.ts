/** What isolation costs: the same command in the sandbox and as a bare process, in turns. By itself: `npx tsx bench/sandbox.ts [runs]` */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realClock } from '@moltbot/contract/testing'
import { bwrapIsolation } from '../gateway/src/journey/sandbox/bwrap.ts'
import { amount, verdictOf, type Figure } from './results.ts'
import { median, quantile } from './statistics.ts'

/** Both ways in turns, so that whatever else the machine does meets both alike. */
export async function measureSandbox(runs: number): Promise<Figure[]> {
  const workspace = mkdtempSync(join(tmpdir(), 'moltbot-bench-'))
  const isolation = bwrapIsolation({ clock: realClock })
  const found = await isolation.check()
  if (!found.available) throw new Error(`${found.reason} ${found.remedy}`)
  const words = ['/bin/bash', '--norc', '--noprofile', '-c', 'true']
  const times = { bare: [] as number[], isolated: [] as number[], over: [] as number[] }
  try {
    for (let run = -2; run < runs; run += 1) {
      const round = {
        bare: await timed(() => new Promise((resolve, reject) => {
          const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
          child.once('close', resolve)
          child.once('error', reject)
        })),
        isolated: await timed(async () => {
          const started = isolation.start({
            words, folder: [], env: {}, workspace, access: 'rw', hidden: [], pty: false, input: false, readOnly: [],
            limits: { memoryMb: 2_048, processes: 512, fileMb: 1_024, openFiles: 1_024, tmpMb: 256 },
          })
          started.output.resume()
          const { code } = await started.ended
          if (code !== 0) throw new Error(`the command ended with ${code}`)
        }),
      }
      if (run < 0) continue
      times.bare.push(round.bare)
      times.isolated.push(round.isolated)
      times.over.push(round.isolated - round.bare)
    }
  } finally {
    rmSync(workspace, { recursive: true, force: true })
  }
  const { bare, isolated, over } = times
  return [
    { what: 'A command in the sandbox, over a bare process', unit: 'ms', value: median(over), budget: 30, how: `${runs} pairs in turns, the median of what each pair differs by; ${median(isolated).toFixed(1)} ms against ${median(bare).toFixed(1)} ms; p95 of the differences ${quantile(over, 0.95).toFixed(1)} ms; from source` },
  ]
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const figure of await measureSandbox(Number(process.argv[2] ?? 60))) console.log(`${verdictOf(figure) === 'kept' ? '✓' : '✗'} ${figure.what}: ${amount(figure.value, figure.unit)} (≤ ${figure.budget} ms); ${figure.how}`)
}
