import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { ApprovalCard, approvalOutcome } from '../components/approval-card.tsx'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { fields, list, readApproval, words, type Approval } from '../wire.ts'
import { plainly, sessionTitle } from '../words.ts'
import { readConfigFile } from './config-file.ts'
import { valueAt } from './config-form.ts'
import { since, when } from './measures.ts'
import { usePersonNames } from './person-names.ts'
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

function Standing(props: { stage: Stage; personName: (id: string) => string }): VNode | null {
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
            <Item key={grant.id} icon="check" tone="good" title={grant.words} detail={roomText.standingFor(props.personName(grant.principal), grant.agent, since(grant.since, now.value))}>
              {may ? <Sure label={roomText.takeBack} name={`${roomText.takeBack}: ${grant.words}`} ask={roomText.takeBackAsk} busy={busy} onYes={revoke(grant.id)} /> : null}
            </Item>
          ))}
        </ul>
      ))}
    </AnswerPanel>
  )
}

const listSteps = ['tools', 'exec', 'allowlist']

/** Commands that the configuration lets run without a question, for everybody's turns. Those of single agents stand in the settings. */
function WithoutQuestion(props: { stage: Stage }): VNode | null {
  const { desk } = props.stage
  const { answer, again } = useAnswer(props.stage, 'config.get', {}, readConfigFile)
  const { busy, act } = useAct(props.stage)
  return (
    <AnswerPanel title={roomText.listed} hint={roomText.listedHint} wide answer={answer} again={again}>
      {(file) => {
        const entries = list(valueAt(file.effective, listSteps)).filter((entry) => typeof entry === 'string')
        return entries.length === 0 ? <p class="quiet">{roomText.listedNone}</p> : (
          <ul class="items">
            {entries.map((entry) => (
              <Item key={entry} icon="check" title={<code>{plainly(entry)}</code>}>
                {desk.can('config.patch') ? (
                  <Sure label={roomText.takeBack} name={`${roomText.takeBack}: ${entry}`} ask={roomText.takeBackAsk} busy={busy} onYes={() => act(async () => {
                    const left = entries.filter((other) => other !== entry)
                    await desk.ask('config.patch', { raw: JSON.stringify({ tools: { exec: { allowlist: left } } }), ...(file.hash === undefined ? {} : { baseHash: file.hash }) })
                    again()
                    return roomText.takenBack
                  })} />
                ) : null}
              </Item>
            ))}
          </ul>
        )
      }}
    </AnswerPanel>
  )
}

const historyStep = 10
/** As many as the gateway hands out at once. */
const historyMost = 500
const outcomes = ['all', 'allowed', 'denied', 'unanswered'] as const

function isOutcome(approval: Approval, wanted: (typeof outcomes)[number]): boolean {
  return wanted === 'all' || (wanted === 'unanswered' ? approval.state === 'expired' || approval.state === 'cancelled' : approval.state === wanted)
}

function History(props: { stage: Stage; personName: (id: string) => string }): VNode {
  const { desk } = props.stage
  const [shown, setShown] = useState(historyStep)
  const [wanted, setWanted] = useState<(typeof outcomes)[number]>('all')
  const [query, setQuery] = useState('')
  // What the page knows anyway is enough until somebody looks for something, or further back.
  const lately = desk.approvals.all.value
  const far = query !== '' || wanted !== 'all' || shown > lately.length
  const older = useAnswer(props.stage, far ? 'approval.history' : 'none', { limit: historyMost }, (payload) => list(fields(payload)['approvals']).map(readApproval).filter((approval) => approval !== undefined))
  const all = new Map([...(older.answer.kind === 'ready' ? older.answer.value : []), ...lately].map((approval) => [approval.id, approval]))
  const answered = [...all.values()].filter((approval) => approval.state !== 'pending').toSorted((a, b) => b.askedAt - a.askedAt)
  const words = query.trim().toLowerCase()
  const found = answered.filter((approval) => isOutcome(approval, wanted) && `${approval.what} ${approval.why} ${approval.detail} ${props.personName(approval.by ?? '')}`.toLowerCase().includes(words))
  return (
    <Panel
      title={roomText.answered}
      wide
      tools={answered.length === 0 ? null : (
        <select aria-label={roomText.answeredKind} value={wanted} onChange={(event) => setWanted(outcomes.find((known) => known === event.currentTarget.value) ?? 'all')}>
          {outcomes.map((known) => <option key={known} value={known}>{roomText.answeredKinds[known]}</option>)}
        </select>
      )}
    >
      {answered.length === 0 ? <p class="quiet">{roomText.answeredNone}</p> : (
        <>
          <label class="search">
            <Icon name="search" />
            <input type="search" placeholder={roomText.answeredFind} aria-label={roomText.answeredFind} value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
          </label>
          {found.length === 0 ? <p class="quiet" role="status">{roomText.answeredNoneFound}</p> : null}
          <ul class="items">
            {found.slice(0, shown).map((approval) => <Past key={approval.id} stage={props.stage} approval={approval} personName={props.personName} />)}
          </ul>
        </>
      )}
      {found.length > shown ? <button type="button" class="button small" onClick={() => setShown(shown + historyStep)}>{roomText.more}</button> : null}
    </Panel>
  )
}

function Past(props: { stage: Stage; approval: Approval; personName: (id: string) => string }): VNode {
  const { approval } = props
  const { desk } = props.stage
  const { words: outcome, icon, tone } = approvalOutcome(approval)
  const key = approval.sessionKey
  return (
    <li class="past">
      <details>
        <summary>
          <Item
            as="div"
            icon={icon}
            {...(tone === 'plain' ? {} : { tone })}
            title={<code class="clip">{plainly(approval.what.split('\n')[0] ?? '')}</code>}
            detail={`${outcome} · ${text.approvalBy(approval.by === undefined ? '' : props.personName(approval.by), when(approval.decidedAt ?? approval.askedAt))}`}
          />
        </summary>
        {approval.why === '' ? null : <p>{approval.why}</p>}
        {key === undefined ? null : <p><button type="button" class="link" onClick={() => desk.open(key)}>{text.approvalElsewhere(sessionTitle(desk.sessions.value.find((row) => row.key === key), key))}</button></p>}
        <pre tabIndex={0}>{plainly(approval.detail)}</pre>
      </details>
    </li>
  )
}

export function ApprovalsRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const { open } = stage.desk.approvals
  const personName = usePersonNames(stage)
  return (
    <>
      <Panel title={roomText.questions} count={open.value.length} wide>
        {open.value.length === 0 ? <p class="quiet">{roomText.questionsNone}</p> : open.value.map((approval) => <ApprovalCard key={approval.id} stage={stage} approval={approval} where />)}
      </Panel>
      <Standing stage={stage} personName={personName} />
      <WithoutQuestion stage={stage} />
      <History stage={stage} personName={personName} />
    </>
  )
}
