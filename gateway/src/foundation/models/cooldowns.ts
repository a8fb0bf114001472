import type { Clock, FaultClass, Migration, ModelFault, Store } from '@moltbot/contract'

/** The room's only table. `subject` is `provider/model`, or `provider/*` for all of a provider's models. */
export const modelsMigration: Migration = {
  name: '0003-models',
  sql: `
CREATE TABLE model_cooldowns (
  subject TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  class TEXT NOT NULL,
  message TEXT NOT NULL,
  credential TEXT NOT NULL
)`,
}

/** How long a model rests after its first, second and every further failure in a row. */
const stepsMs = [30_000, 60_000, 300_000] as const
/** A key without credit or one that is refused is not tried again for so long. */
const disabledMs = 600_000
/** After so long without failure the count starts anew. */
const forgottenAfterMs = 86_400_000
/** A provider's own wish is followed up to this. */
const wishMaxMs = 3_600_000

export interface Rest { until: number; failures: number; failedAt: number; fault: ModelFault; credential: string }

/** Failures that say something about the provider's account rather than about one model. */
const ofAccount: readonly FaultClass[] = ['auth', 'auth_permanent', 'billing']
/** Failures after which a rest makes sense. */
const resting: readonly FaultClass[] = ['rate_limit', 'overloaded', 'timeout', 'server_error', 'network', 'auth', 'auth_permanent', 'billing', 'model_not_found']

/** Who rests until when. In memory for asking, in the store for the next start. */
export class Cooldowns {
  readonly #store: Store
  readonly #clock: Clock
  readonly #rests = new Map<string, Rest>()
  #loaded: Promise<void> | undefined

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Reads what an earlier life left. Repeating it is harmless. */
  load(): Promise<void> {
    this.#loaded ??= this.#read()
    return this.#loaded
  }

  async #read(): Promise<void> {
    const rows = await this.#store.read.all<{ subject: string; until: number; failures: number; failed_at: number; class: string; message: string; credential: string }>(
      'SELECT subject, until, failures, failed_at, class, message, credential FROM model_cooldowns',
    )
    for (const row of rows) {
      this.#rests.set(row.subject, { until: row.until, failures: row.failures, failedAt: row.failed_at, fault: { class: row.class as FaultClass, message: row.message }, credential: row.credential })
    }
  }

  /** The rest a model is in now; undefined: it may be asked. A rest of the account ends with a change of its key (`credential` is a fingerprint). */
  of(provider: string, model: string, credential: string): Rest | undefined {
    const now = this.#clock.now()
    const rests = [this.#rests.get(`${provider}/${model}`), this.#rests.get(`${provider}/*`)].filter(
      (rest): rest is Rest => rest !== undefined && rest.until > now && (rest.credential === credential || !ofAccount.includes(rest.fault.class)),
    )
    return rests.sort((a, b) => b.until - a.until)[0]
  }

  /** Notes a failure; resolves once it is durable. Failures that are nobody's fault there (too long, malformed, refused, stopped) leave no trace. */
  async failed(provider: string, model: string, credential: string, fault: ModelFault): Promise<void> {
    if (!resting.includes(fault.class)) return
    const now = this.#clock.now()
    const subject = ofAccount.includes(fault.class) ? `${provider}/*` : `${provider}/${model}`
    const earlier = this.#rests.get(subject)
    const failures = earlier === undefined || now - earlier.failedAt > forgottenAfterMs ? 1 : earlier.failures + 1
    const step = fault.class === 'billing' || fault.class === 'auth_permanent' ? disabledMs : (stepsMs[Math.min(failures, stepsMs.length) - 1] ?? disabledMs)
    const until = now + Math.max(step, Math.min(fault.retryAfterMs ?? 0, wishMaxMs))
    this.#rests.set(subject, { until, failures, failedAt: now, fault, credential })
    await this.#store.transaction((tx) => tx.run(
      `INSERT INTO model_cooldowns (subject, until, failures, failed_at, class, message, credential) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (subject) DO UPDATE SET until = excluded.until, failures = excluded.failures, failed_at = excluded.failed_at, class = excluded.class,
         message = excluded.message, credential = excluded.credential`,
      subject, until, failures, now, fault.class, fault.message.slice(0, 1000), credential,
    ))
  }

  /** Notes a success: nothing is held against the model any more. */
  async succeeded(provider: string, model: string): Promise<void> {
    const subjects = [`${provider}/${model}`, `${provider}/*`].filter((subject) => this.#rests.delete(subject))
    if (subjects.length === 0) return
    await this.#store.transaction(async (tx) => {
      for (const subject of subjects) await tx.run('DELETE FROM model_cooldowns WHERE subject = ?', subject)
    })
  }
}
