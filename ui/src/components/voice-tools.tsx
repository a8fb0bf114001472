import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import type { OwnFile } from '../unsent.ts'
import { voiceText as say } from '../voice-text.ts'
import { canDictate, canRecord, dictate, noteMsMax, record, type Recording } from '../voice.ts'
import { Icon } from './icon.tsx'

export interface VoiceToolsProps { stage: Stage; onWords(words: string): void; onNote(note: OwnFile): void }

type Doing = { kind: 'nothing' } | { kind: 'dictating'; guess: string } | { kind: 'recording'; seconds: number }

/** Speaking in place of typing, where this browser can; what it cannot has no button. */
export function VoiceTools(props: VoiceToolsProps): VNode {
  const { desk } = props.stage
  const [doing, setDoing] = useState<Doing>({ kind: 'nothing' })
  const stopNow = useRef<(() => void) | undefined>(undefined)
  const recording = useRef<Recording | undefined>(undefined)
  const key = desk.sessionKey.value
  const latest = useRef(props)
  latest.current = props

  /** One more with each chat that was left: what is said belongs to the chat it was begun in. */
  const left = useRef(0)
  const isBeginning = useRef(false)
  useLayoutEffect(() => () => {
    // The chat has only now got its name.
    if (key === '') return
    left.current += 1
    stopNow.current?.()
    recording.current?.discard()
    stopNow.current = undefined
    recording.current = undefined
    setDoing({ kind: 'nothing' })
  }, [key])
  useEffect(() => {
    if (doing.kind !== 'recording') return undefined
    const timer = setInterval(() => setDoing((now) => (now.kind === 'recording' ? { kind: 'recording', seconds: now.seconds + 1 } : now)), 1_000)
    return () => clearInterval(timer)
  }, [doing.kind])
  useEffect(() => {
    if (doing.kind !== 'recording' || doing.seconds * 1_000 < noteMsMax) return
    recording.current?.finish()
    desk.say('plain', say.longest)
  }, [doing])

  const toggleDictation = (): void => {
    if (doing.kind === 'dictating') return stopNow.current?.()
    setDoing({ kind: 'dictating', guess: '' })
    const before = left.current
    stopNow.current = dictate({
      onWords: (words) => { if (before === left.current) latest.current.onWords(words) },
      onGuess: (guess) => { if (before === left.current) setDoing({ kind: 'dictating', guess }) },
      onEnd(why) {
        if (before !== left.current) return
        stopNow.current = undefined
        setDoing({ kind: 'nothing' })
        if (why !== undefined) desk.say('bad', why)
      },
    })
  }
  const beginNote = (): void => {
    // The browser may ask first, and a press does not count twice.
    if (isBeginning.current) return
    isBeginning.current = true
    const before = left.current
    void record((note) => {
      if (before !== left.current) return
      recording.current = undefined
      setDoing({ kind: 'nothing' })
      if (note !== undefined) latest.current.onNote(note)
    }).then((begun) => {
      if (before !== left.current) return begun.discard()
      recording.current = begun
      setDoing({ kind: 'recording', seconds: 0 })
    }, desk.complain).finally(() => { isBeginning.current = false })
  }

  if (doing.kind === 'recording') {
    const time = `${Math.floor(doing.seconds / 60)}:${String(doing.seconds % 60).padStart(2, '0')}`
    return (
      <>
        <span class="recording"><span class="recording-spot" aria-hidden="true" /> {say.recording(time)}</span>
        <button type="button" class="button small primary" onClick={() => recording.current?.finish()}>{say.keep}</button>
        <button type="button" class="button small" onClick={() => recording.current?.discard()}>{say.discard}</button>
      </>
    )
  }
  return (
    <>
      {canDictate() ? (
        <button type="button" class="tool-button" aria-pressed={doing.kind === 'dictating'} aria-label={doing.kind === 'dictating' ? say.endDictation : say.dictate} title={doing.kind === 'dictating' ? say.endDictation : say.dictateHint} onClick={toggleDictation}>
          <Icon name="mic" />
        </button>
      ) : null}
      {canRecord() && desk.hello.value?.files.sound === true && doing.kind === 'nothing' ? (
        <button type="button" class="tool-button" aria-label={say.record} title={say.record} onClick={beginNote}>
          <Icon name="wave" />
        </button>
      ) : null}
      {doing.kind === 'dictating' ? <span class="dictating" role="status">{doing.guess === '' ? say.dictating : doing.guess}</span> : null}
    </>
  )
}
