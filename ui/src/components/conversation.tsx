import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import type { Approval } from '../wire.ts'
import { linesOf, outcomesOf, runningRun, type Line } from '../transcript.ts'
import { text } from '../text.ts'
import { ApprovalCard } from './approval-card.tsx'
import { Icon, Mark } from './icon.tsx'
import { HistoryLine, OwnLine, RunLine } from './message.tsx'

/** How near to the end counts as reading the newest, px. */
const nearPx = 96
/** How near to the beginning the page before it is asked for, px. */
const earlierPx = 400
/** Spoken words come in pieces of this long, so that they are not cut off by the next. */
const speakEveryMs = 2_500

function Welcome(props: { stage: Stage; builtin: boolean }): VNode {
  const { stage } = props
  // All of these are understood with and without a language model.
  const ideas = props.builtin ? [...text.tries.slice(0, 3), text.tryModel] : text.tries
  return (
    <section class="welcome">
      <Mark size={48} />
      <h2>{text.emptyTitle}</h2>
      <p>{text.emptyBody}</p>
      <ul class="tries">
        {ideas.map((idea) => (
          <li key={idea.title}>
            <button type="button" class="try" onClick={() => { stage.draft.value = { key: stage.desk.sessionKey.value, words: idea.prompt } }}>
              <strong>{idea.title}</strong>
              <span>{idea.prompt}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function BuiltinNotice(): VNode | null {
  const [hidden, setHidden] = useState(false)
  if (hidden) return null
  return (
    <section class="notice" aria-label={text.builtinTitle}>
      <Icon name="key" />
      <div>
        <strong>{text.builtinTitle}</strong>
        <p>{text.builtinBody}</p>
        <details>
          <summary>{text.builtinHelp}</summary>
          <p>{text.builtinHow}</p>
        </details>
      </div>
      <button type="button" class="tool-button" title={text.builtinDismiss} aria-label={text.builtinDismiss} onClick={() => setHidden(true)}>
        <Icon name="close" />
      </button>
    </section>
  )
}

/** Reads the growing answer to a screen reader: whole sentences, not more often than can be spoken. */
function Spoken(props: { stage: Stage }): VNode {
  const run = runningRun(props.stage.desk.transcript.value)
  const words = run?.segments.flatMap((segment) => (segment.kind === 'text' ? [segment.text] : [])).join('\n') ?? ''
  const [said, setSaid] = useState('')
  const state = useRef({ runId: '', upTo: 0, words: '' })
  state.current.words = words
  useEffect(() => {
    if (run === undefined) {
      if (state.current.runId !== '') setSaid(text.liveEnd)
      state.current.runId = ''
      return
    }
    state.current = { runId: run.runId, upTo: 0, words }
    setSaid(text.liveStart)
    const timer = setInterval(() => {
      const fresh = state.current.words.slice(state.current.upTo)
      const end = Math.max(fresh.lastIndexOf('. '), fresh.lastIndexOf('\n'), fresh.lastIndexOf('? '), fresh.lastIndexOf('! '))
      if (end <= 0) return
      state.current.upTo += end + 1
      setSaid(fresh.slice(0, end + 1).replace(/[*_`#|>]/g, ''))
    }, speakEveryMs)
    return () => clearInterval(timer)
  }, [run?.runId])
  return <div class="offscreen" aria-live="polite">{said}</div>
}

function keyOf(line: Line): string {
  switch (line.kind) {
    case 'message':
      // A line keeps its place on the page when the gateway confirms it.
      return line.message.key === undefined ? line.message.id : `own ${line.message.key}`
    case 'own':
      return `own ${line.key}`
    case 'run':
      return `run ${line.runId}`
  }
}

/** Neither begins nor ends anybody's turn. */
function isBetween(line: Line): boolean {
  return line.kind === 'message' && (line.message.role === 'tool' || line.message.role === 'note')
}

/** With which lines the assistant's turns begin and end. One look at each line: a long conversation is drawn again with every word. */
function turnsOf(lines: readonly Line[]): { begins: boolean[]; ends: boolean[] } {
  const begins: boolean[] = []
  let mine = true
  for (const line of lines) {
    begins.push(mine)
    if (!isBetween(line)) mine = line.kind === 'own' || (line.kind === 'message' && line.message.role === 'user')
  }
  const ends: boolean[] = Array.from({ length: lines.length })
  let over = true
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index]
    ends[index] = over
    if (line !== undefined && !isBetween(line)) over = !(line.kind === 'message' && line.message.role === 'assistant') && !(line.kind === 'run' && line.state === 'running')
  }
  return { begins, ends }
}

/** When a line was said, as far as it is known. */
function timeOf(line: Line): number | undefined {
  if (line.kind === 'own') return line.at
  return line.kind === 'message' && line.message.at > 0 ? line.message.at : undefined
}

/** Where each question stands: an open one last, an answered one before the first line that was said after it. */
function placesOf(lines: readonly Line[], approvals: readonly Approval[]): Map<number, Approval[]> {
  const places = new Map<number, Approval[]>()
  for (const approval of approvals) {
    const behind = approval.state === 'pending' ? -1 : lines.findIndex((line) => (timeOf(line) ?? 0) > (approval.decidedAt ?? approval.askedAt))
    const at = behind === -1 ? lines.length : behind
    places.set(at, [...(places.get(at) ?? []), approval])
  }
  return places
}

export function Conversation(props: { stage: Stage; builtin: boolean }): VNode {
  const { stage } = props
  const { desk } = stage
  const transcript = desk.transcript.value
  const lines = linesOf(transcript)
  const { begins, ends } = turnsOf(lines)
  const outcomes = useMemo(() => outcomesOf(transcript), [transcript.messages, transcript.outcomes])
  const running = runningRun(transcript) !== undefined
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const sticking = useRef(true)
  const [away, setAway] = useState(false)
  const lastOwn = lines.findLast((line) => line.kind === 'own' || (line.kind === 'message' && line.message.role === 'user'))
  const lastOwnKey = lastOwn === undefined ? '' : keyOf(lastOwn)

  const toEnd = (): void => {
    const box = scroller.current
    // Before anything was said the page is read from its top.
    if (box !== null) box.scrollTop = box.querySelector('.welcome') === null ? box.scrollHeight : 0
  }
  useLayoutEffect(() => {
    sticking.current = true
    setAway(false)
    toEnd()
  }, [desk.sessionKey.value])
  useLayoutEffect(() => {
    if (lastOwn?.kind !== 'own') return
    sticking.current = true
    toEnd()
  }, [lastOwnKey])
  useEffect(() => {
    const inner = content.current
    if (inner === null) return
    const watch = new ResizeObserver(() => {
      if (sticking.current) toEnd()
    })
    watch.observe(inner)
    return () => watch.disconnect()
  }, [])
  // What is put in above does not move what somebody reads.
  const [earlier, setEarlier] = useState(false)
  const kept = useRef<{ first: string | undefined; fromEnd: number } | undefined>(undefined)
  const first = transcript.messages[0]?.id
  useLayoutEffect(() => {
    const box = scroller.current
    if (box === null || kept.current === undefined || kept.current.first === first) return
    box.scrollTop = box.scrollHeight - kept.current.fromEnd
    kept.current = undefined
  }, [first])
  const showEarlier = (): void => {
    const box = scroller.current
    if (box === null || earlier) return
    kept.current = { first, fromEnd: box.scrollHeight - box.scrollTop }
    setEarlier(true)
    void desk.loadEarlier().finally(() => setEarlier(false))
  }
  const scrolled = (): void => {
    const box = scroller.current
    if (box === null) return
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx
    sticking.current = near
    setAway(!near)
    if (!near && transcript.hasMore && box.scrollTop < earlierPx) showEarlier()
    // While the page before is on its way somebody may read on.
    if (kept.current !== undefined) kept.current.fromEnd = box.scrollHeight - box.scrollTop
  }

  const asked = desk.approvals.all.value.filter((approval) => approval.sessionKey === desk.sessionKey.value)
  // A question older than what is shown belongs further up, or to a conversation that was started over.
  const oldest = Math.min(...lines.flatMap((line) => timeOf(line) ?? []))
  const places = placesOf(lines, asked.filter((approval) => approval.state === 'pending' || approval.askedAt >= oldest || (lines.length === 0 && desk.approvals.seen.has(approval.id))))
  const cardsAt = (index: number): VNode[] => (places.get(index) ?? []).map((approval) => <ApprovalCard key={`ask ${approval.id}`} stage={stage} approval={approval} />)

  const lineOf = (line: Line, index: number): VNode => {
    switch (line.kind) {
      case 'message': {
        const key = line.message.key
        const isLast = line === lastOwn
        return (
          <HistoryLine
            key={keyOf(line)}
            stage={stage}
            message={line.message}
            outcomes={outcomes}
            running={running}
            first={line.message.role === 'assistant' && begins[index] === true}
            last={line.message.role === 'assistant' && ends[index] === true}
            delivery={key === undefined || !isLast ? undefined : transcript.deliveries.get(key)}
          />
        )
      }
      case 'own':
        return <OwnLine key={keyOf(line)} stage={stage} item={line} delivery={transcript.deliveries.get(line.key)} />
      case 'run':
        return <RunLine key={keyOf(line)} stage={stage} run={line} first={begins[index] === true} outcomes={outcomes} />
    }
  }

  const empty = lines.length === 0 && places.size === 0 && transcript.load.kind === 'ready'
  return (
    <div class="conversation-place">
      <div class="conversation" ref={scroller} onScroll={scrolled} tabIndex={0} role="region" aria-label={text.conversation}>
        <div class="column" ref={content}>
          {props.builtin ? <BuiltinNotice /> : null}
          {transcript.load.kind === 'loading' && lines.length === 0 ? <p class="quiet centre">{text.historyLoading}</p> : null}
          {transcript.load.kind === 'failed' ? (
            <div class="trouble" role="alert">
              <Icon name="alert" />
              <div>
                <strong>{text.historyFailed}</strong>
                <p>{transcript.load.reason} {transcript.load.next}</p>
                <button type="button" class="button small" onClick={desk.reloadHistory}>{text.retry}</button>
              </div>
            </div>
          ) : null}
          {empty ? <Welcome stage={stage} builtin={props.builtin} /> : null}
          {transcript.hasMore ? <button type="button" class="button small earlier" aria-disabled={earlier} onClick={showEarlier}>{earlier ? text.historyLoading : text.historyEarlier}</button> : null}
          {[...lines.flatMap((line, index) => [...cardsAt(index), lineOf(line, index)]), ...cardsAt(lines.length)]}
        </div>
      </div>
      {away ? (
        <button type="button" class="to-end" aria-label={text.toBottom} title={text.toBottom} onClick={() => { sticking.current = true; toEnd() }}>
          <Icon name="down" />
        </button>
      ) : null}
      <Spoken stage={stage} />
    </div>
  )
}
