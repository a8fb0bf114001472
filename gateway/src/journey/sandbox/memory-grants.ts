import { Problem, type MemoryKeeper, type SessionKey } from '@moltbot/contract'
import type { Memory, MemoryPlace } from '../../foundation/memory/index.ts'
import { originOf, type CallLabel } from './file-labels.ts'

/** Whose turn remembers. */
export interface MemorySubject {
  session: SessionKey
  /** Nobody else reads along. Absent: somebody may. */
  privy?: boolean
  label?: CallLabel
}

export interface MemorySource<Subject extends MemorySubject> {
  memory: Memory
  /** The memory of whoever the turn belongs to. */
  place(subject: Subject): MemoryPlace
  /** The owner's, of which the shared part is everybody's; undefined: it is their own turn. */
  shared(subject: Subject): MemoryPlace | undefined
  /** Somebody's words from outside were written to this file. */
  mark(subject: Subject, path: string): Promise<void>
  /** YYYY-MM-DD where the person is. */
  today(): string
}

/** Where others read along only what is shared is found, and nothing is written: what one person told stays between them and the assistant. */
export function memoryGrants<Subject extends MemorySubject>(source: MemorySource<Subject>): (subject: Subject) => MemoryKeeper {
  const { memory } = source
  const sharedPath = 'memory/shared.md'
  return (subject) => {
    const privy = subject.privy === true
    const took = <Found extends { origin?: unknown }>(found: readonly Found[]): void => {
      if (found.some(({ origin }) => origin !== undefined)) subject.label?.tookStrange()
    }
    return {
      async search(query, max) {
        const own = source.place(subject)
        const { hits, boundary } = await memory.search([own, source.shared(subject)].filter((place) => place !== undefined), query, max === 0 ? undefined : max)
        const shown = privy ? hits : hits.filter(({ path }) => path === sharedPath)
        took(shown)
        return { hits: shown, boundary }
      },
      async get(path, from, lines) {
        const wantsShared = path.replace(/^(?:\.\/)+/, '') === sharedPath
        if (!privy && !wantsShared) throw groups()
        const found = await memory.get((wantsShared ? source.shared(subject) : undefined) ?? source.place(subject), path, from, lines)
        took([found])
        return found
      },
      async write(text, how) {
        if (!privy) throw groups()
        const origin = originOf(subject.label)
        const written = await memory.write(source.place(subject), { text, ...how, day: source.today(), source: subject.session, ...(origin === undefined ? {} : { origin }) })
        if (origin !== undefined) await source.mark(subject, written.path)
        return written
      },
    }
  }
}

function groups(): Problem {
  return new Problem('memory-private', 'Others read along here: only what is shared can be looked up, and nothing is noted.', { next: 'Do it in a private chat.' })
}
