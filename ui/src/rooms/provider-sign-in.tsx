import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { CodePicture } from '../components/code-picture.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import { Icon } from '../components/icon.tsx'
import { explainFailure } from '../explain-failure.ts'
import { safeAddress } from '../markdown-blocks.ts'
import type { Stage } from '../stage.ts'
import { fields, words } from '../wire.ts'
import { clockTime } from '../words.ts'
import { credentialsText as say } from './credentials-text.ts'
import { useAct } from './pieces.tsx'

export type Way = 'device' | 'browser'
type Step =
  | { kind: 'choosing' }
  | { kind: 'asking' }
  | { kind: 'code'; code: string; address: string; scan: string; until: number | undefined }
  | { kind: 'browser'; address: string; until: number | undefined }
  | { kind: 'failed'; message: string }
  | { kind: 'done'; message: string }

function readStep(payload: unknown): { step: Step; changes: number | undefined } {
  const raw = fields(payload)
  const message = words(raw['message']) ?? ''
  // Only what a browser opens as a page; it comes from the provider's server.
  const page = (value: unknown): string | undefined => (/^https?:/i.test(words(value) ?? '') ? safeAddress(words(value) ?? '') : undefined)
  const [address, code] = [page(raw['url']), words(raw['code'])]
  const until = typeof raw['untilMs'] === 'number' ? raw['untilMs'] : undefined
  const step: Step = raw['state'] === 'done' ? { kind: 'done', message }
    : raw['state'] === 'failed' ? { kind: 'failed', message }
    : address === undefined ? { kind: 'asking' }
    : code !== undefined ? { kind: 'code', code, address, scan: page(raw['urlWithCode']) ?? address, until } : { kind: 'browser', address, until }
  return { step, changes: typeof raw['changes'] === 'number' ? raw['changes'] : undefined }
}

/** Longer than the gateway waits for a next step. */
const answerMs = 45_000
const waitMs = 25_000

function Page(props: { address: string }): VNode {
  const { host } = new URL(props.address)
  return <a class="button primary" href={props.address} target="_blank" rel="noopener noreferrer" title={props.address}>{say.open(host)}</a>
}

function HandIn(props: { stage: Stage; provider: string }): VNode {
  const [address, setAddress] = useState('')
  const { busy, act } = useAct(props.stage)
  return (
    <details class="more">
      <summary>{say.elsewhere}</summary>
      <form class="inset-more" onSubmit={(event) => {
        event.preventDefault()
        if (address.trim() === '') return
        act(async () => {
          await props.stage.desk.ask('models.auth.paste', { provider: props.provider, address: address.trim() }, answerMs)
          return undefined
        })
      }}>
        <p class="quiet">{say.elsewhereHow}</p>
        <label class="field"><span>{say.address}</span>
          <input type="text" autocomplete="off" spellcheck={false} placeholder="http://127.0.0.1/callback?code=…" value={address} onInput={(event) => setAddress(event.currentTarget.value)} />
        </label>
        <button type="submit" class="button small" disabled={address.trim() === ''} aria-disabled={busy}>{say.handIn}</button>
      </form>
    </details>
  )
}

/** A sign-in with a provider, step by step as the gateway tells it, also after a lost line. `profile` absent: it gets the name of whoever signs in. */
export function ProviderSignIn(props: { stage: Stage; provider: string; ways: readonly Way[]; profile?: string; onDone: () => void; onClose: () => void }): VNode {
  const { provider, stage } = props
  const { desk } = stage
  const only = props.ways.length === 1 ? props.ways[0] : undefined
  const [way, setWay] = useState<Way | undefined>(only)
  const [step, setStep] = useState<Step>(only === undefined ? { kind: 'choosing' } : { kind: 'asking' })
  const [round, setRound] = useState(0)
  /** How often the sign-in of this round changed so far; undefined: it was not begun. */
  const seen = useRef<number | undefined>(undefined)
  const hello = desk.hello.value
  const isGoing = step.kind === 'asking' || step.kind === 'code' || step.kind === 'browser'
  useEffect(() => {
    if (hello === undefined || way === undefined || !isGoing) return undefined
    let gone = false
    const ask = (): Promise<unknown> => (seen.current === undefined
      ? desk.ask('models.auth.start', { provider, way, ...(props.profile === undefined ? {} : { profile: props.profile }) }, answerMs)
      : desk.ask('models.auth.wait', { provider, timeoutMs: waitMs, seen: seen.current }, answerMs))
    const follow = async (): Promise<void> => {
      try {
        while (!gone) {
          const now = readStep(await ask())
          if (gone) return
          seen.current = now.changes ?? 0
          setStep(now.step)
          if (now.step.kind === 'done') {
            desk.say('plain', now.step.message)
            return props.onDone()
          }
          if (now.step.kind === 'failed') return
        }
      } catch (error) {
        const { reason, next } = explainFailure(error)
        if (!gone) setStep({ kind: 'failed', message: next === undefined ? reason : `${reason} ${next}` })
      }
    }
    void follow()
    return () => {
      gone = true
    }
  }, [hello, way, round])
  const begin = (wanted: Way | undefined): void => {
    seen.current = undefined
    setWay(wanted)
    setStep(wanted === undefined ? { kind: 'choosing' } : { kind: 'asking' })
    setRound(round + 1)
  }
  const close = (): void => {
    // A page that nobody looks at any more shall not let anybody in.
    if (isGoing && seen.current !== undefined && desk.can('models.auth.stop')) void desk.ask('models.auth.stop', { provider }).catch(desk.complain)
    props.onClose()
  }
  return (
    <div class="sign-in inset" role="group" aria-label={say.signInWith(provider)}>
      {step.kind === 'choosing' ? (
        <>
          <p>{say.how}</p>
          <div class="item-tools">
            <button type="button" class="button small primary" onClick={() => begin('device')}>{say.byCode}</button>
            <button type="button" class="button small" onClick={() => begin('browser')}>{say.byBrowser}</button>
          </div>
        </>
      ) : null}
      {step.kind === 'failed' ? (
        <>
          <div role="alert">
            <strong class="bad-words"><Icon name="alert" /> {say.failed}</strong>
            <p>{step.message}</p>
          </div>
          <button type="button" class="button small primary" onClick={() => begin(only)}>{say.retry}</button>
        </>
      ) : null}
      <p role="status">{step.kind === 'asking' ? say.asking : step.kind === 'code' ? say.codeHow : step.kind === 'browser' ? say.browserHow : ''}</p>
      {step.kind === 'code' ? (
        <>
          <p class="sign-in-code code-words"><code aria-label={say.code}>{step.code}</code><CopyButton quiet value={() => step.code} label={say.copyCode} /></p>
          <Page address={step.address} />
          <CodePicture words={step.scan} label={say.scan(new URL(step.address).host)} />
        </>
      ) : null}
      {step.kind === 'browser' ? <><Page address={step.address} /><HandIn stage={stage} provider={provider} /></> : null}
      {(step.kind === 'code' || step.kind === 'browser') && step.until !== undefined ? <p class="quiet">{say.until(clockTime(step.until))}</p> : null}
      <button type="button" class="button small" onClick={close}>{isGoing ? say.callOff : say.close}</button>
    </div>
  )
}
