import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from '../components/icon.tsx'
import { explainFailure } from '../explain-failure.ts'
import { ConnectionLost } from '../gateway-client.ts'
import type { Stage } from '../stage.ts'
import { roomText } from './text.ts'

export type Answer<Value> =
  /** This gateway has no such method, or it is not for this person. */
  | { kind: 'absent' }
  | { kind: 'loading' }
  | { kind: 'failed'; reason: string; next: string | undefined }
  | { kind: 'ready'; value: Value; refreshing: boolean }

/** Asks the gateway once, and again after each reconnect, change of `params` or call of `again`. What was shown stays until the next answer is there. */
export function useAnswer<Value>(stage: Stage, method: string, params: Record<string, unknown>, read: (payload: unknown) => Value, timeoutMs?: number): { answer: Answer<Value>; again: () => void } {
  const { desk } = stage
  const hello = desk.hello.value
  const [answer, setAnswer] = useState<Answer<Value>>({ kind: 'loading' })
  const [round, setRound] = useState(0)
  const asked = useRef(0)
  useEffect(() => {
    if (hello === undefined) return
    if (!desk.can(method)) return setAnswer({ kind: 'absent' })
    const mine = (asked.current += 1)
    setAnswer((now) => (now.kind === 'ready' ? { ...now, refreshing: true } : { kind: 'loading' }))
    desk.ask(method, params, timeoutMs).then(
      (payload) => {
        if (mine === asked.current) setAnswer({ kind: 'ready', value: read(payload), refreshing: false })
      },
      (error: unknown) => {
        if (mine !== asked.current) return
        const failed = { kind: 'failed' as const, ...explainFailure(error) }
        // The banner tells of a lost line, and when it is back everything is asked anew.
        const isLost = error instanceof ConnectionLost && desk.connection.value.kind !== 'online'
        setAnswer((now) => (isLost && now.kind === 'ready' ? { ...now, refreshing: false } : failed))
      },
    )
  }, [hello, method, JSON.stringify(params), round])
  useEffect(() => () => {
    asked.current += 1
  }, [])
  return { answer, again: () => setRound((now) => now + 1) }
}

/** Does one thing at a time for a room, says how it went, and then looks again. */
export function useAct(stage: Stage): { busy: boolean; act: (task: () => Promise<string | undefined>) => void } {
  const [busy, setBusy] = useState(false)
  const running = useRef(false)
  return {
    busy,
    act(task) {
      if (running.current) return
      running.current = true
      setBusy(true)
      task().then(
        (words) => {
          if (words !== undefined) stage.desk.say('plain', words)
        },
        stage.desk.complain,
      ).finally(() => {
        running.current = false
        setBusy(false)
      })
    },
  }
}

export function Panel(props: { title: string; hint?: string; count?: number; tools?: ComponentChildren; wide?: boolean; children: ComponentChildren }): VNode {
  const id = `panel-${props.title.toLowerCase().replace(/[^\p{L}\d]+/gu, '-')}`
  return (
    <section class={`panel${props.wide === true ? ' wide' : ''}`} aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{props.title}</h2>
        {(props.count ?? 0) > 0 ? <span class="count">{props.count}</span> : null}
        <span class="grow" />
        {props.tools}
      </div>
      {props.hint === undefined ? null : <p class="quiet">{props.hint}</p>}
      {props.children}
    </section>
  )
}

/** A panel around an answer: left out where the method is absent, honest about waiting and failure. */
export function AnswerPanel<Value>(props: {
  title: string
  hint?: string
  wide?: boolean
  answer: Answer<Value>
  again: () => void
  loading?: string
  count?: (value: Value) => number
  tools?: (value: Value) => ComponentChildren
  children: (value: Value) => ComponentChildren
}): VNode | null {
  const { answer } = props
  if (answer.kind === 'absent') return null
  const ready = answer.kind === 'ready'
  return (
    <Panel
      title={props.title}
      {...(props.hint === undefined ? {} : { hint: props.hint })}
      {...(props.wide === true ? { wide: true } : {})}
      {...(ready && props.count !== undefined ? { count: props.count(answer.value) } : {})}
      tools={ready ? props.tools?.(answer.value) : undefined}
    >
      {answer.kind === 'loading' ? <p class="quiet" role="status">{props.loading ?? roomText.loading}</p> : null}
      {answer.kind === 'failed' ? (
        <div class="trouble">
          <Icon name="alert" />
          <div>
            <strong>{roomText.failed}</strong>
            <p>{answer.reason} {answer.next}</p>
            <button type="button" class="button small" onClick={props.again}>{roomText.retry}</button>
          </div>
        </div>
      ) : null}
      {ready ? <div class="panel-body" aria-busy={answer.refreshing}>{props.children(answer.value)}</div> : null}
    </Panel>
  )
}

/** A row of a list: what it is, what is known of it, what can be done. */
export function Item(props: { as?: 'li' | 'div'; icon?: IconName; tone?: 'good' | 'warn' | 'bad'; title: ComponentChildren; detail?: ComponentChildren; children?: ComponentChildren }): VNode {
  const Tag = props.as ?? 'li'
  return (
    <Tag class="item">
      {props.icon === undefined ? null : <span class={`item-sign ${props.tone ?? ''}`}><Icon name={props.icon} /></span>}
      <div class="item-words">
        <span class="item-title">{props.title}</span>
        {props.detail === undefined || props.detail === '' ? null : <span class="quiet">{props.detail}</span>}
      </div>
      {props.children === undefined ? null : <div class="item-tools">{props.children}</div>}
    </Tag>
  )
}

/** A button that asks once more, in its place, before something is taken away. The safe answer has the focus. */
export function Sure(props: { label: string; name?: string; ask: string; danger?: boolean; busy: boolean; onYes: () => void }): VNode {
  const [asking, setAsking] = useState(false)
  const safe = useRef<HTMLButtonElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const touched = useRef(false)
  useLayoutEffect(() => {
    if (asking) safe.current?.focus()
    else if (touched.current) opener.current?.focus()
  }, [asking])
  if (!asking) {
    return (
      <button
        type="button"
        ref={opener}
        class="button small"
        aria-disabled={props.busy}
        onClick={() => {
          touched.current = true
          if (!props.busy) setAsking(true)
        }}
      >
        {props.name === undefined ? props.label : <><span aria-hidden="true">{props.label}</span><span class="offscreen">{props.name}</span></>}
      </button>
    )
  }
  const close = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopPropagation()
    setAsking(false)
  }
  return (
    <div class="sure" role="group" aria-label={props.name ?? props.label} onKeyDown={close}>
      <span>{props.ask}</span>
      <button type="button" ref={safe} class="button small" onClick={() => setAsking(false)}>{roomText.cancel}</button>
      <button
        type="button"
        class={`button small ${props.danger === false ? 'primary' : 'danger'}`}
        onClick={() => {
          setAsking(false)
          props.onYes()
        }}
      >
        {props.label}
      </button>
    </div>
  )
}

/** How much of a whole, as a plain bar; the numbers stand beside it in words. `fill`: the class of a series of the same room, instead of the accent. */
export function Bar(props: { part: number; whole: number; tone?: 'plain' | 'warn' | 'bad'; fill?: string }): VNode {
  const share = props.whole <= 0 ? 0 : Math.min(1, Math.max(0, props.part / props.whole))
  return (
    <svg class={`bar ${props.tone ?? 'plain'}`} width="100%" height="6" aria-hidden="true" focusable="false">
      <rect class="bar-ground" width="100%" height="6" rx="3" />
      {share > 0 ? <rect class={props.fill ?? 'bar-part'} width={`${Math.max(1, share * 100)}%`} height="6" rx="3" /> : null}
    </svg>
  )
}
