import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import '../styles/lent.css'
import { onceEach, useArmed, WholeText } from '../components/considered.tsx'
import { Icon, type IconName } from '../components/icon.tsx'
import type { LentAsk, LentCommand } from '../lending.ts'
import type { Stage } from '../stage.ts'
import { words } from '../wire.ts'
import { clockTime, plainly, sessionTitle } from '../words.ts'
import { lentText as say } from './lent-text.ts'
import { endCamera, LentFailure, openCamera, perform, photograph } from './perform.ts'

const aWhileMs = 10 * 60_000

const icons: Record<LentCommand, IconName> = { 'camera.snap': 'camera', 'canvas.present': 'image', 'clipboard.read': 'copy', 'clipboard.write': 'copy', 'file.pick': 'file', 'location.get': 'pin', 'system.notify': 'alert' }
/** A window for choosing a file opens for a person's press alone, so no yes from before can stand for it. */
const eachTime: ReadonlySet<LentCommand> = new Set(['file.pick'])

/** Exactly what would be done, where there is more to it than the question. */
function exactly({ command, params }: LentAsk): string | undefined {
  const title = words(params['title']) ?? ''
  switch (command) {
    case 'system.notify': return [title, words(params['body']) ?? ''].filter((line) => line !== '').join('\n')
    case 'clipboard.write': return words(params['text']) ?? ''
    case 'canvas.present': return title
    default: return undefined
  }
}

function TimeLeft(props: { until: number }): VNode {
  const [left, setLeft] = useState(() => props.until - Date.now())
  useEffect(() => {
    const timer = setInterval(() => setLeft(props.until - Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [props.until])
  const seconds = Math.max(0, Math.ceil(left / 1_000))
  return (
    <span class={`ask-left${left < 30_000 ? ' soon' : ''}`}>
      <span aria-hidden="true">{say.left(`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`)}</span>
      <span class="offscreen">{say.until(clockTime(props.until))}</span>
    </span>
  )
}

/** What the camera sees, until the person takes the photo or does not. */
function Camera(props: { stream: MediaStream; onTake: (video: HTMLVideoElement) => void; onNo: () => void }): VNode {
  const video = useRef<HTMLVideoElement>(null)
  const [ready, setReady] = useState(false)
  useEffect(() => {
    if (video.current !== null) video.current.srcObject = props.stream
    return () => endCamera(props.stream)
  }, [props.stream])
  return (
    <>
      <video ref={video} class="lent-camera" muted playsInline autoPlay aria-label={say.camera} onLoadedData={() => setReady(true)} />
      <div class="ask-buttons">
        <button type="button" class="button primary" aria-disabled={!ready} onClick={() => { if (ready && video.current !== null) props.onTake(video.current) }}>{say.take}</button>
        <button type="button" class="button" onClick={props.onNo}>{say.cancel}</button>
      </div>
    </>
  )
}

/** One question: what, who, where, why, how long it is open, and the answer. */
function LentCard(props: { stage: Stage; ask: LentAsk; more: number }): VNode {
  const { stage, ask, more } = props
  const { desk, lending } = stage
  const what = exactly(ask)
  const [seen, setSeen] = useState(what === undefined)
  const armed = useArmed(ask.id, seen)
  const [doing, setDoing] = useState<{ kind: 'asked' } | { kind: 'working' } | { kind: 'camera'; stream: MediaStream }>({ kind: 'asked' })
  const over = useRef(new AbortController())
  useEffect(() => () => over.current.abort(), [])

  /** The question may be over before the browser is done: then nothing was given. */
  function fail(error: unknown): void {
    if (over.current.signal.aborted) return
    const code = error instanceof LentFailure ? error.code : 'UNAVAILABLE'
    lending.settle(ask, { ok: false, code })
    if (code === 'UNAUTHORIZED' || code === 'TIMEOUT') return
    desk.say('bad', code === 'TOO_LARGE' ? say.tooLarge : code === 'PERMISSION_MISSING' || code === 'LOCATION_PERMISSION_REQUIRED' ? say.blocked : say.failed)
  }
  function done(payload: unknown): void {
    if (over.current.signal.aborted) return
    lending.settle(ask, { ok: true, payload })
    desk.say('plain', say.done[ask.command])
  }
  const allow = (forMs: number | 'once' | 'page') => (event: Event): void => {
    // Only a person's own press counts for a yes.
    if (!armed || !seen || doing.kind !== 'asked' || !event.isTrusted) return
    if (forMs !== 'once') lending.allow(ask, forMs === 'page' ? undefined : forMs)
    setDoing({ kind: 'working' })
    if (ask.command !== 'camera.snap') return void perform(ask, { lending, worker: stage.companion.worker }, over.current.signal).then(done, fail)
    openCamera(words(ask.params['facing'])).then((stream) => {
      if (over.current.signal.aborted) endCamera(stream)
      else setDoing({ kind: 'camera', stream })
    }, fail)
  }
  const no = (): void => lending.settle(ask, { ok: false, code: 'UNAUTHORIZED' })
  const ready = armed && seen
  const lasting = ask.agentId !== undefined && ask.sessionKey !== undefined && !ask.strange && !eachTime.has(ask.command)
  const key = ask.sessionKey
  return (
    <section class="ask open" aria-labelledby={`lent-${ask.id}`}>
      <div class="ask-head">
        <Icon name={icons[ask.command]} />
        <h2 id={`lent-${ask.id}`}>{doing.kind === 'camera' ? say.cameraTitle : say.asks[ask.command]}</h2>
        <TimeLeft until={ask.until} />
      </div>
      {doing.kind === 'camera' ? (
        <Camera stream={doing.stream} onNo={no} onTake={(video) => void photograph(doing.stream, video).then(done, fail)} />
      ) : (
        <>
          {what === undefined ? null : <WholeText shown={plainly(what)} onSeen={() => setSeen(true)} />}
          <p>{say.means[ask.command]}</p>
          <dl class="lent-facts">
            <div><dt>{ask.agentId === undefined ? say.whoClient : say.who}</dt><dd>{plainly(ask.name)}</dd></div>
            {key === undefined ? null : <div><dt>{say.chat}</dt><dd><button type="button" class="link" onClick={() => desk.open(key)}>{sessionTitle(desk.sessions.value.find((row) => row.key === key), key)}</button></dd></div>}
            {ask.why === undefined ? null : <div><dt>{say.why}</dt><dd>{plainly(ask.why)}</dd></div>}
          </dl>
          {ask.strange && ask.agentId !== undefined ? <p class="lent-strange">{say.strange}</p> : null}
          {seen ? null : <p class="quiet">{say.readAll}</p>}
          {doing.kind === 'working' ? (
            <div class="ask-buttons">
              <span class="quiet" role="status">{ask.command === 'file.pick' ? say.picking : say.working}</span>
              <button type="button" class="button" onClick={no}>{say.cancel}</button>
            </div>
          ) : (
            <>
              <div class="ask-buttons" onKeyDown={onceEach}>
                <button type="button" class="button primary" aria-disabled={!ready} onClick={allow('once')}>{ask.command === 'file.pick' ? say.choose : say.once}</button>
                {lasting ? <button type="button" class="button" aria-disabled={!ready} aria-describedby={`lent-means-${ask.id}`} onClick={allow(aWhileMs)}>{say.minutes}</button> : null}
                {lasting ? <button type="button" class="button" aria-disabled={!ready} aria-describedby={`lent-means-${ask.id}`} onClick={allow('page')}>{say.page}</button> : null}
                <button type="button" class="button" onClick={no}>{say.no}</button>
              </div>
              {lasting ? <p class="quiet" id={`lent-means-${ask.id}`}>{say.lasting}</p> : null}
            </>
          )}
        </>
      )}
      {more > 0 ? <p class="quiet">{say.more(more)}</p> : null}
    </section>
  )
}

/** What was allowed for a while is done as soon as it is asked, and said. */
function LentAtOnce(props: { stage: Stage; ask: LentAsk }): null {
  const { stage, ask } = props
  useEffect(() => {
    const over = new AbortController()
    perform(ask, { lending: stage.lending, worker: stage.companion.worker }, over.signal).then(
      (payload) => {
        stage.lending.settle(ask, { ok: true, payload })
        stage.desk.say('plain', say.done[ask.command])
      },
      (error: unknown) => stage.lending.settle(ask, { ok: false, code: error instanceof LentFailure ? error.code : 'UNAVAILABLE' }),
    )
    return () => over.abort()
  }, [])
  return null
}

/** What the assistant shows: in a frame that is nobody's, in which nothing runs and which fetches nothing. */
function Shown(props: { stage: Stage; page: { title: string; url: string } }): VNode {
  const close = (): void => { props.stage.lending.shown.value = undefined }
  return (
    <section class="lent-shown" aria-labelledby="lent-shown">
      <div class="ask-head">
        <Icon name="image" />
        <h2 id="lent-shown">{plainly(props.page.title)}</h2>
        <span class="tag">{say.shownBy}</span>
        <button type="button" class="tool-button" aria-label={say.close} title={say.close} onClick={close}><Icon name="close" /></button>
      </div>
      <iframe src={props.page.url} title={plainly(props.page.title)} sandbox="" referrerpolicy="no-referrer" allow="" />
    </section>
  )
}

/** Everything this page lends, where it is asked and where it shows. One question at a time; others wait behind it. */
export function LentPlace(props: { stage: Stage }): VNode {
  const { stage } = props
  const { lending } = stage
  const asks = lending.asks.value
  /** What is done on a yes from before; and the question that is asked now, which stays one even where the yes to it covers it. */
  const begun = useRef(new Set<string>())
  const card = useRef<string | undefined>(undefined)
  if (!asks.some(({ id }) => id === card.current)) card.current = undefined
  for (const ask of asks) if (ask.id !== card.current && (!document.hidden || ask.command === 'system.notify') && !eachTime.has(ask.command) && lending.covers(ask)) begun.current.add(ask.id)
  const questions = asks.filter(({ id }) => !begun.current.has(id))
  card.current ??= questions[0]?.id
  const first = questions.find(({ id }) => id === card.current)
  const shown = lending.shown.value
  return (
    <>
      {shown === undefined ? null : <Shown stage={stage} page={shown} key={shown.url} />}
      {asks.filter(({ id }) => begun.current.has(id)).map((ask) => <LentAtOnce key={ask.id} stage={stage} ask={ask} />)}
      <div class="lent">{first === undefined ? null : <LentCard key={first.id} stage={stage} ask={first} more={questions.length - 1} />}</div>
      <div class="offscreen" role="alert">{first === undefined ? '' : say.spoken(say.asks[first.command])}</div>
    </>
  )
}
