import type { VNode } from 'preact'
import type { Desk } from '../desk.ts'

export function Toasts(props: { desk: Desk }): VNode {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {props.desk.toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`}>{toast.words}</div>
      ))}
    </div>
  )
}
