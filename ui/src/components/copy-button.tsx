import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { text } from '../text.ts'
import { Icon } from './icon.tsx'

/** Puts text on the clipboard; on plain http, where browsers withhold the clipboard, by way of a selection. */
async function copy(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value)
    return true
  } catch {
    // No clipboard here (plain http, or refused): the old way still works for a user's own click.
    const area = document.createElement('textarea')
    area.value = value
    area.className = 'offscreen'
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

export function CopyButton(props: { value: () => string; label: string; quiet?: boolean }): VNode {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 1600)
    return () => clearTimeout(timer)
  }, [state])
  const word = state === 'done' ? text.copied : state === 'failed' ? text.copyFailed : props.label
  return (
    <button
      type="button"
      class={props.quiet === true ? 'tool-button' : 'tool-button labelled'}
      title={word}
      aria-label={word}
      onClick={() => void copy(props.value()).then((done) => setState(done ? 'done' : 'failed'))}
    >
      <Icon name={state === 'done' ? 'check' : 'copy'} />
      {props.quiet === true ? null : <span aria-hidden="true">{state === 'idle' ? text.copy : word}</span>}
    </button>
  )
}
