import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import Value from 'typebox/value'
import type { AgentId, PrincipalId, SessionKey } from '@moltbot/contract'
import { countingIds, memoryLogger, realClock } from '@moltbot/contract/testing'
import { createEgressWorld, type EgressWorld } from '../../gateway/src/foundation/egress/testing/egress-world.ts'
import type { BrowserSubject, BrowsersOptions } from '../../gateway/src/journey/sandbox/browser/create-browsers.ts'
import type { BrowserConfig } from '../../gateway/src/journey/sandbox/browser/index.ts'
import { browserSection, bwrapIsolation, createBrowsers, type BrowserRoom, type Isolation } from '../../gateway/src/journey/sandbox/index.ts'

export const browserSubject: BrowserSubject = {
  agent: 'main' as AgentId, session: 'agent:main:main' as SessionKey, principal: 'owner' as PrincipalId, owner: true, privy: true, label: { tainted: () => false, mayReach: () => true, tookStrange() {} },
}

export interface BrowserWorld {
  world: EgressWorld
  room: BrowserRoom
  stateDir: string
  close(): Promise<void>
}

/** A machine that does other things as well may take ten times as long; pages that hang are tried with limits of their own. */
export const patientLimits = { actionSeconds: 58, navigationSeconds: 58 } as const

/** The product's room of browsers over the product's egress, with a network of the test's own. */
export async function browserWorld(config: Partial<BrowserConfig> = {}, over: Partial<BrowsersOptions> = {}): Promise<BrowserWorld> {
  const stateDir = mkdtempSync(join(tmpdir(), 'moltbot-browser-'))
  const world = await createEgressWorld()
  const room = createBrowsers({
    stateDir, config: () => ({ ...(Value.Default(browserSection.schema, {}) as BrowserConfig), ...patientLimits, ...config }), sandbox: () => ({ backend: 'auto', diskReserveMb: 0 }), own: [stateDir], isolation: () => bwrapIsolation({ clock: realClock }),
    egress: world.egress, clock: realClock, newId: countingIds(), random: randomBytes, log: memoryLogger(), ...over,
  })
  return {
    world, room, stateDir,
    async close() {
      await room.close()
      await world.close()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** How long a browser's words are kept back below: longer than it takes to answer what it is asked about a new page. */
const atOnceMs = 500

/** Like `real`; but all that a browser says in the half second after a page opened another one arrives at once, as it does on a machine that does other things as well. */
export function saysAtOnce(real: Isolation): Isolation {
  return {
    ...real,
    start(program) {
      const it = real.start(program)
      if (it.control === undefined) return it
      const fromProgram = new PassThrough()
      let kept: Buffer[] | undefined
      it.control.fromProgram.on('data', (piece: Buffer) => {
        if (kept !== undefined) return void kept.push(piece)
        fromProgram.write(piece)
        if (!/"Target\.attachedToTarget".*"openerId"/s.test(piece.toString('latin1'))) return
        kept = []
        setTimeout(() => {
          fromProgram.write(Buffer.concat(kept ?? []))
          kept = undefined
        }, atOnceMs)
      })
      it.control.fromProgram.on('close', () => fromProgram.destroy())
      return { ...it, control: { ...it.control, fromProgram } }
    },
  }
}

/** The browser's processes below this one, outermost first. */
export function chromiumsBelow(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      parents.set(Number(name), Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? 0))
    } catch {
      // It ended while we looked.
    }
  }
  const isBelow = (each: number): boolean => {
    for (let at = parents.get(each); at !== undefined && at > 1; at = parents.get(at)) if (at === pid) return true
    return false
  }
  return [...parents.keys()].filter((each) => isBelow(each) && /^\S*\/chrom(?:e|ium)(?:\s|$)/.test(argumentsOf(each)[0] ?? '')).sort((a, b) => a - b)
}

export function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It ended while we looked.
    return []
  }
}

/** Ports on which anything listens in the network of a process. */
export function portsAround(pid: number): number[] {
  return ['tcp', 'tcp6'].flatMap((family) => readFileSync(`/proc/${pid}/net/${family}`, 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === '0A').map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '0', 16)))
}
