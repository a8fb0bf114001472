import type { VNode } from 'preact'
import { useRef } from 'preact/hooks'
import type { Dialog, Stage } from '../stage.ts'
import { text } from '../text.ts'
import { sessionTitle } from '../words.ts'
import { useModal } from './modal.ts'

/** Asks before something is renamed, emptied or removed. The safe answer has the focus. */
export function SessionDialog(props: { stage: Stage }): VNode | null {
  const open = props.stage.dialog.value
  return open.kind === 'none' ? null : <OpenDialog stage={props.stage} open={open} />
}

function OpenDialog(props: { stage: Stage; open: Exclude<Dialog, { kind: 'none' }> }): VNode {
  const { stage, open } = props
  const { desk } = stage
  const input = useRef<HTMLInputElement>(null)
  const close = (): void => {
    stage.dialog.value = { kind: 'none' }
  }
  const modal = useModal((dialog) => {
    input.current?.select()
    return input.current ?? dialog.querySelector('button')
  }, close)
  const { key } = open.session
  const title = open.kind === 'rename' ? text.renameTitle : open.kind === 'reset' ? text.resetTitle : text.removeTitle
  const submit = (event: Event): void => {
    event.preventDefault()
    if (open.kind === 'rename') void desk.rename(key, input.current?.value ?? '')
    else if (open.kind === 'reset') void desk.reset(key)
    else void desk.remove(key)
    close()
  }
  return (
    <dialog class="dialog" {...modal} aria-labelledby="dialog-title">
      <form method="dialog" onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {open.kind === 'rename' ? (
          <label class="field">
            <span>{text.renameLabel}</span>
            <input ref={input} type="text" maxLength={64} defaultValue={open.session.label ?? sessionTitle(open.session, key)} />
          </label>
        ) : (
          <>
            <p class="dialog-subject">{sessionTitle(open.session, key)}</p>
            <p>{open.kind === 'reset' ? text.resetBody : text.removeBody}</p>
          </>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>{text.cancel}</button>
          <button type="submit" class={open.kind === 'remove' ? 'button danger' : 'button primary'}>
            {open.kind === 'rename' ? text.save : open.kind === 'reset' ? text.reset : text.remove}
          </button>
        </div>
      </form>
    </dialog>
  )
}
