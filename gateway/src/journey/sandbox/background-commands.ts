import { commandEnded, describeError, leastTrusted, type Clock, type CommandFacts, type CommandState, type Logger, type Migration, type Origin, type PrincipalId, type Row, type SessionKey, type Store, type TurnId, type Tx } from '@moltbot/contract'
import type { GrantSubject } from './create-grants.ts'
import { originOf } from './file-labels.ts'

/** What goes on after its call: written down before the call is answered, so that its end is told whatever happens in between. */
export const backgroundCommandsMigration: Migration = {
  name: '0003-sandbox-background-commands',
  sql: `CREATE TABLE background_commands (id TEXT PRIMARY KEY, session TEXT NOT NULL, principal TEXT NOT NULL, turn TEXT NOT NULL, command TEXT NOT NULL, origin TEXT, began_with INTEGER NOT NULL,
          started_at INTEGER NOT NULL, ended_at INTEGER, state TEXT, tail TEXT, told_at INTEGER);
        CREATE INDEX background_commands_open ON background_commands (started_at) WHERE told_at IS NULL;
        CREATE INDEX background_commands_turn ON background_commands (turn)`,
}

/** How a command ended whose agent may be woken. */
export interface EndedCommand {
  id: string
  session: SessionKey
  principal: PrincipalId
  /** The turn that began it. */
  turn: TurnId
  command: string
  /** Whose words steered it or may stand in what it said; undefined: its person's alone. */
  origin: Origin | undefined
  /** Null: the gateway stopped, and it with it. */
  state: Exclude<CommandState, { kind: 'running' }> | null
  tookMs: number | null
  /** The end of what it said. */
  tail: string
  /** How many commands in a row ended and woke their agent without a person's word in between, this one included. */
  inARow: number
}

/** What this needs of other rooms, as functions handed in by `main.ts`. */
export interface BackgroundNeeds {
  /** Resolves when no turn of this conversation is at work. */
  idle(session: SessionKey): Promise<void>
  /** The command whose end a turn began with; undefined: a person's words. */
  wokenBy(turn: TurnId): Promise<string | undefined>
  /** Gives the conversation a turn about it. Resolves once that is durable; the same command wakes once, however often it is asked. */
  wake(ended: EndedCommand): Promise<void>
  /** Keeps it for the next turn instead. */
  note(ended: EndedCommand): Promise<void>
  /** Strangers' words stand somewhere in what its subject works in. */
  isStrange(subject: { session: SessionKey; principal: PrincipalId }): Promise<boolean>
  /** Nobody is woken; what ends is kept for the next turn. */
  quiet(): boolean
  /** Takes credentials out of what is shown. */
  mask(text: string): string
}

export interface BackgroundCommands {
  /** A call goes on without its caller. Resolves once that is durable. */
  begun(subject: GrantSubject, facts: CommandFacts): Promise<void>
  /** It ended. `tail`: the end of what it said. */
  ended(facts: CommandFacts, tail: string): Promise<void>
  /** Its agent has read of its end, or ended it. */
  told(id: string): Promise<void>
  /** Of a conversation that is deleted nothing is kept, and nothing is told any more. */
  forget(tx: Tx, session: SessionKey): Promise<void>
  /** Takes up what a dead gateway left: each is told as ended with it. Called once at start. */
  resume(): Promise<number>
}

/** After so many in a row without a person's word an end is only kept for the next turn. */
export const wakesInARowMax = 5
const tailMax = 400

/** Tells a conversation that what it began aside has ended: once, over restarts too, and only when it has not seen so itself. */
export function createBackgroundCommands(options: { store: Store; clock: Clock; log: Logger; needs: BackgroundNeeds }): BackgroundCommands {
  const { store, clock, log, needs } = options
  const told = async (id: string): Promise<void> => {
    await store.transaction((tx) => tx.run('UPDATE background_commands SET told_at = ? WHERE id = ? AND told_at IS NULL', clock.now(), id))
  }

  /** Tells what is written down and not told. */
  async function conclude(id: string): Promise<void> {
    const session = (await store.read.get('SELECT session FROM background_commands WHERE id = ? AND told_at IS NULL', id))?.['session'] as SessionKey | undefined
    if (session === undefined) return
    // Its own turn may still look after it.
    await needs.idle(session)
    const row = await store.read.get('SELECT * FROM background_commands WHERE id = ? AND told_at IS NULL', id)
    if (row === undefined) return
    const ended = toEnded(row)
    const strange = await needs.isStrange(ended)
    const origin = leastTrusted([ended.origin, strange ? 'external' : undefined])
    const whole = { ...ended, origin }
    if (needs.quiet() || whole.inARow > wakesInARowMax) await needs.note(whole)
    else await needs.wake(whole)
    await told(id)
  }

  return {
    told,
    async begun(subject, facts) {
      if (subject.conversation === undefined) return
      const { turn } = subject.conversation
      const before = await needs.wokenBy(turn)
      const beganWith = before === undefined ? undefined : await store.read.get('SELECT began_with FROM background_commands WHERE id = ?', before)
      const origin = leastTrusted([originOf(subject.label), facts.network ? 'external' : undefined])
      await store.transaction((tx) => tx.run(
        'INSERT INTO background_commands (id, session, principal, turn, command, origin, began_with, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        facts.id, subject.session, subject.principal, turn, needs.mask(facts.command), origin ?? null, Number(beganWith?.['began_with'] ?? 0) + 1, facts.startedAt,
      ))
    },
    async ended(facts, tail) {
      const { state } = facts
      if (state.kind === 'running') return
      // Who said stop is told there; who killed it knows; of a gateway that stops the next start tells.
      if (state.kind === 'ended' && state.by === 'shutdown') return
      if (state.kind === 'ended' && (state.by === 'stop' || state.by === 'kill')) return told(facts.id)
      await store.transaction((tx) => tx.run('UPDATE background_commands SET ended_at = ?, state = ?, tail = ? WHERE id = ? AND told_at IS NULL', facts.endedAt ?? clock.now(), JSON.stringify(state), needs.mask(tail).slice(-tailMax), facts.id))
      await conclude(facts.id)
    },
    forget: async (tx, session) => void (await tx.run('DELETE FROM background_commands WHERE session = ?', session)),
    async resume() {
      const open = await store.read.all('SELECT id FROM background_commands WHERE told_at IS NULL ORDER BY started_at, id')
      for (const { id } of open) {
        await conclude(String(id)).catch((error: unknown) => log.error('The end of a command could not be told; the next start tells it.', { command: String(id), error: describeError(error) }))
      }
      return open.length
    },
  }
}

function toEnded(row: Row): EndedCommand {
  const endedAt = row['ended_at'] as number | null
  return {
    id: String(row['id']), session: row['session'] as SessionKey, principal: row['principal'] as PrincipalId, turn: row['turn'] as TurnId, command: String(row['command']), origin: (row['origin'] ?? undefined) as Origin | undefined,
    state: row['state'] === null ? null : (JSON.parse(String(row['state'])) as EndedCommand['state']), tookMs: endedAt === null ? null : endedAt - Number(row['started_at']), tail: row['tail'] === null ? '' : String(row['tail']), inARow: Number(row['began_with']),
  }
}

/** How it ended, in a few words. */
export function endOf({ state }: Pick<EndedCommand, 'state'>): string {
  return state === null ? 'it ended when the gateway stopped' : state.kind === 'exited' ? `exit ${state.code}` : state.why
}

/** What the model reads about it. The gateway's words; what the command said stands between marks. */
export function endWords(ended: EndedCommand, boundary: string): string {
  const took = ended.tookMs === null ? '' : ` after ${Math.max(1, Math.round(ended.tookMs / 1_000))} s`
  return [
    `${commandEnded}${ended.id} has ended${took}: ${endOf(ended)}. The gateway says so, not the person; if they need not know, answer NO_REPLY.]`, `It was: ${ended.command}`,
    ...(ended.tail.trim() === '' ? [] : [`<<it said last ${boundary}>>`, ended.tail.replaceAll(boundary, ''), `<<end ${boundary}>>`]),
  ].join('\n')
}

