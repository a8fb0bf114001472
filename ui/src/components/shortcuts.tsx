import type { VNode } from 'preact'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { useModal } from './modal.ts'

const control = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘' : 'Ctrl'
const keys = [
  ['palette', [control, 'K']], ['composer', ['/']], ['send', ['Enter']], ['line', ['Shift', 'Enter']], ['commands', ['/']], ['escape', ['Esc']], ['save', [control, 'S']], ['help', ['?']],
] as const

/** Every key the page knows. */
export function Shortcuts(props: { stage: Stage }): VNode | null {
  return props.stage.shortcuts.value ? <OpenShortcuts stage={props.stage} /> : null
}

function OpenShortcuts(props: { stage: Stage }): VNode {
  const close = (): void => {
    props.stage.shortcuts.value = false
  }
  const modal = useModal((dialog) => dialog.querySelector('button'), close)
  return (
    <dialog class="dialog" {...modal} aria-labelledby="shortcuts-title">
      <form method="dialog">
        <h2 id="shortcuts-title">{text.shortcuts}</h2>
        <p>{text.shortcutsHint}</p>
        <dl class="keys">
          {keys.map(([name, combination]) => (
            <div key={name}>
              <dt>{text.shortcutKeys[name]}</dt>
              <dd>{combination.map((key) => <kbd key={key}>{key}</kbd>)}</dd>
            </div>
          ))}
        </dl>
        <div class="dialog-buttons"><button type="button" class="button" onClick={close}>{text.close}</button></div>
      </form>
    </dialog>
  )
}
