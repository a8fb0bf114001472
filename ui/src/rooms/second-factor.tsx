import type { ComponentChildren, VNode } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import '../styles/second-factor.css'
import { CodePicture } from '../components/code-picture.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import type { Stage } from '../stage.ts'
import { fields, words } from '../wire.ts'
import { AnswerPanel, Item, useAnswer } from './pieces.tsx'
import { Failure } from './review-dialog.tsx'
import { secondFactorText as say } from './second-factor-text.ts'
import { roomText } from './text.ts'

type Factor = 'totp' | 'local'
interface Fresh { uri: string; secret: string; recovery: string }

/** What a person is in the middle of. Left by leaving the room: what was shown is shown once. */
type Step =
  | { kind: 'none' }
  /** Showing that one has the factor that counts now. `file`: where it can be read when it is a file. */
  | { kind: 'prove'; for: 'enroll' | 'remove'; file: string | undefined }
  | { kind: 'scan'; fresh: Fresh }

/** One code and what it is for; what went wrong stands below it until the next attempt. */
function CodeForm(props: { label: string; submit: string; digits?: boolean; danger?: boolean; take: (code: string) => Promise<void>; onClose: () => void; children?: ComponentChildren }): VNode {
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>(undefined)
  const input = useRef<HTMLInputElement>(null)
  const here = useRef(true)
  useLayoutEffect(() => {
    input.current?.focus()
    return () => {
      here.current = false
    }
  }, [])
  const submit = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    setFailure(undefined)
    try {
      await props.take(code.trim())
    } catch (error) {
      if (!here.current) return
      setFailure(error)
      setCode('')
      input.current?.focus()
    } finally {
      if (here.current) setBusy(false)
    }
  }
  return (
    <form
      class="factor-form"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        props.onClose()
      }}
    >
      {props.children}
      <label class="field">
        <span>{props.label}</span>
        <input ref={input} type="text" inputMode={props.digits === true ? 'numeric' : 'text'} autocomplete="one-time-code" spellcheck={false} required maxLength={64} value={code} onInput={(event) => setCode(event.currentTarget.value)} />
      </label>
      {failure === undefined ? null : <Failure error={failure} />}
      <div class="factor-buttons">
        <button type="button" class="button" onClick={props.onClose}>{roomText.cancel}</button>
        <button type="submit" class={`button ${props.danger === true ? 'danger' : 'primary'}`} aria-disabled={busy}>{props.submit}</button>
      </div>
    </form>
  )
}

function Scan(props: { fresh: Fresh; take: (code: string) => Promise<void>; onClose: () => void }): VNode {
  const { secret, uri, recovery } = props.fresh
  return (
    <CodeForm label={say.first} submit={say.finish} digits take={props.take} onClose={props.onClose}>
      <div class="factor-scan">
        <div class="factor-code">
          <h3>{say.scan}</h3>
          <CodePicture words={uri} label={say.scanLabel} />
          {uri.startsWith('otpauth://') ? <a href={uri}>{say.here}</a> : null}
          <p class="quiet">{say.byHand}</p>
          <p class="factor-secret"><code>{secret.match(/.{1,4}/g)?.join(' ') ?? secret}</code><CopyButton quiet value={() => secret} label={say.copySecret} /></p>
        </div>
        <div class="factor-paper">
          <h3>{say.paper}</h3>
          <p>{say.paperHint}</p>
          <p class="factor-secret"><code>{recovery}</code><CopyButton quiet value={() => recovery} label={say.copyPaper} /></p>
        </div>
      </div>
      <p class="quiet">{say.notYet}</p>
    </CodeForm>
  )
}

/** Setting up, changing and removing the authenticator that ends a panic. Left out where this gateway has none. */
export function SecondFactor(props: { stage: Stage }): VNode | null {
  const { desk } = props.stage
  const { answer, again } = useAnswer(props.stage, 'resume.challenge', { look: true }, (payload): Factor => (fields(payload)['factor'] === 'totp' ? 'totp' : 'local'))
  const [step, setStep] = useState<Step>({ kind: 'none' })
  const opener = useRef<HTMLButtonElement>(null)
  const touched = useRef(false)
  useLayoutEffect(() => {
    if (step.kind !== 'none') touched.current = true
    else if (touched.current) opener.current?.focus()
  }, [step.kind])
  if (!desk.can('panic.enroll.confirm')) return null

  const close = (): void => setStep({ kind: 'none' })
  const begin = async (wanted: 'enroll' | 'remove'): Promise<void> => {
    try {
      // Only now, for this makes the file where it is one.
      setStep({ kind: 'prove', for: wanted, file: words(fields(await desk.ask('resume.challenge', {}))['file']) })
    } catch (error) {
      desk.complain(error)
    }
  }
  const done = (told: string): void => {
    close()
    desk.say('plain', told)
    again()
  }
  const enroll = async (code: string): Promise<void> => {
    const fresh = fields(await desk.ask('panic.enroll', { code, confirm: true }))
    setStep({ kind: 'scan', fresh: { uri: words(fresh['uri']) ?? '', secret: words(fresh['secret']) ?? '', recovery: words(fresh['recovery']) ?? '' } })
  }
  const confirm = async (code: string): Promise<void> => {
    await desk.ask('panic.enroll.confirm', { code })
    done(say.ready)
  }
  const remove = async (code: string): Promise<void> => {
    await desk.ask('panic.unenroll', { code })
    done(say.removed)
  }
  return (
    <AnswerPanel title={say.title} hint={say.hint} wide answer={answer} again={again}>
      {(factor) => (
        <>
          <ul class="items">
            <Item icon="key" {...(factor === 'totp' ? { tone: 'good' as const } : {})} title={factor === 'totp' ? say.some : say.none} detail={factor === 'totp' ? say.someHint : say.noneHint}>
              {step.kind !== 'none' ? null : (
                <>
                  <button type="button" ref={opener} class={`button small${factor === 'local' ? ' primary' : ''}`} onClick={() => void begin('enroll')}>{factor === 'totp' ? say.replace : say.begin}</button>
                  {factor === 'totp' ? <button type="button" class="button small" onClick={() => void begin('remove')}>{say.remove}</button> : null}
                </>
              )}
            </Item>
          </ul>
          {step.kind === 'prove' ? (
            <CodeForm
              key={step.for}
              label={step.file === undefined ? say.proveApp : say.proveFile(step.file)}
              submit={step.for === 'remove' ? say.remove : say.next}
              danger={step.for === 'remove'}
              take={step.for === 'remove' ? remove : enroll}
              onClose={close}
            >
              {step.for === 'remove' ? <p>{say.removeHint}</p> : null}
            </CodeForm>
          ) : null}
          {step.kind === 'scan' ? <Scan fresh={step.fresh} take={confirm} onClose={close} /> : null}
        </>
      )}
    </AnswerPanel>
  )
}
