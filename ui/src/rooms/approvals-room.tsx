import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { ApprovalCard, approvalOutcome } from '../components/approval-card.tsx'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { fields, list, words } from '../wire.ts'
import { since, when } from './measures.ts'
import { AnswerPanel, Item, Panel, Sure, useAct, useAnswer } from './pieces.tsx'
import { roomText } from './text.ts'

interface Grant { id: string; words: string; principal: string; agent: string; since: number }

function readGrants(payload: unknown): Grant[] {
  return list(fields(payload)['grants']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['id'])
    if (id === undefined) return []
    const since = raw['sinceMs']
    return [{
      id, words: words(raw['words']) ?? words(raw['what']) ?? id, principal: words(raw['principal']) ?? '', agent: words(raw['agentId']) ?? 'main',
      since: typeof since === 'number' ? since : 0,
    }]
  })
}

function Standing(props: { stage: Stage }): VNode | null {
  const { desk, now } = props.stage
  const { answer, again } = useAnswer(props.stage, 'exec.approval.grants.list', {}, readGrants)
  const { busy, act } = useAct(props.stage)
  const revoke = (id: string) => () => act(async () => {
    await desk.ask('exec.approval.grants.revoke', { id })
    again()
    return roomText.takenBack
  })
  const may = desk.can('exec.approval.grants.revoke')
  return (
    <AnswerPanel
      title={roomText.standing}
      wide
      answer={answer}
      again={again}
      tools={(grants) => (may && grants.length > 1 ? <Sure label={roomText.takeAllBack} ask={roomText.takeBackAsk} busy={busy} onYes={revoke('all')} /> : null)}
    >
      {(grants) => (grants.length === 0 ? <p class="quiet">{roomText.standingNone}</p> : (
        <ul class="items">
          {grants.map((grant) => (
            <Item key={grant.id} icon="check" tone="good" title={grant.words} detail={roomText.standingFor(grant.principal, grant.agent, since(grant.since, now.value))}>
              {may ? <Sure label={roomText.takeBack} name={`${roomText.takeBack}: ${grant.words}`} ask={roomText.takeBackAsk} busy={busy} onYes={revoke(grant.id)} /> : null}
            </Item>
          ))}
        </ul>
      ))}
    </AnswerPanel>
  )
}

const historyStep = 10

function History(props: { stage: Stage }): VNode {
  const [shown, setShown] = useState(historyStep)
  const answered = props.stage.desk.approvals.all.value.filter((approval) => approval.state !== 'pending').toReversed()
  return (
    <Panel title={roomText.answered} wide>
      {answered.length === 0 ? <p class="quiet">{roomText.answeredNone}</p> : (
        <ul class="items">
          {answered.slice(0, shown).map((approval) => {
            const { words: outcome, icon, tone } = approvalOutcome(approval)
            const at = approval.decidedAt ?? approval.askedAt
            return (
              <li key={approval.id} class="past">
                <details>
                  <summary>
                    <Item as="div" icon={icon} {...(tone === 'plain' ? {} : { tone })} title={<code class="clip">{approval.what.split('\n')[0]}</code>} detail={`${outcome} · ${text.approvalBy(approval.by ?? '', when(at))}`} />
                  </summary>
                  {approval.why === '' ? null : <p>{approval.why}</p>}
                  <pre tabIndex={0}>{approval.detail}</pre>
                </details>
              </li>
            )
          })}
        </ul>
      )}
      {answered.length > shown ? <button type="button" class="button small" onClick={() => setShown(shown + historyStep)}>{roomText.more}</button> : null}
    </Panel>
  )
}

export function ApprovalsRoom(props: { stage: Stage }): VNode {
  const { open } = props.stage.desk.approvals
  return (
    <>
      <Panel title={roomText.questions} count={open.value.length} wide>
        {open.value.length === 0 ? <p class="quiet">{roomText.questionsNone}</p> : open.value.map((approval) => <ApprovalCard key={approval.id} stage={props.stage} approval={approval} where />)}
      </Panel>
      <Standing stage={props.stage} />
      <History stage={props.stage} />
    </>
  )
}
