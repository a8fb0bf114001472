/** How one run of a house job ended: when it began (epoch ms), and one sentence for a person on what was done or what was in the way. */
export interface HouseRun { startedAt: number; ok: boolean; words: string }

/** Something the gateway does by itself, again and again. Made by the room that does it. */
export interface HouseJob {
  /** Unique: `backup`. */
  name: string
  /** As people call it. */
  title: string
  /** One sentence: what it does. */
  description: string
  /** The key of the configuration that decides about it. Absent: none does. */
  setting?: string
  /** `everyMs`: how often, also of one that is off. `nextAt`: epoch ms, null where it is off or not known. */
  plan(): Promise<{ enabled: boolean; everyMs: number; nextAt: number | null }>
  /** Does it at once, whenever it is due. Resolves with what was done in one sentence; rejects where it could not be done. Absent: it is done by itself only. */
  run?(): Promise<string>
}
