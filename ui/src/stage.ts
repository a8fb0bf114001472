import { signal, type Signal } from '@preact/signals'
import type { Desk } from './desk.ts'
import type { Lending } from './lending.ts'
import type { Place } from './place.ts'
import type { SessionRow } from './wire.ts'
import type { Companion } from './companion.ts'
import { createSetupChoice, type SetupChoice } from './setup-choice.ts'
import { createReader, type Reader } from './reader.ts'
import { createThemeSwitch, type ThemeSwitch } from './theme.ts'

export type Dialog = { kind: 'none' } | { kind: 'rename'; session: SessionRow } | { kind: 'reset'; session: SessionRow } | { kind: 'remove'; session: SessionRow }

/** What is open on the page, beside what the desk knows. Handed to every component. */
export interface Stage {
  desk: Desk
  place: Place
  theme: ThemeSwitch
  setup: SetupChoice
  reader: Reader
  /** The list of chats on a narrow screen. */
  drawer: Signal<boolean>
  palette: Signal<boolean>
  /** The list of keys. */
  shortcuts: Signal<boolean>
  companion: Companion
  lending: Lending
  models: Signal<boolean>
  /** The open question somebody is on the way to; its card takes the focus once it stands. */
  sought: Signal<string | undefined>
  dialog: Signal<Dialog>
  /** Words to put into the composer (a message taken back, a suggestion). */
  draft: Signal<{ key: string; words: string } | undefined>
  /** Reconnects at once instead of waiting. */
  retryNow(): void
  /** Epoch ms, changing every half minute, for "5 min". */
  now: Signal<number>
}

export function createStage(desk: Desk, place: Place, storage: Storage | undefined, now: () => number, retryNow: () => void, companion: Companion, lending: Lending): Stage {
  const clock = signal(now())
  setInterval(() => {
    clock.value = now()
  }, 30_000)
  return {
    desk,
    place,
    theme: createThemeSwitch(document.documentElement, storage),
    setup: createSetupChoice(storage),
    reader: createReader(desk.complain),
    drawer: signal(false),
    palette: signal(false),
    shortcuts: signal(false),
    companion,
    lending,
    models: signal(false),
    sought: signal(undefined),
    dialog: signal<Dialog>({ kind: 'none' }),
    draft: signal(undefined),
    retryNow,
    now: clock,
  }
}
