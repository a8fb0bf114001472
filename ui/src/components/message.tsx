import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import type { Delivery, Run, TailItem, ToolOutcome } from '../transcript.ts'
import { text } from '../text.ts'
import { readTurnFacts, textOf, type Block, type Message } from '../wire.ts'
import { clockTime, duration, money, shortModel } from '../words.ts'
import type { OwnImage } from '../unsent.ts'
import { AnswerButtons, FileCards } from './sent-file.tsx'
import { CopyButton } from './copy-button.tsx'
import { Icon, type IconName } from './icon.tsx'
import { useKept } from './kept.ts'
import { Markdown } from './markdown.tsx'

/** The history does not keep the names of pictures. */
const imageName = 'image'

/** Longer results are cut until someone asks for all of them. */
const resultShown = 4_000

/** `of` and `part`: what was opened stays open when its line leaves the document and comes back. */
function Fold(props: { of: object; part: string; icon: 'tool' | 'thought'; summary: ComponentChildren; state?: string; tone?: string; children: ComponentChildren }): VNode {
  const [open, setOpen] = useKept(props.of, props.part, false)
  return (
    <details class={`fold ${props.tone ?? ''}`} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name={props.icon} />
        <span class="fold-title clip">{props.summary}</span>
        {props.state === undefined ? null : <span class="fold-state">{props.state}</span>}
        <Icon name="chevron" />
      </summary>
      {/* What nobody opened costs nothing. */}
      {open ? <div class="fold-body">{props.children}</div> : null}
    </details>
  )
}

function Long(props: { value: string }): VNode {
  const [all, setAll] = useState(false)
  const cut = !all && props.value.length > resultShown
  return (
    <>
      <pre tabIndex={0}>{cut ? `${props.value.slice(0, resultShown)}…` : props.value}</pre>
      {cut ? <button type="button" class="button small" onClick={() => setAll(true)}>{text.toolMore(props.value.length)}</button> : null}
    </>
  )
}

/** The one argument that says most, for the folded card. */
function gist(input: unknown): string {
  if (typeof input !== 'object' || input === null) return ''
  const first = Object.values(input).find((value) => typeof value === 'string' && value.trim() !== '')
  return typeof first === 'string' ? (first.split('\n')[0] ?? '').slice(0, 120) : ''
}

/** How long one call took and what the whole answer cost, from the gateway's own books; asked when somebody opens the card. */
function CallFacts(props: { stage: Stage; turn: string; callId: string }): VNode | null {
  const { stage, turn, callId } = props
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (!stage.desk.can('why')) return undefined
    let gone = false
    stage.desk.ask('why', { id: turn }).then((payload) => {
      const facts = readTurnFacts(payload)
      const tookMs = facts.tookMs.get(callId)
      if (!gone) setSaid([...(tookMs === undefined ? [] : [text.toolTook(duration(tookMs))]), ...(facts.modelCalls === 0 ? [] : [text.answerCost(facts.modelCalls, money(facts.costUsd))])].join(' '))
    // Of an answer that is being given, or of one from before the books, nothing is known: the card does without.
    }, () => undefined)
    return () => {
      gone = true
    }
  }, [turn, callId])
  return said === '' ? null : <p class="quiet">{said}</p>
}

function ToolCard(props: { stage: Stage; turn: string; of: object; part: string; name: string; input: unknown; outcome: ToolOutcome | undefined; running: boolean }): VNode {
  const { outcome } = props
  const ended = outcome === undefined ? (props.running ? text.toolRunning : text.toolUnknown) : outcome.isError ? text.toolFailed : text.toolDone
  const state = outcome?.tookMs === undefined ? ended : `${ended} · ${duration(outcome.tookMs)}`
  return (
    <Fold
      of={props.of}
      part={props.part}
      icon="tool"
      tone={outcome?.isError === true ? 'bad' : outcome === undefined && props.running ? 'busy' : 'good'}
      state={state}
      summary={<><b>{props.name}</b> <span class="gist">{gist(props.input)}</span></>}
    >
      <p class="fold-label">{text.toolInput}</p>
      <Long value={typeof props.input === 'string' ? props.input : JSON.stringify(props.input, null, 2)} />
      {outcome === undefined ? null : (
        <>
          <p class="fold-label">{text.toolOutput}</p>
          {outcome.text === '' ? <p class="quiet">{text.toolNothing}</p> : <Long value={outcome.text} />}
          <CallFacts stage={props.stage} turn={props.turn} callId={props.part} />
        </>
      )}
    </Fold>
  )
}

function Thoughts(props: { of: object; part: string; value: string; live: boolean }): VNode {
  return (
    <Fold of={props.of} part={props.part} icon="thought" summary={props.live ? text.thinkingNow : text.thinking} tone={props.live ? 'busy' : ''}>
      <Markdown source={props.value} />
    </Fold>
  )
}

function Pictures(props: { blocks: readonly Block[] }): VNode | null {
  const images = props.blocks.filter((block) => block.kind === 'image')
  if (images.length === 0) return null
  return (
    <div class="pictures">
      {images.map((image, index) => (
        <img key={index} src={`data:${image.mimeType};base64,${image.data}`} alt={text.attached(String(index + 1))} />
      ))}
    </div>
  )
}

/** Reads an answer aloud, or stops that. Nothing where the device has no voice of its own. */
function ReadButton(props: { stage: Stage; id: string; value: string }): VNode | null {
  const { reader } = props.stage
  if (!reader.canRead.value) return null
  const isReading = reader.reading.value === props.id
  const label = isReading ? text.endReading : text.readAloud
  return (
    <button type="button" class="tool-button" aria-pressed={isReading} title={label} aria-label={label} onClick={() => (isReading ? reader.stop() : reader.read(props.id, props.value))}>
      <Icon name={isReading ? 'stop' : 'speaker'} />
    </button>
  )
}

/** What can be done with a message. `read`: the name under which it is read aloud; `onEdit`, `onAgain`: its words once more, changed or as they are. */
function Tools(props: { stage: Stage; value: string; why: string | undefined; read?: string; onEdit?: () => void; onAgain?: () => void }): VNode {
  const { why, onEdit, onAgain } = props
  const canExplain = props.stage.desk.hello.value?.methods.has('why') === true
  return (
    <span class="message-tools">
      {props.value === '' ? null : <CopyButton quiet value={() => props.value} label={text.copyMessage} />}
      {props.value === '' || props.read === undefined ? null : <ReadButton stage={props.stage} id={props.read} value={props.value} />}
      {onEdit === undefined ? null : (
        <button type="button" class="tool-button" title={text.editAsNew} aria-label={text.editAsNew} onClick={onEdit}><Icon name="pencil" /></button>
      )}
      {onAgain === undefined ? null : (
        <button type="button" class="tool-button" title={text.askAgain} aria-label={text.askAgain} onClick={onAgain}><Icon name="retry" /></button>
      )}
      {why !== undefined && canExplain ? (
        <button type="button" class="tool-button" title={text.why} aria-label={text.why} onClick={() => props.stage.desk.explain(why)}>
          <Icon name="why" />
        </button>
      ) : null}
    </span>
  )
}

/** Under an answer: who gave it, when, and what can be done with it. */
function AnswerFoot(props: { stage: Stage; id: string; value: string; why: string | undefined; children: ComponentChildren }): VNode {
  return (
    <div class="message-foot">
      {props.children}
      <Tools stage={props.stage} value={props.value} why={props.why} read={props.id} />
    </div>
  )
}

const ticks: Readonly<Partial<Record<Delivery['kind'], IconName>>> = {
  sending: 'clock', waiting: 'clock', accepted: 'check', delivering: 'check', answered: 'checks', stopped: 'stop', uncertain: 'alert', unanswered: 'alert', undelivered: 'alert', failed: 'alert',
}
/** Of the last message it is said in words, and of any other that did not simply end well; else a tick says it. */
const needsNoWords = (kind: Delivery['kind']): boolean => kind === 'answered' || kind === 'stopped'

function DeliveryWords(props: { delivery: Delivery | undefined; newest: boolean; onRetry: () => void; onTakeBack: () => void }): VNode | null {
  const { delivery, newest } = props
  if (delivery === undefined) return null
  const said = text.delivery[delivery.kind]
  const tick = <Icon name={ticks[delivery.kind] ?? 'clock'} />
  if (!newest && needsNoWords(delivery.kind)) return <span class={`delivery ${delivery.kind}`} role="img" aria-label={said} title={said}>{tick}</span>
  const reason = 'reason' in delivery && delivery.reason !== undefined ? `: ${delivery.reason}` : ''
  if (delivery.kind !== 'failed' && delivery.kind !== 'waiting') return <span class={`delivery ${delivery.kind}`}>{tick}{said}{reason}</span>
  return (
    <span class={`delivery ${delivery.kind}`}>
      {tick}
      {said}
      {delivery.kind === 'failed' ? `${reason}${delivery.next === undefined ? '' : ` ${delivery.next}`}` : ''}
      {delivery.kind === 'failed' ? <button type="button" class="link" onClick={props.onRetry}>{text.retry}</button> : null}
      <button type="button" class="link" onClick={props.onTakeBack}>{text.editAgain}</button>
    </span>
  )
}

function Own(props: { stage: Stage; id: string; words: string; images: readonly OwnImage[]; at: number; from: string | undefined; delivery: Delivery | undefined; newest: boolean; why: string | undefined }): VNode {
  const { stage, delivery } = props
  // Before the gateway has a message, it knows nothing about it and it has no time.
  const arrived = delivery?.kind !== 'failed' && delivery?.kind !== 'waiting'
  // What others said in this chat is not ours to say again.
  const mine = props.from === undefined
  const takeBack = (): void => {
    const words = stage.desk.discard(props.id)
    stage.draft.value = { key: stage.desk.sessionKey.value, words }
  }
  return (
    <article class="own" aria-label={props.from ?? text.you}>
      <h2 class="offscreen">{props.from ?? text.you}</h2>
      {props.from === undefined ? null : <span class="own-from">{props.from}</span>}
      <div class="own-row">
        <Tools
          stage={stage} value={props.words} why={arrived ? props.why : undefined}
          {...(mine && arrived && props.words !== '' ? { onEdit: () => stage.draft.value = { key: stage.desk.sessionKey.value, words: props.words } } : {})}
          {...(mine && arrived ? { onAgain: () => stage.desk.send(props.words, props.images.map((image) => ({ kind: 'image', ...image }))) } : {})}
        />
        <div class="bubble">
          <Pictures blocks={props.images.map((image) => ({ kind: 'image', ...image }))} />
          {props.words === '' ? null : <p class="own-words">{props.words}</p>}
        </div>
      </div>
      <div class="message-foot">
        <DeliveryWords delivery={props.delivery} newest={props.newest} onRetry={() => stage.desk.retry(props.id)} onTakeBack={takeBack} />
        {props.at === 0 || !arrived ? null : <time class="time" dateTime={new Date(props.at).toISOString()}>{clockTime(props.at)}</time>}
      </div>
    </article>
  )
}

function ModelWord(props: { stage: Stage; model: string | undefined }): VNode | null {
  const { model } = props
  if (model === undefined) return null
  const known = props.stage.desk.models.value.find((row) => row.id === model)
  return <span class="model-word" title={model}>{known?.name ?? shortModel(model)}</span>
}

function AnswerBlocks(props: { stage: Stage; message: Message; outcomes: ReadonlyMap<string, ToolOutcome>; running: boolean }): VNode {
  return (
    <>
      {props.message.blocks.map((block, index) => {
        switch (block.kind) {
          case 'text':
            return <Markdown key={index} source={block.text} />
          case 'thinking':
            return <Thoughts key={index} of={props.message} part={`thought ${index}`} value={block.text} live={false} />
          case 'tool-call':
            return <ToolCard key={block.id} stage={props.stage} turn={props.message.runId ?? props.message.id} of={props.message} part={block.id} name={block.name} input={block.input} outcome={props.outcomes.get(block.id)} running={props.running} />
          case 'image':
            return <Pictures key={index} blocks={[block]} />
        }
      })}
    </>
  )
}

function Trouble(props: { reason: string; kind: string | undefined }): VNode {
  const known = Object.hasOwn(text.errorNext, props.kind ?? 'unknown') ? (props.kind ?? 'unknown') : 'unknown'
  return (
    <div class="trouble" role="alert">
      <Icon name="alert" />
      <div>
        <strong>{text.answerFailed}</strong>
        {props.reason === '' ? null : <p>{props.reason}</p>}
        <p class="quiet">{text.errorNext[known]}</p>
      </div>
    </div>
  )
}

/** One line of the history. `first`: the assistant's turn begins with it; `last`: it ends the assistant's turn, so the answer's foot stands under it. */
export function HistoryLine(props: { stage: Stage; message: Message; outcomes: ReadonlyMap<string, ToolOutcome>; running: boolean; first: boolean; last: boolean; delivery: Delivery | undefined; newest: boolean }): VNode | null {
  const { stage, message, first, last, delivery, newest, running } = props
  const calls = message.blocks.flatMap((block) => (block.kind === 'tool-call' ? [block.id] : []))
  const done = calls.map((id) => (props.outcomes.has(id) ? '1' : '0')).join('')
  const explainable = stage.desk.hello.value !== undefined
  // Deltas redraw the conversation many times a second; what did not change is handed back as it was.
  return useMemo(() => drawHistoryLine(props), [message, first, last, delivery, newest, running && calls.length > 0, done, explainable])
}

function drawHistoryLine(props: Parameters<typeof HistoryLine>[0]): VNode | null {
  const { stage, message } = props
  switch (message.role) {
    case 'user':
      return (
        <Own
          stage={stage}
          id={message.key ?? message.id}
          words={textOf(message.blocks)}
          images={message.blocks.flatMap((block) => (block.kind === 'image' ? [{ mimeType: block.mimeType, data: block.data, fileName: imageName }] : []))}
          at={message.at}
          // The person at this page knows who they are; others are named.
          from={message.key === undefined ? message.from : undefined}
          delivery={props.delivery}
          newest={props.newest}
          why={message.whyId ?? message.key ?? message.id}
        />
      )
    case 'assistant':
      return (
        <article class="answer" aria-label={text.assistant}>
          {props.first ? <h2 class="offscreen">{text.assistant}</h2> : null}
          <AnswerBlocks stage={stage} message={message} outcomes={props.outcomes} running={props.running} />
          {message.files === undefined ? null : <FileCards files={message.files} />}
          {message.buttons === undefined ? null : <AnswerButtons of={message} buttons={message.buttons} isSpent={() => message.buttonsSpent === true || stage.desk.approvals.isOver(message.buttons ?? [])} onAnswer={(says) => stage.desk.send(says, [])} />}
          {message.aborted === true ? <p class="note-line">{text.stoppedHere}</p> : null}
          {message.error === undefined ? null : <Trouble reason={message.error} kind={undefined} />}
          {props.last ? (
            <AnswerFoot stage={stage} id={message.runId ?? message.id} value={textOf(message.blocks)} why={message.runId ?? message.whyId ?? (message.files === undefined && message.buttons === undefined ? undefined : message.id)}>
              <ModelWord stage={stage} model={message.model} />
              {message.at === 0 ? null : <time class="time" dateTime={new Date(message.at).toISOString()}>{clockTime(message.at)}</time>}
            </AnswerFoot>
          ) : null}
        </article>
      )
    case 'note':
      return <div class="note"><Markdown source={textOf(message.blocks)} /></div>
    case 'tool':
      return null
  }
}

export function OwnLine(props: { stage: Stage; item: Extract<TailItem, { kind: 'own' }>; delivery: Delivery | undefined; newest: boolean }): VNode {
  const { item } = props
  return <Own stage={props.stage} id={item.key} words={item.text} images={item.images} at={item.at} from={item.from} delivery={props.delivery} newest={props.newest} why={item.key} />
}

export function RunLine(props: { stage: Stage; run: Run; first: boolean; outcomes: ReadonlyMap<string, ToolOutcome> }): VNode {
  const { run, stage } = props
  const running = run.state === 'running'
  const words = run.segments.flatMap((segment) => (segment.kind === 'text' ? [segment.text] : [])).join('\n\n')
  const last = run.segments[run.segments.length - 1]
  const waiting = running && (last === undefined || last.kind === 'tool')
  return (
    <article class={`answer${running ? ' live' : ''}`} aria-label={text.assistant} aria-busy={running}>
      {props.first ? <h2 class="offscreen">{text.assistant}</h2> : null}
      {run.switched === undefined ? null : <p class="note-line">{text.switched(shortModel(run.switched.from), shortModel(run.switched.to))}</p>}
      {run.segments.map((segment, index) => {
        switch (segment.kind) {
          case 'text':
            return <Markdown key={index} source={segment.text} />
          case 'thinking':
            return <Thoughts key={index} of={run} part={`thought ${index}`} value={segment.text} live={running && segment === last} />
          case 'tool':
            return <ToolCard key={segment.callId} stage={stage} turn={run.runId} of={run} part={segment.callId} name={segment.name} input={segment.input} outcome={props.outcomes.get(segment.callId)} running={running} />
        }
      })}
      {waiting || (running && run.phase === 'compacting') ? (
        <p class="working">
          <span class="dots" aria-hidden="true"><i /><i /><i /></span>
          {text.phases[run.phase ?? ''] ?? text.working}
        </p>
      ) : null}
      {run.state === 'aborted' ? <p class="note-line">{text.stoppedHere}</p> : null}
      {run.state === 'failed' ? <Trouble reason={run.error ?? ''} kind={run.errorKind} /> : null}
      {running ? null : (
        <AnswerFoot stage={stage} id={run.runId} value={words} why={run.runId}>
          <ModelWord stage={stage} model={run.model} />
        </AnswerFoot>
      )}
    </article>
  )
}
