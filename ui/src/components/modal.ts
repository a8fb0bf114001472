import { useLayoutEffect, useRef } from 'preact/hooks'

/** What the element of such a dialog is given. */
export interface Modal { ref: { current: HTMLDialogElement | null }; onClose(): void; onClick(event: Event): void }

/**
 * A dialog over everything else for as long as it is drawn; `first` has the focus. It is open in the picture that shows it first, so that a key
 * pressed right after is its own. Where the focus was it is again as soon as the dialog goes, unless what is drawn instead takes it.
 * `close` is called when a person closes it by Escape or a press beside it.
 */
export function useModal(first: (dialog: HTMLDialogElement) => HTMLElement | null, close: () => void): Modal {
  const ref = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const dialog = ref.current
    if (dialog === null) return undefined
    dialog.showModal()
    first(dialog)?.focus()
    // The browser gives the focus back when a dialog is closed, but not when it is taken out of the document.
    return () => dialog.close()
  }, [])
  return {
    ref,
    // What is heard of one that has gone is about nothing any more.
    onClose: () => { if (ref.current !== null) close() },
    onClick: (event) => { if (event.target === ref.current) close() },
  }
}
