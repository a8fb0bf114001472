import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import type { Approval, ApprovalDecision } from '../wire.ts'
import { clockTime, plainly, sessionTitle } from '../words.ts'
import { onceEach, useArmed, WholeText } from './considered.tsx'
import { Icon, type IconName } from './icon.tsx'

/** `m:ss`, or hours where it is long. */
function leftWords(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const pad = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${hours > 0 ? pad(Math.floor((seconds % 3600) / 60)) : Math.floor(seconds / 60)}:${pad(seconds % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** What is left of the time. Only the gateway closes a question, so this clock takes no button away. */
function TimeLeft(props: { until: number }): VNode {
  const [left, setLeft] = useState(() => props.until - Date.now())
  useEffect(() => {
    const timer = setInterval(() => setLeft(props.until - Date.now()), 1000)
    return () => clearInterval(timer)
  }, [props.until])
  return (
    <span class={`ask-left${left < 30_000 ? ' soon' : ''}`}>
      {/* A number that changes every second would drown everything else that is read out. */}
      <span aria-hidden="true">{left <= 0 ? text.approvalRanOut : text.approvalLeft(leftWords(left))}</span>
      <span class="offscreen">{text.approvalUntil(clockTime(props.until))}</span>
    </span>
  )
}

/** How an answered question ended, in words and a sign. */
export function approvalOutcome(approval: Approval): { words: string; icon: IconName; tone: 'good' | 'bad' | 'plain' } {
  const { allowed, always, once, denied, expired, cancelled } = text.approvalStates
  switch (approval.state) {
    case 'allowed':
      return { words: approval.decision === 'allow-always' ? always : approval.decision === 'allow-once' ? once : allowed, icon: 'check', tone: 'good' }
    case 'denied':
      return { words: denied, icon: 'close', tone: 'bad' }
    case 'expired':
      return { words: expired, icon: 'clock', tone: 'plain' }
    default:
      return { words: cancelled, icon: 'close', tone: 'plain' }
  }
}

function Answers(props: { stage: Stage; approval: Approval; seen: boolean }): VNode {
  const { approval, seen } = props
  const armed = useArmed(approval.id, seen)
  const { approvals } = props.stage.desk
  const busy = approvals.answering.value.has(approval.id)
  const refusal = approvals.refusals.value.get(approval.id)
  const scope = `ask-scope-${approval.id}`
  const ready = armed && seen
  const answer = (decision: ApprovalDecision) => (event: Event) => {
    // Only a person's own press counts for a yes.
    if (decision === 'deny' || (ready && event.isTrusted)) void approvals.answer(approval.id, decision)
  }
  return (
    <>
      <p class="quiet" id={scope}>{approval.always === undefined ? text.approvalNoAlways : text.approvalAlwaysMeans(approval.always)}</p>
      {seen ? null : <p class="quiet">{text.approvalReadAll}</p>}
      {refusal === undefined ? null : <p class="bad-words" role="alert">{refusal}</p>}
      <div class="ask-buttons" onKeyDown={onceEach}>
        <button type="button" class="button primary" aria-disabled={busy || !ready} onClick={answer('allow-once')}>{text.approvalOnce}</button>
        {approval.always === undefined ? null : (
          <button type="button" class="button" aria-disabled={busy || !ready} aria-describedby={scope} onClick={answer('allow-always')}>{text.approvalAlways}</button>
        )}
        <button type="button" class="button" aria-disabled={busy} onClick={answer('deny')}>{text.approvalDeny}</button>
        {busy ? <span class="quiet" role="status">{text.approvalSending}</span> : null}
      </div>
    </>
  )
}

/** One question: what, why, how long it is open, and the answer. `where`: it is shown away from its conversation. */
export function ApprovalCard(props: { stage: Stage; approval: Approval; where?: boolean }): VNode {
  const { stage, approval } = props
  const { desk } = stage
  const place = useRef<HTMLElement>(null)
  const waiting = approval.state === 'pending'
  const focused = useRef(false)
  const [seen, setSeen] = useState(false)
  // The button with the focus goes away with the answer; whoever listens should stay at the card.
  useLayoutEffect(() => {
    if (!waiting && focused.current && document.activeElement === document.body) place.current?.focus()
  }, [waiting])
  // Behind the palette nothing can have the focus.
  const isSought = stage.sought.value === approval.id && !stage.palette.value
  useLayoutEffect(() => {
    if (!isSought) return
    stage.sought.value = undefined
    place.current?.scrollIntoView({ block: 'nearest' })
    place.current?.querySelector('button')?.focus()
  }, [isSought])
  // A button that is taken away loses the focus to nothing; only somebody who goes elsewhere has left.
  const left = (event: FocusEvent): void => {
    if (event.relatedTarget instanceof Node && place.current?.contains(event.relatedTarget) !== true) focused.current = false
  }
  const outcome = approvalOutcome(approval)
  const title = `ask-title-${approval.id}`
  const key = approval.sessionKey
  // In a room the card stands under the heading of a panel.
  const Title = props.where === true ? 'h3' : 'h2'
  return (
    <section class={`ask ${waiting ? 'open' : outcome.tone}`} id={`ask-${approval.id}`} aria-labelledby={title} ref={place} tabIndex={-1} onFocusIn={() => (focused.current = true)} onFocusOut={left}>
      <div class="ask-head">
        <Icon name={waiting ? 'shield' : outcome.icon} />
        <Title id={title}>{waiting ? text.approvalTitle : outcome.words}</Title>
        {waiting ? <TimeLeft until={approval.expiresAt} /> : approval.decidedAt === undefined ? null : (
          <span class="quiet">{text.approvalBy(approval.by ?? '', clockTime(approval.decidedAt))}</span>
        )}
      </div>
      <WholeText shown={plainly(approval.what)} onSeen={() => setSeen(true)} />
      {waiting && approval.why !== '' ? <p class="ask-why">{approval.why}</p> : null}
      {props.where === true && key !== undefined ? (
        <p class="quiet">
          <button type="button" class="link" onClick={() => desk.open(key)}>{text.approvalElsewhere(sessionTitle(desk.sessions.value.find((row) => row.key === key), key))}</button>
        </p>
      ) : null}
      <details class="ask-details">
        <summary>{text.approvalDetails}</summary>
        {waiting || approval.why === '' ? null : <p class="ask-why">{approval.why}</p>}
        <pre tabIndex={0}>{plainly(approval.detail)}</pre>
      </details>
      {waiting ? <Answers stage={stage} approval={approval} seen={seen} /> : null}
    </section>
  )
}

/** Reads new questions out at once, wherever on the page a person is. */
export function ApprovalsSpoken(props: { stage: Stage }): VNode {
  const newest = props.stage.desk.approvals.open.value.at(-1)
  return <div class="offscreen" role="alert">{newest === undefined ? '' : text.approvalSpoken(newest.what)}</div>
}
