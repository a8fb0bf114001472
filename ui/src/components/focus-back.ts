/**
 * Gives the focus back to where it was before something was shown that has gone now, taking the focus with it. Where the focus has found another
 * place (whatever a person pressed next), it stays there.
 */
export function giveFocusBack(before: Element | null): void {
  const isNowhere = document.activeElement === null || document.activeElement === document.body
  if (isNowhere && before instanceof HTMLElement && before.isConnected) before.focus()
}
