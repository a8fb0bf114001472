import type { ComponentChildren, VNode } from 'preact'
import '../styles/review.css'
import { Icon } from '../components/icon.tsx'
import { useModal } from '../components/modal.ts'
import { explainFailure } from '../explain-failure.ts'
import { GatewayError } from '../gateway-client.ts'
import { isTree, pathWords, secretMark, type Change } from './config-form.ts'
import type { DiffGap, DiffLine } from './line-diff.ts'
import { settingsText as say } from './settings-text.ts'

/** A last look at what would change. Closing it changes nothing. */
export function ReviewDialog(props: { title: string; busy: boolean; failure: unknown; onSave: () => void; onClose: () => void; children: ComponentChildren }): VNode {
  const modal = useModal((dialog) => dialog.querySelector<HTMLButtonElement>('.button.primary'), props.onClose)
  return (
    <dialog class="dialog review" {...modal} aria-labelledby="review-title">
      <form method="dialog" onSubmit={(event) => {
        event.preventDefault()
        if (!props.busy) props.onSave()
      }}>
        <h2 id="review-title">{props.title}</h2>
        <div class="review-body" tabIndex={0} role="group" aria-label={props.title}>{props.children}</div>
        {props.failure === undefined ? null : <Failure error={props.failure} />}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={props.onClose}>{say.cancel}</button>
          <button type="submit" class="button primary" aria-disabled={props.busy}>{props.busy ? say.saving : say.save}</button>
        </div>
      </form>
    </dialog>
  )
}

/** Why it was not saved, in the gateway's words; a sign-in that is too old has its own way out, in another tab so that nothing typed here is lost. */
export function Failure(props: { error: unknown }): VNode {
  const { reason, next } = explainFailure(props.error)
  const stale = props.error instanceof GatewayError && props.error.details['code'] === 'REAUTHENTICATION_REQUIRED'
  return (
    <div class="trouble" role="alert">
      <Icon name="alert" />
      <div>
        <strong>{say.invalid}</strong>
        <p>{reason} {next}</p>
        {stale ? <a class="button small" href="./login" target="_blank" rel="noopener">{say.signInFirst}</a> : null}
      </div>
    </div>
  )
}

/** A value in few words, as a person would say it. */
export function valueWords(value: unknown): string {
  if (value === undefined) return say.unset
  if (value === true) return say.yes
  if (value === false) return say.no
  if (value === '' || (Array.isArray(value) && value.length === 0) || (isTree(value) && Object.keys(value).length === 0)) return say.empty
  if (value === secretMark) return say.secretThere
  const words = typeof value === 'string' ? value : JSON.stringify(value)
  return words.length > 120 ? `${words.slice(0, 119)}…` : words
}

/** Key by key what stands there and what would. */
export function ChangeList(props: { changes: readonly Change[]; after?: (change: Change) => string }): VNode {
  return (
    <dl class="change-list">
      {props.changes.map((change) => (
        <div key={pathWords(change.steps)}>
          <dt><code>{pathWords(change.steps)}</code></dt>
          <dd>
            <span class="change-before"><span class="offscreen">{say.before}: </span>{valueWords(change.before)}</span> <span aria-hidden="true">→</span>{' '}
            <span class="change-after"><span class="offscreen">{say.after}: </span>{props.after?.(change) ?? valueWords(change.after)}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

export function Diff(props: { lines: readonly (DiffLine | DiffGap)[] }): VNode {
  return (
    <pre class="diff">
      {props.lines.map((line, index) => (line.kind === 'gap' ? <span key={index} class="diff-gap">{say.gap(line.count)}</span> : (
        <span key={index} class={`diff-${line.kind}`}>
          {line.kind === 'same' ? '  ' : <><span aria-hidden="true">{line.kind === 'in' ? '+ ' : '− '}</span><span class="offscreen">{line.kind === 'in' ? say.lineIn : say.lineOut}: </span></>}
          {line.words}
        </span>
      )))}
    </pre>
  )
}
