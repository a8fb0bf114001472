import type { VNode } from 'preact'
import { ApprovalCard } from '../components/approval-card.tsx'
import type { RoomName } from '../place.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { money, sessionTitle } from '../words.ts'
import { amount } from './measures.ts'
import { Bar, AnswerPanel, Item, Panel, useAct, useAnswer } from './pieces.tsx'
import { readReview } from './review.ts'
import { useProgress } from './onboarding-progress.ts'
import { onboardingText } from './onboarding-text.ts'
import { readCost, readSpend, type Cap, type Spend } from './money.ts'
import { roomText } from './text.ts'

/** More than this would push everything else off the screen. */
const questionsShown = 2

function Go(props: { stage: Stage; to: RoomName; words: string }): VNode {
  return <button type="button" class="button small" onClick={() => props.stage.place.enter(props.to)}>{props.words}</button>
}

function Waiting(props: { stage: Stage }): VNode {
  const { stage } = props
  const { desk } = stage
  const questions = desk.approvals.open.value
  const people = desk.pairing.value.length + desk.devices.value.length
  const channels = desk.channels.value.filter((chip) => chip.state === 'needs-you')
  const more = questions.length - questionsShown
  const nothing = questions.length + people + channels.length === 0
  return (
    <Panel title={roomText.waiting} count={questions.length + people + channels.length} wide>
      {nothing ? <p class="all-well"><span class="dot good" aria-hidden="true" />{roomText.waitingNone}</p> : null}
      {questions.slice(0, questionsShown).map((approval) => <ApprovalCard key={approval.id} stage={stage} approval={approval} where />)}
      <ul class="items">
        {more > 0 ? <Item icon="shield" tone="warn" title={roomText.waitingMore(more)}><Go stage={stage} to="approvals" words={roomText.see} /></Item> : null}
        {people > 0 ? <Item icon="people" tone="warn" title={roomText.waitingPeople(people)}><Go stage={stage} to="people" words={roomText.see} /></Item> : null}
        {channels.map((chip) => <Item key={`${chip.channel}/${chip.account}`} icon="alert" tone="bad" title={roomText.waitingChannel(chip.label)} detail={chip.detail} />)}
      </ul>
    </Panel>
  )
}

function Working(props: { stage: Stage }): VNode {
  const { desk } = props.stage
  const { busy, act } = useAct(props.stage)
  const running = desk.sessions.value.filter((session) => session.running)
  return (
    <Panel title={roomText.working} count={running.length}>
      {running.length === 0 ? (
        <>
          <p class="quiet">{roomText.workingNone}</p>
          <button type="button" class="button small" onClick={() => desk.open(desk.sessionKey.value)}>{onboardingText.toChat}</button>
        </>
      ) : (
        <ul class="items">
          {running.map((session) => {
            const name = sessionTitle(session, session.key)
            return (
              <Item key={session.key} title={<button type="button" class="link clip" onClick={() => desk.open(session.key)}>{name}</button>} detail={session.channel === undefined ? '' : text.through(session.channel)}>
                <button type="button" class="button small" aria-label={roomText.stopOf(name)} aria-disabled={busy} onClick={() => act(async () => {
                  await desk.ask('chat.abort', { sessionKey: session.key })
                  return roomText.stopped(name)
                })}>{roomText.stop}</button>
              </Item>
            )
          })}
        </ul>
      )}
    </Panel>
  )
}

/** The limit of the whole gateway for a day, else the one nearest to its end. */
function nearestCap(spend: Spend): Cap | undefined {
  const share = (cap: Cap): number => (cap.capUsd <= 0 ? 1 : cap.spentUsd / cap.capUsd)
  return spend.caps.find((cap) => cap.scope === 'gateway' && cap.period === 'day') ?? spend.caps.toSorted((a, b) => share(b) - share(a))[0]
}

function Today(props: { stage: Stage }): VNode | null {
  const cost = useAnswer(props.stage, 'usage.cost', { days: 1 }, readCost)
  const spend = useAnswer(props.stage, 'usage.spend', { days: 1 }, readSpend)
  return (
    <AnswerPanel title={roomText.today} answer={cost.answer} again={cost.again} tools={() => <Go stage={props.stage} to="usage" words={roomText.see} />}>
      {({ totals }) => {
        const cap = spend.answer.kind === 'ready' ? nearestCap(spend.answer.value) : undefined
        return (
          <>
            <p class="figure">{totals.costUsd === 0 && totals.tokens === 0 ? roomText.todayNothing : money(totals.costUsd)}</p>
            {totals.tokens === 0 ? null : <p class="quiet">{roomText.todayTokens(amount(totals.tokens))}</p>}
            {cap === undefined ? null : (
              <>
                <Bar part={cap.spentUsd} whole={cap.capUsd} tone={cap.spentUsd >= cap.capUsd ? 'bad' : cap.spentUsd >= 0.8 * cap.capUsd ? 'warn' : 'plain'} />
                <p class="quiet">{roomText.capLeft(money(cap.leftUsd), money(cap.capUsd))}</p>
              </>
            )}
          </>
        )
      }}
    </AnswerPanel>
  )
}

function Channels(props: { stage: Stage }): VNode {
  const chips = props.stage.desk.channels.value
  return (
    <Panel title={roomText.channels} tools={<Go stage={props.stage} to="channels" words={roomText.see} />}>
      {chips.length === 0 ? <p class="quiet">{roomText.channelsNone}</p> : (
        <ul class="channel-list">
          {chips.map((chip) => (
            <li key={`${chip.channel}/${chip.account}`} class={`chip ${chip.state}`}>
              <span class="dot" aria-hidden="true" />
              <span class="clip grow">{chip.label}</span>
              <span class="chip-state">{text.channelStates[chip.state]}</span>
              {chip.state !== 'connected' && chip.detail !== '' ? <span class="chip-detail">{chip.detail}</span> : null}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Posture(props: { stage: Stage }): VNode | null {
  const { answer, again } = useAnswer(props.stage, 'security.audit', { quick: true }, readReview)
  return (
    <AnswerPanel title={roomText.posture} answer={answer} again={again} loading={roomText.reviewing} tools={() => <Go stage={props.stage} to="security" words={roomText.see} />}>
      {({ findings }) => {
        const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length
        const [critical, warn, info] = [count('critical'), count('warn'), count('info')]
        if (findings.length === 0) return <p class="all-well"><span class="dot good" aria-hidden="true" />{roomText.postureClean}</p>
        return (
          <>
            <p class={`figure ${critical > 0 ? 'bad-words' : ''}`}>{critical + warn > 0 ? roomText.postureFound(critical, warn) : roomText.postureInfo(info)}</p>
            <ul class="plain-lines">{findings.slice(0, 3).map((finding) => <li key={`${finding.check} ${finding.subject}`}>{finding.evidence}</li>)}</ul>
          </>
        )
      }}
    </AnswerPanel>
  )
}

/** What is still to be set up, below everything that happens. */
function Setup(props: { stage: Stage }): VNode | null {
  const { known, model, chat, message } = useProgress(props.stage)
  const open = [model, chat, message].filter((done) => !done).length
  if (!known || open === 0 || !props.stage.desk.can('models.set')) return null
  return (
    <Panel title={text.rooms.onboarding} wide>
      <Item as="div" icon="check" title={onboardingText.open(open)}><Go stage={props.stage} to="onboarding" words={onboardingText.goOn} /></Item>
    </Panel>
  )
}

export function HomeRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  return (
    <>
      <Waiting stage={stage} />
      <Working stage={stage} />
      <Today stage={stage} />
      <Channels stage={stage} />
      <Posture stage={stage} />
      <Setup stage={stage} />
    </>
  )
}
