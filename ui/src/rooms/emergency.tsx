import type { VNode } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { fields, words } from '../wire.ts'
import { when } from './measures.ts'
import { Panel, Sure, useAct, useAnswer } from './pieces.tsx'
import { roomText } from './text.ts'

type Halt = { kind: 'running' } | { kind: 'paused' | 'panic'; since: number; by: string; incident: string }

function readHalt(payload: unknown): Halt {
  const halt = fields(fields(payload)['halt'])
  const kind = halt['kind'] ?? halt['state']
  if (kind !== 'paused' && kind !== 'panic') return { kind: 'running' }
  return { kind, since: typeof halt['since'] === 'number' ? halt['since'] : 0, by: words(halt['by']) ?? '', incident: words(halt['incident']) ?? '' }
}

/** A click alone must not stop everything: the word is typed. */
function PanicButton(props: { busy: boolean; onPanic: () => void }): VNode {
  const [open, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    if (open) input.current?.focus()
  }, [open])
  if (!open) return <button type="button" class="button small danger" aria-disabled={props.busy} onClick={() => setOpen(true)}>{roomText.panic}</button>
  const ready = typed.trim().toUpperCase() === roomText.panicWord
  return (
    <form
      class="sure"
      onSubmit={(event) => {
        event.preventDefault()
        if (!ready || props.busy) return
        setOpen(false)
        setTyped('')
        props.onPanic()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        setOpen(false)
      }}
    >
      <label class="field">
        <span>{roomText.panicType(roomText.panicWord)}</span>
        <input ref={input} type="text" autocomplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <button type="button" class="button" onClick={() => setOpen(false)}>{roomText.cancel}</button>
      <button type="submit" class="button danger" disabled={!ready}>{roomText.panic}</button>
    </form>
  )
}

/** Going on after a panic needs the second factor; what it is, the gateway says. */
function Resume(props: { stage: Stage; halt: Halt; again: () => void }): VNode {
  const { desk } = props.stage
  const { busy, act } = useAct(props.stage)
  const [code, setCode] = useState('')
  const panicked = props.halt.kind === 'panic'
  const challenge = useAnswer(props.stage, panicked ? 'resume.challenge' : 'none', {}, (payload) => ({ factor: words(fields(payload)['factor']) ?? '', file: words(fields(payload)['file']) ?? '' }))
  const factor = challenge.answer.kind === 'ready' ? challenge.answer.value : undefined
  return (
    <form class="sure" onSubmit={(event) => {
      event.preventDefault()
      act(async () => {
        await desk.ask('resume', panicked ? { code: code.trim() } : {})
        setCode('')
        props.again()
        return roomText.resumed
      })
    }}>
      {panicked ? (
        <label class="field">
          <span>{factor?.factor === 'local' ? roomText.resumeLocal(factor.file) : roomText.resumeCode}</span>
          <input type="text" inputMode="text" autocomplete="one-time-code" spellcheck={false} required maxLength={64} value={code} onInput={(event) => setCode(event.currentTarget.value)} />
        </label>
      ) : null}
      <button type="submit" class="button primary" aria-disabled={busy}>{roomText.resume}</button>
    </form>
  )
}

/** Hold everything, stop everything, go on. Left out where this gateway can do none of it. */
export function Emergency(props: { stage: Stage }): VNode | null {
  const { stage } = props
  const { desk } = stage
  const { answer, again } = useAnswer(stage, 'status', {}, readHalt)
  const { busy, act } = useAct(stage)
  if (!['panic', 'pause', 'resume'].some(desk.can)) return null
  const halt: Halt = answer.kind === 'ready' ? answer.value : { kind: 'running' }
  return (
    <Panel title={roomText.emergency} wide>
      {halt.kind === 'running' ? null : (
        <p class="halted" role="status">
          {halt.kind === 'panic' ? roomText.inPanic(when(halt.since)) : roomText.inPause(when(halt.since))}
          {halt.incident === '' ? '' : ` ${roomText.incident(halt.incident)}`}
        </p>
      )}
      {halt.kind !== 'running' && desk.can('resume') ? <Resume stage={stage} halt={halt} again={again} /> : null}
      <div class="emergency">
        {desk.can('pause') && halt.kind === 'running' ? (
          <div>
            <p class="quiet">{roomText.pauseHint}</p>
            <Sure label={roomText.pause} ask={roomText.pauseAsk} danger={false} busy={busy} onYes={() => act(async () => {
              await desk.ask('pause', {})
              again()
              return roomText.paused
            })} />
          </div>
        ) : null}
        {desk.can('panic') ? (
          <div>
            <p class="quiet">{roomText.panicHint}</p>
            <PanicButton busy={busy} onPanic={() => act(async () => {
              await desk.ask('panic', {}, 60_000)
              again()
              return roomText.panicDone
            })} />
          </div>
        ) : null}
      </div>
    </Panel>
  )
}
