import { signal, type ReadonlySignal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'
const order: readonly Theme[] = ['system', 'light', 'dark']
const place = 'moltbot.theme'

export interface ThemeSwitch {
  theme: ReadonlySignal<Theme>
  /** system → light → dark → system */
  next(): void
}

/** Keeps the person's choice of colours in the browser; `system` follows the device. */
export function createThemeSwitch(root: HTMLElement, storage: Pick<Storage, 'getItem' | 'setItem'> | undefined): ThemeSwitch {
  let stored: string | null = null
  try {
    stored = storage?.getItem(place) ?? null
  } catch {
    // Storage is forbidden: the system's colours it is.
  }
  const theme = signal<Theme>(order.find((known) => known === stored) ?? 'system')
  const show = (): void => {
    root.dataset['theme'] = theme.value
  }
  show()
  return {
    theme,
    next() {
      theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? 'system'
      show()
      try {
        storage?.setItem(place, theme.value)
      } catch {
        // Storage is forbidden: the choice holds until the tab is closed.
      }
    },
  }
}
