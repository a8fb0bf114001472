import { readdirSync, readFileSync } from 'node:fs'

/** A process as the system tells of it. */
export interface ProcessFacts { pid: number; parent: number; state: string; command: string }

/** Everything that descends from a process, itself included. Empty where the system shows no `/proc`. */
export function processesUnder(root: number): ProcessFacts[] {
  const all = new Map<number, ProcessFacts>()
  let names: string[] = []
  try {
    names = readdirSync('/proc')
  } catch {
    // macOS has none; the sandbox's own list of commands is in the evidence all the same.
    return []
  }
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The name in brackets may hold anything, brackets too.
      const [state = '?', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ').trim() || stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1)
      all.set(Number(name), { pid: Number(name), parent: Number(parent), state, command: command.slice(0, 2_000) })
    } catch {
      // It ended between the two looks.
    }
  }
  const under = (facts: ProcessFacts, depth = 0): boolean => facts.pid === root || (depth < 64 && all.has(facts.parent) && under(all.get(facts.parent) as ProcessFacts, depth + 1))
  return [...all.values()].filter((facts) => under(facts))
}
