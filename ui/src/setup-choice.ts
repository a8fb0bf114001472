import { signal, type ReadonlySignal } from '@preact/signals'

const place = 'moltbot.setup.builtin'

/** That somebody said in this browser that the built-in assistant is enough for now. */
export interface SetupChoice {
  staysBuiltin: ReadonlySignal<boolean>
  choose(staysBuiltin: boolean): void
}

/** Keeps the choice in the browser: the gateway goes on taking a model by itself once it has one. */
export function createSetupChoice(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined): SetupChoice {
  let stored: string | null = null
  try {
    stored = storage?.getItem(place) ?? null
  } catch {
    // Storage is forbidden: nothing was chosen here.
  }
  const staysBuiltin = signal(stored === 'yes')
  return {
    staysBuiltin,
    choose(next) {
      staysBuiltin.value = next
      try {
        if (next) storage?.setItem(place, 'yes')
        else storage?.removeItem(place)
      } catch {
        // Storage is forbidden: the choice holds until the tab is closed.
      }
    },
  }
}
