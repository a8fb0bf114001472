import { cpus, totalmem, type } from 'node:os'
import { amount, verdictOf, type Figure } from './results.ts'

/** What a reader needs to compare numbers with their own machine, and nothing that tells whose it is. */
export interface MachineFacts { system: string; processor: string; cores: number; memoryGb: number; node: string; loadBefore: number; loadAfter: number }

export function machineFacts(loadBefore: number, loadAfter: number): MachineFacts {
  const all = cpus()
  return {
    system: `${type()} ${process.arch}`, processor: all[0]?.model.trim() ?? 'unknown processor', cores: all.length, memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node, loadBefore, loadAfter,
  }
}

const marks = { kept: '✓', missed: '✗', none: '' } as const

/** The page people read; the same numbers give the same bytes. */
export function performancePage(figures: readonly Figure[], machine: MachineFacts, measuredOn: string, note: string): string {
  const rows = figures.map((figure) => `| ${figure.what} | ${amount(figure.value, figure.unit)} | ${figure.budget === undefined ? '' : `≤ ${figure.budget} ${figure.unit}`} | ${marks[verdictOf(figure)]} | ${figure.how} |`)
  return `# Performance

Written by \`npm run bench\`, from the built gateway (but where a row says "from source") in a process of its own, with a scripted model server in another and everything on loopback.
Time of the model server is taken off: each request is also sent to it directly, in the same loop and with the same bytes, and the two are subtracted pair by pair.
Commits are on the disk before anybody hears of them, so the disk is part of every added latency; it is measured alone beside them.

Measured on ${measuredOn}: ${machine.system}, ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}.
Load of the machine before ${machine.loadBefore.toFixed(1)} and after ${machine.loadAfter.toFixed(1)} (the bench itself keeps two to three processes busy).${note === '' ? '' : ` ${note}`}

| what | measured | budget | | how |
|---|---|---|---|---|
${rows.join('\n')}

\`npm run bench -- --check\` measures again without writing this page and fails when a budget is missed by more than twice, or when one message is lost.
\`--only start,latency\` measures parts (start, cli, memory, latency, throughput, history, sockets, sandbox, security, page, channels); \`--quick\` takes fewer samples.
`
}
