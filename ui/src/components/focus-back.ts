/**
 * Puts the focus back where it was before a dialog, for its clean-up. That runs some time after the dialog has gone from the document: where
 * the focus has found another place by then (the field that was refused, whatever a person pressed next), it stays there.
 */
export function giveFocusBack(before: Element | null): void {
  const isNowhere = document.activeElement === null || document.activeElement === document.body
  if (isNowhere && before instanceof HTMLElement && before.isConnected) before.focus()
}
