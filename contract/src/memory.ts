import type { PrincipalId } from './ids.ts'
import type { Origin } from './model.ts'

/** The target of `changes-gateway` when what changes is the memory of whoever the turn belongs to, and nobody else's. */
export const ownMemory = 'your own memory'

/** One line that was found. */
export interface MemoryHit {
  /** In the workspace; `get` takes it. */
  path: string
  /** From 1. */
  line: number
  /** At most 700 characters. */
  text: string
  /** YYYY-MM-DD; null: nobody noted it. */
  day: string | null
  /** The conversation it was written in; null: a person wrote it by hand. */
  source: string | null
  /** Whose memory it stands in. */
  owner: PrincipalId
  /** Whose words steered the turn that wrote it. Absent: its owner's. */
  origin?: Origin
  /** 0 to 1, the best first. */
  score: number
}

/** The grant `memory`: what one person told this agent, in Markdown files that they can read and change. Never another person's, but for what the owner shared. */
export interface MemoryKeeper {
  /** Lines by their words, and where a word is only alike by parts of it. `boundary` is random, for words from outside. Empty: nothing fits. */
  search(query: string, max: number): Promise<{ hits: MemoryHit[]; boundary: string }>
  /** Lines of a memory file, at most 20,000 characters. Rejects with `Problem('memory-path')` for other files, `file-missing`. */
  get(path: string, from: number, lines: number): Promise<{ text: string; from: number; to: number; of: number; origin?: Origin; boundary: string }>
  /**
   * Adds each line of `text` with its day, conversation and owner. `lasting`: to MEMORY.md, which stands in every private prompt; else to the day's
   * notes. `shared`: to what all members may find; the owner's alone. What outside words steer is kept apart, whatever was asked. Already there: not twice.
   * Rejects with `Problem('memory-private')` in groups.
   */
  write(text: string, how: { lasting: boolean; shared: boolean }): Promise<{ path: string; added: number; origin?: Origin }>
}
