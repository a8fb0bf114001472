import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { drawRow, Spoken, useRows } from '../components/conversation.tsx'
import { isOwn, keyOf } from '../conversation-rows.ts'
import type { RoomName } from '../place.ts'
import type { Stage } from '../stage.ts'
import { outcomesOf } from '../transcript.ts'
import type { Progress } from './onboarding-progress.ts'
import { onboardingText as say } from './onboarding-text.ts'

/** The first message and its answer as it comes, in the conversation that is open behind this room; and where to go from there. */
export function MessageStep(props: { stage: Stage; progress: Progress; onModel: () => void }): VNode {
  const { stage, progress } = props
  const { desk, place } = stage
  const [message, setMessage] = useState(say.first)
  const [isSaid, setSaid] = useState(false)
  const transcript = desk.transcript.value
  const running = desk.running.value
  const { settled, open, lastOwn } = useRows(stage)
  const rows = [...settled, ...open]
  const from = rows.findLastIndex((row) => row.kind === 'line' && isOwn(row.line))
  const about = { stage, running, outcomes: outcomesOf(transcript), deliveries: transcript.deliveries, lastOwnKey: lastOwn === undefined ? '' : keyOf(lastOwn) }
  const isReady = progress.message && !running
  const led = (to: RoomName, words: string): VNode => <li><button type="button" class="link" onClick={() => place.enter(to)}>{words}</button></li>
  return (
    <>
      <form class="setup-form" onSubmit={(event) => {
        event.preventDefault()
        if (message.trim() === '' || running) return
        setSaid(true)
        desk.send(message.trim(), [])
      }}>
        <label class="field"><span>{say.messageWords}</span>
          <input type="text" dir="auto" autocomplete="off" maxLength={2_000} value={message} onInput={(event) => setMessage(event.currentTarget.value)} />
        </label>
        <div class="item-tools">
          <button type="submit" class={`button small${isReady ? '' : ' primary'}`} disabled={message.trim() === ''} aria-disabled={running}>{isSaid || isReady ? say.sendAgain : say.send}</button>
          {isSaid && !isReady && !running ? <button type="button" class="button small" onClick={props.onModel}>{say.otherModel}</button> : null}
        </div>
      </form>
      {(isSaid || running) && from !== -1 ? <div class="setup-answer">{rows.slice(from).map((row) => <div key={row.key}>{drawRow(row, about)}</div>)}</div> : null}
      <Spoken stage={stage} />
      {isReady ? (
        <>
          <p class="all-well" role="status"><span class="dot good" aria-hidden="true" />{say.ready4}</p>
          <h3>{say.readyNext}</h3>
          <ul class="plain-lines">
            <li>{say.inTerminal} <code>moltbot chat</code></li>
            {progress.connected === undefined ? null : <li>{say.onChat(progress.connected.label)}</li>}
            {led('automations', say.jobs)}
            {led('security', say.safe)}
          </ul>
          <button type="button" class="button primary" onClick={() => desk.open(desk.sessionKey.value)}>{say.toChat}</button>
        </>
      ) : null}
    </>
  )
}
