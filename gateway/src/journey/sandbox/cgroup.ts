import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Limits } from './isolation.ts'

/** A group of the kernel's in which one command is counted and ended as a whole. */
export interface Cgroup {
  /** Files into which a process writes 0 to join. */
  joins: readonly string[]
  /** Ends everything in it at once. */
  kill(): void
  /** Takes the empty group away. */
  remove(): void
}

export interface Cgroups { make(limits: Limits): Cgroup | undefined }

/**
 * What this process may make of control groups: version 2 below its own group, else the memory and process groups of
 * version 1. Undefined: nothing, as for most ordinary users.
 */
export function openCgroup(root = '/sys/fs/cgroup', own = '/proc/self/cgroup'): Cgroups | undefined {
  let count = 0
  const named = (): string => `moltbot-${process.pid}-${(count += 1)}`
  let lines: string[]
  try {
    lines = readFileSync(own, 'utf8').trim().split('\n')
  } catch {
    // No such thing on this system.
    return undefined
  }
  const groupOf = (controller: string): string | undefined => lines.map((line) => line.split(':')).find(([, controllers = '']) => (controller === '' ? controllers === '' : controllers.split(',').includes(controller)))?.[2]

  const unified = groupOf('')
  const base = unified === undefined ? undefined : join(root, unified)
  if (base !== undefined && existsSync(join(base, 'cgroup.subtree_control')) && attempt(() => writeFileSync(join(base, 'cgroup.subtree_control'), '+memory +pids'))) {
    removeOrphans(base)
    return {
      make(limits) {
        const path = join(base, named())
        const made = attempt(() => {
          mkdirSync(path)
          writeFileSync(join(path, 'memory.max'), String(limits.memoryMb * 1024 * 1024))
          writeFileSync(join(path, 'pids.max'), String(limits.processes + 3))
        })
        attempt(() => writeFileSync(join(path, 'memory.swap.max'), '0'))
        if (!made) return undefined
        return { joins: [join(path, 'cgroup.procs')], kill: () => void attempt(() => writeFileSync(join(path, 'cgroup.kill'), '1')), remove: () => removeGroup(path) }
      },
    }
  }

  const [memory, pids] = ['memory', 'pids'].map((controller) => {
    const group = groupOf(controller)
    return group === undefined ? undefined : join(root, controller, group)
  })
  if (memory === undefined || pids === undefined) return undefined
  const trial = named()
  const mayMake = [memory, pids].every((path) => attempt(() => {
    mkdirSync(join(path, trial))
    rmdirSync(join(path, trial))
  }))
  if (!mayMake) return undefined
  for (const path of [memory, pids]) removeOrphans(path)
  return {
    make(limits) {
      const name = named()
      const made = attempt(() => {
        mkdirSync(join(memory, name))
        mkdirSync(join(pids, name))
        writeFileSync(join(memory, name, 'memory.limit_in_bytes'), String(limits.memoryMb * 1024 * 1024))
        // Beside the command: bubblewrap on both sides of the wall, and its first process.
        writeFileSync(join(pids, name, 'pids.max'), String(limits.processes + 3))
      })
      const remove = (): void => {
        removeGroup(join(memory, name))
        removeGroup(join(pids, name))
      }
      if (!made) {
        remove()
        return undefined
      }
      return {
        joins: [join(memory, name, 'cgroup.procs'), join(pids, name, 'cgroup.procs')],
        kill() {
          attempt(() => {
            for (const pid of readFileSync(join(pids, name, 'cgroup.procs'), 'utf8').trim().split('\n')) if (pid !== '') attempt(() => process.kill(Number(pid), 'SIGKILL'))
          })
        },
        remove,
      }
    },
  }
}

/** Empty groups of gateways that were killed. */
function removeOrphans(base: string): void {
  attempt(() => {
    for (const name of readdirSync(base)) {
      const maker = /^moltbot-(\d+)-\d+$/.exec(name)?.[1]
      if (maker !== undefined && !existsSync(`/proc/${maker}`)) attempt(() => rmdirSync(join(base, name)))
    }
  })
}

const leftOver = new Set<string>()

/** The kernel lets go of a group a moment after its last process: what could not be taken away is tried again with the next. */
function removeGroup(path: string): void {
  leftOver.add(path)
  for (const each of leftOver) if (attempt(() => rmdirSync(each)) || !existsSync(each)) leftOver.delete(each)
}

/** Whether the kernel took it. What it refuses is a limit we don't have, not a failure. */
function attempt(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    // Refused: the caller decides what that means.
    return false
  }
}
