import type { VNode } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { CodePicture } from '../components/code-picture.tsx'
import { Icon } from '../components/icon.tsx'
import { explainFailure } from '../explain-failure.ts'
import type { Stage } from '../stage.ts'
import { fields, words } from '../wire.ts'
import { channelsText as say } from './channels-text.ts'
import { Bar } from './pieces.tsx'

type Ending = 'timed-out' | 'called-off' | 'refused'
type Step =
  | { kind: 'asking' }
  | { kind: 'scan'; qr: string; message: string; until: number | undefined; shownAt: number }
  | { kind: 'type'; code: string; message: string }
  | { kind: 'working'; message: string }
  | { kind: 'failed'; message: string; ending: Ending }
  | { kind: 'done'; message: string }

function readStep(payload: unknown): { step: Step; changes: number | undefined } {
  const raw = fields(payload)
  const message = words(raw['message']) ?? ''
  const [qr, code, changes] = [words(raw['qr']), words(raw['code']), raw['changes']]
  const ending = raw['ended'] === 'timed-out' || raw['ended'] === 'called-off' ? raw['ended'] : 'refused'
  const step: Step = raw['connected'] === true ? { kind: 'done', message }
    : raw['state'] === 'failed' ? { kind: 'failed', message, ending }
    : qr !== undefined ? { kind: 'scan', qr, message, until: typeof raw['until'] === 'number' ? raw['until'] : undefined, shownAt: Date.now() }
    : code === undefined ? { kind: 'working', message } : { kind: 'type', code, message }
  return { step, changes: typeof changes === 'number' ? changes : undefined }
}

/** Longer than the gateway waits for a next step. */
const stepMs = 45_000
const waitMs = 25_000

/** Where a login stands, in three words; what is done has a tick. */
function Stations(props: { step: Step }): VNode {
  const at = props.step.kind === 'done' ? 3 : props.step.kind === 'working' ? 1 : 0
  return (
    <ol class="stations" aria-label={say.loginStations}>
      {say.loginStation.map((name, index) => (
        <li key={name} class={index < at ? 'past' : ''} {...(index === at ? { 'aria-current': 'step' as const } : {})}>
          {index < at ? <Icon name="check" /> : <span class="station-number" aria-hidden="true">{index + 1}</span>}{name}
        </li>
      ))}
    </ol>
  )
}

/** How long a code still stands. Silent for screen readers: the line above says when there is another. */
function CodeTime(props: { from: number; until: number }): VNode {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    setNow(Date.now())
    const ticking = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(ticking)
  }, [props.until])
  const left = Math.max(0, Math.ceil((props.until - now) / 1_000))
  return (
    <div class="code-time" aria-hidden="true">
      <Bar part={Math.max(0, props.until - now)} whole={Math.max(1, props.until - props.from)} tone={left <= 5 ? 'warn' : 'plain'} />
      <span class="quiet">{left > 0 ? say.loginLeft(left) : say.loginNext}</span>
    </div>
  )
}

/** A login whose steps a person follows on their telephone; the page shows each as it comes, also after a lost line. */
export function PhoneLogin(props: { stage: Stage; channel: string; account: string; byNumber: boolean; onDone: () => void }): VNode {
  const { desk } = props.stage
  const id = useId()
  const [step, setStep] = useState<Step>({ kind: 'asking' })
  const [codes, setCodes] = useState(0)
  const [round, setRound] = useState(0)
  const [number, setNumber] = useState('')
  /** What the next round is to do in place of joining what goes on. */
  const wish = useRef<{ force?: true; phone?: string }>({})
  const hello = desk.hello.value
  useEffect(() => {
    let gone = false
    const about = { channel: props.channel, ...(props.account === 'default' ? {} : { accountId: props.account }) }
    const follow = async (): Promise<void> => {
      let shown = ''
      try {
        const wished = wish.current
        wish.current = {}
        let now = readStep(await desk.ask('web.login.start', { ...about, ...wished }, stepMs))
        while (!gone) {
          setStep(now.step)
          if (now.step.kind === 'scan' && now.step.qr !== shown) {
            shown = now.step.qr
            setCodes((before) => before + 1)
          }
          if (now.step.kind === 'done' || now.step.kind === 'failed') break
          now = readStep(await desk.ask('web.login.wait', { ...about, timeoutMs: waitMs, ...(now.changes === undefined ? {} : { seen: now.changes }) }, stepMs))
        }
        if (!gone && now.step.kind === 'done') {
          desk.say('plain', now.step.message)
          props.onDone()
        }
      } catch (error) {
        const { reason, next } = explainFailure(error)
        if (!gone) setStep({ kind: 'failed', ending: 'refused', message: next === undefined ? reason : `${reason} ${next}` })
      }
    }
    if (hello !== undefined) void follow()
    return () => {
      gone = true
    }
  }, [round, hello])
  const begin = (wanted: { force: true; phone?: string }): void => {
    wish.current = wanted
    setStep({ kind: 'asking' })
    setCodes(0)
    setRound(round + 1)
  }
  if (step.kind === 'failed') {
    return (
      <div class="phone-login inset failed">
        <div role="alert">
          <strong class="bad-words"><Icon name={step.ending === 'timed-out' ? 'clock' : 'alert'} />{say.loginEnded[step.ending]}</strong>
          <p>{step.message}</p>
        </div>
        <button type="button" class="button small primary" onClick={() => begin({ force: true })}>{say.loginAgain}</button>
      </div>
    )
  }
  return (
    <div class="phone-login inset">
      <Stations step={step} />
      {step.kind === 'scan' ? <CodePicture words={step.qr} label={say.loginQr} /> : null}
      {step.kind === 'type' ? <p class="phone-code code-words" aria-label={say.loginCode}><code>{step.code}</code></p> : null}
      <p role="status">{step.kind === 'scan' && codes > 1 ? <strong>{say.loginFresh} </strong> : null}{step.kind === 'asking' ? say.loginWorking : step.message}</p>
      {step.kind === 'scan' && step.until !== undefined ? <CodeTime from={step.shownAt} until={step.until} /> : null}
      {props.byNumber && step.kind === 'scan' ? (
        <details class="more">
          <summary>{say.loginByNumber}</summary>
          <form class="number-form inset-more" onSubmit={(event) => {
            event.preventDefault()
            if (number.trim() !== '') begin({ force: true, phone: number.trim() })
          }}>
            <label class="field" for={id}><span>{say.loginNumber}</span>
              <input id={id} type="tel" autocomplete="tel" placeholder="+49 151 12345678" value={number} onInput={(event) => setNumber(event.currentTarget.value)} />
            </label>
            <button type="submit" class="button small" disabled={number.trim() === ''}>{say.loginGetCode}</button>
          </form>
        </details>
      ) : null}
      {step.kind === 'type' ? <button type="button" class="button small" onClick={() => begin({ force: true })}>{say.loginScan}</button> : null}
    </div>
  )
}
