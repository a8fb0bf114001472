import { options, type VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { progressKey, type Approval } from '../wire.ts'
import { askRow, isOverBefore, isOwn, keyOf, mayBeginAfter, rowsOf, timeOf, type Row } from '../conversation-rows.ts'
import { isPlaced, outcomesOf, runningRun, settledLines, type Line, type Transcript } from '../transcript.ts'
import { text } from '../text.ts'
import { ApprovalCard } from './approval-card.tsx'
import { Icon, Mark } from './icon.tsx'
import { HistoryLine, OwnLine, RunLine } from './message.tsx'
import { createReadingPlace } from './reading-place.ts'

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

function BuiltinNotice(props: { stage: Stage }): VNode | null {
  const { desk, place } = props.stage
  const [hidden, setHidden] = useState(false)
  if (hidden || props.stage.setup.staysBuiltin.value) return null
  return (
    <section class="notice" aria-label={text.builtinTitle}>
      <Icon name="key" />
      <div>
        <strong>{text.builtinTitle}</strong>
        <p>{text.builtinBody}</p>
        {desk.can('models.status') ? <button type="button" class="button small primary" onClick={() => place.enter('onboarding')}>{text.builtinAdd}</button> : null}
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
export function Spoken(props: { stage: Stage }): VNode {
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

/** Calls with true before the page goes to paper, and what was drawn for that is there at once; with false after it. */
function onPaper(show: (on: boolean) => void): () => void {
  const before = (): void => {
    const usual = options.debounceRendering
    options.debounceRendering = (draw) => draw()
    show(true)
    options.debounceRendering = usual
  }
  const after = (): void => show(false)
  addEventListener('beforeprint', before)
  addEventListener('afterprint', after)
  return () => {
    removeEventListener('beforeprint', before)
    removeEventListener('afterprint', after)
  }
}

/** The same array while it holds the same things. */
function useSame<Item>(items: readonly Item[]): readonly Item[] {
  const before = useRef(items)
  if (before.current.length !== items.length || items.some((item, index) => item !== before.current[index])) before.current = items
  return before.current
}

/** Which questions stand in this conversation. One older than what is shown belongs further up, or to a conversation that was started over. */
function questionsOf(stage: Stage, oldest: number, isEmpty: boolean): Approval[] {
  const { approvals, sessionKey } = stage.desk
  return approvals.all.value.filter((approval) => approval.sessionKey === sessionKey.value
    && (approval.state === 'pending' || approval.askedAt >= oldest || (isEmpty && approvals.seen.has(approval.id))))
}

function oldestOf(lines: readonly Line[]): number {
  return lines.reduce((oldest, line) => Math.min(oldest, timeOf(line) ?? Infinity), Infinity)
}

/** Everything said and asked: what is settled, which changes seldom and may be long, and what goes on below it. */
export function useRows(stage: Stage): { settled: readonly Row[]; open: readonly Row[]; lastOwn: Line | undefined } {
  const transcript = stage.desk.transcript.value
  const { messages, tail } = transcript
  const placed = useSame(tail.filter(isPlaced))
  const going = tail.filter((item) => !isPlaced(item))
  const lines = useMemo(() => settledLines(messages, placed), [messages, placed])
  const oldest = useMemo(() => oldestOf(lines), [lines])
  const asked = useSame(questionsOf(stage, Math.min(oldest, oldestOf(going)), lines.length + going.length === 0))
  const isOver = isOverBefore(going)
  const { rows: settled, left } = useMemo(() => rowsOf(lines, asked, true, isOver), [lines, asked, isOver])
  const mine = useMemo(() => mayBeginAfter(lines), [lines])
  const lastSettled = useMemo(() => lines.findLast(isOwn), [lines])
  const below = rowsOf(going, left, lines.length === 0 || mine, true)
  return { settled, open: [...below.rows, ...below.left.map(askRow)], lastOwn: going.findLast(isOwn) ?? lastSettled }
}

/** What a row is drawn with beside itself. */
export interface RowSurroundings { stage: Stage; outcomes: ReturnType<typeof outcomesOf>; running: boolean; deliveries: Transcript['deliveries']; lastOwnKey: string }

export function drawRow(row: Row, { stage, outcomes, running, deliveries, lastOwnKey }: RowSurroundings): VNode {
  if (row.kind === 'ask') return <ApprovalCard stage={stage} approval={row.approval} />
  const { line, begins, ends } = row
  switch (line.kind) {
    case 'message':
      return (
        <HistoryLine
          stage={stage}
          message={line.message}
          outcomes={outcomes}
          running={running}
          first={line.message.role === 'assistant' && begins}
          last={line.message.role === 'assistant' && ends}
          delivery={line.message.role === 'user' ? deliveries.get(progressKey(line.message) ?? '') : undefined}
          newest={row.key === lastOwnKey}
        />
      )
    case 'own':
      return <OwnLine stage={stage} item={line} delivery={deliveries.get(line.key)} newest={row.key === lastOwnKey} />
    case 'run':
      return <RunLine stage={stage} run={line} first={begins} outcomes={outcomes} />
  }
}

export function Conversation(props: { stage: Stage; builtin: boolean }): VNode {
  const { stage } = props
  const { desk } = stage
  const transcript = desk.transcript.value
  const { settled, open, lastOwn } = useRows(stage)
  const outcomes = useMemo(() => outcomesOf(transcript), [transcript.messages, transcript.outcomes])
  const running = desk.running.value
  const scroller = useRef<HTMLDivElement>(null)
  const column = useRef<HTMLDivElement>(null)
  const [away, setAway] = useState(false)
  const [version, setVersion] = useState(0)
  const [earlier, setEarlier] = useState(false)
  const lastOwnKey = lastOwn === undefined ? '' : keyOf(lastOwn)

  const showEarlier = (): void => {
    if (earlier || !desk.transcript.value.hasMore) return
    setEarlier(true)
    void desk.loadEarlier().finally(() => setEarlier(false))
  }
  const nearTop = useRef(showEarlier)
  nearTop.current = showEarlier
  const place = useMemo(() => createReadingPlace({
    redraw: () => setVersion((before) => before + 1),
    setAway,
    nearTop: () => nearTop.current(),
  }), [desk.sessionKey.value])
  useLayoutEffect(() => {
    setAway(false)
    return scroller.current === null || column.current === null ? undefined : place.watch(scroller.current, column.current)
  }, [place])
  useLayoutEffect(() => onPaper(place.showAll), [place])
  // What is read belongs to the chat it was begun in.
  useLayoutEffect(() => stage.reader.stop, [desk.sessionKey.value])

  const drawLine = (row: Row): VNode => <div key={row.key} class="line" data-line={row.key} ref={place.seat}>{drawRow(row, { stage, outcomes, running, deliveries: transcript.deliveries, lastOwnKey })}</div>
  const spans = place.spansOf(settled)
  // With every word that comes this is handed back as it was.
  const drawn = useMemo(() => {
    const nodes: VNode[] = []
    let at = 0
    const leaveOut = (to: number): void => {
      if (to > at) nodes.push(<div key={`space ${nodes.length}`} class="space" data-from={at} data-to={to} aria-hidden="true" />)
    }
    for (const { from, to } of spans) {
      leaveOut(from)
      nodes.push(...settled.slice(from, to).map(drawLine))
      at = to
    }
    leaveOut(settled.length)
    return nodes
  }, [place, spans, settled, outcomes, running, lastOwnKey, transcript.deliveries])
  useLayoutEffect(() => place.drawn(open.length, !transcript.hasMore), [drawn, version, open.length])
  useLayoutEffect(() => {
    if (lastOwn?.kind === 'own') place.toEnd()
  }, [place, lastOwnKey])

  const isEmpty = settled.length + open.length === 0 && transcript.load.kind === 'ready'
  return (
    <div class="conversation-place">
      <div class="conversation" ref={scroller} onScroll={place.scrolled} tabIndex={0} role="region" aria-label={text.conversation}>
        <div class="column" ref={column}>
          {props.builtin ? <BuiltinNotice stage={stage} /> : null}
          {transcript.load.kind === 'loading' && settled.length + open.length === 0 ? <p class="quiet centre">{text.historyLoading}</p> : null}
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
          {isEmpty ? <Welcome stage={stage} builtin={props.builtin} /> : null}
          {transcript.hasMore ? <button type="button" class="button small earlier" aria-disabled={earlier} onClick={showEarlier}>{earlier ? text.historyLoading : text.historyEarlier}</button> : null}
          {[...drawn, ...open.map(drawLine)]}
        </div>
      </div>
      {away ? (
        <button type="button" class="to-end" aria-label={text.toBottom} title={text.toBottom} onClick={place.toEnd}>
          <Icon name="down" />
        </button>
      ) : null}
      <Spoken stage={stage} />
    </div>
  )
}
