import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import '../styles/usage.css'
import type { Stage } from '../stage.ts'
import { money, sessionTitle, shortModel } from '../words.ts'
import { LimitsPanel, type NameOf } from './limits-panel.tsx'
import { amount } from './measures.ts'
import { readCost, readDaily, readSpend, type Cap, type Spend } from './money.ts'
import { AnswerPanel, Bar, useAnswer, type Answer } from './pieces.tsx'
import { usePersonNames } from './person-names.ts'
import { SpendPlot, seriesClass, type Series } from './spend-plot.tsx'
import { roomText } from './text.ts'
import { usageText as say } from './usage-text.ts'

const daysShown = 30

function Spent(props: { stage: Stage }): VNode | null {
  const { desk } = props.stage
  const { answer, again } = useAnswer(props.stage, 'usage.cost', { days: daysShown }, readCost)
  return (
    <AnswerPanel title={say.spent} wide answer={answer} again={again} tools={() => <button type="button" class="button small" onClick={again}>{roomText.refresh}</button>}>
      {({ days, totals }) => {
        const last = days.at(-1)
        const month = days.filter((day) => last !== undefined && day.date.slice(0, 7) === last.date.slice(0, 7)).reduce((sum, day) => sum + day.costUsd, 0)
        return (
          <>
            <dl class="figures">
              <div><dt>{say.spentToday}</dt><dd class="figure">{money(last?.costUsd ?? 0)}</dd></div>
              <div><dt>{say.spentMonth}</dt><dd class="figure">{money(month)}</dd></div>
              <div><dt>{say.spentDays(daysShown)}</dt><dd class="figure">{money(totals.costUsd)}</dd><dd class="quiet">{roomText.todayTokens(amount(totals.tokens))}</dd></div>
            </dl>
            {/* Whoever sees what everybody spends sees it by day below. */}
            {!desk.can('usage.daily') && days.length > 1 && totals.tokens > 0
              ? <SpendPlot days={days.map((day) => ({ date: day.date, parts: new Map([['', day]]) }))} series={[{ name: '', label: say.spent }]} valueOf={(sum) => sum.costUsd} words={money} />
              : null}
            {totals.unpriced > 0 ? <p class="quiet">{say.unpriced(totals.unpriced)}</p> : null}
          </>
        )
      }}
    </AnswerPanel>
  )
}

const kinds = ['model', 'agent', 'person', 'channel', 'session'] as const
type Kind = (typeof kinds)[number]
const periods = [1, 7, 30, 90] as const
const measures = {
  money: { valueOf: (sum: { costUsd: number }) => sum.costUsd, words: money },
  tokens: { valueOf: (sum: { tokens: number }) => sum.tokens, words: amount },
}

function Where(props: { stage: Stage; by: Kind; days: number; setBy: (by: Kind) => void; setDays: (days: number) => void; spend: Answer<Spend>; again: () => void; nameOf: NameOf }): VNode | null {
  const { by, days, nameOf } = props
  const [measure, setMeasure] = useState<keyof typeof measures>('money')
  const daily = useAnswer(props.stage, 'usage.daily', { by, days }, readDaily)
  const { valueOf, words: inWords } = measures[measure]
  const label = (name: string): string => (name === '' ? say.unnamed : nameOf(by, name))
  const shown = daily.answer.kind === 'ready' ? daily.answer.value : undefined
  const series: Series[] = shown === undefined ? [] : [...shown.names.map((name) => ({ name, label: label(name) })), ...(shown.others ? [{ name: null, label: say.rest }] : [])]
  return (
    <AnswerPanel
      title={say.by}
      wide
      answer={props.spend}
      again={() => { props.again(); daily.again() }}
      tools={() => (
        <>
          <select aria-label={say.byLabel} value={by} onChange={(event) => props.setBy(kinds.find((kind) => kind === event.currentTarget.value) ?? 'model')}>
            {kinds.map((kind) => <option key={kind} value={kind}>{say.byKinds[kind]}</option>)}
          </select>
          <select aria-label={say.periodLabel} value={String(days)} onChange={(event) => props.setDays(Number(event.currentTarget.value))}>
            {periods.map((period) => <option key={period} value={String(period)}>{say.periods[period]}</option>)}
          </select>
          <select aria-label={say.measureLabel} value={measure} onChange={(event) => setMeasure(event.currentTarget.value === 'tokens' ? 'tokens' : 'money')}>
            {Object.keys(measures).map((name) => <option key={name} value={name}>{say.measures[name]}</option>)}
          </select>
        </>
      )}
    >
      {({ rows }) => {
        if (rows.length === 0) return <p class="quiet">{say.byNone}</p>
        const most = Math.max(...rows.map(valueOf), 0)
        return (
          <>
            {shown !== undefined && shown.days.length > 1 && series.length > 0 ? <SpendPlot days={shown.days} series={series} valueOf={valueOf} words={inWords} /> : null}
            <ul class="items">
              {rows.toSorted((a, b) => valueOf(b) - valueOf(a)).slice(0, 20).map((row) => (
                <li key={row.name} class="cap">
                  <div class="cap-words">
                    <span class="item-title" title={row.name}>
                      {series.length === 0 ? null : <svg class="swatch" width="10" height="10" aria-hidden="true"><rect class={seriesClass(series, row.name)} width="10" height="10" rx="2" /></svg>}
                      <span class="clip">{label(row.name)}</span>
                    </span>
                    <span>{inWords(valueOf(row))}</span>
                  </div>
                  <Bar part={valueOf(row)} whole={most} {...(series.length === 0 ? {} : { fill: seriesClass(series, row.name) })} />
                  <span class="quiet">{measure === 'money' ? say.byLine(row.calls, amount(row.tokens)) : `${say.byLine(row.calls, amount(row.tokens))} · ${money(row.costUsd)}`}</span>
                </li>
              ))}
            </ul>
          </>
        )
      }}
    </AnswerPanel>
  )
}

/** Money and tokens: what was spent, what may be, and where it went. */
export function UsageRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const { desk } = stage
  const [by, setBy] = useState<Kind>('model')
  const [days, setDays] = useState<number>(30)
  const { answer, again } = useAnswer(stage, 'usage.spend', { by, days }, readSpend)
  const personName = usePersonNames(stage)
  const nameOf: NameOf = (kind, id) => {
    switch (kind) {
      case 'model': return shortModel(id)
      case 'person': return personName(id)
      case 'channel': return desk.channels.value.find((chip) => chip.channel === id && chip.account === 'default')?.label ?? id
      case 'session': return sessionTitle(desk.sessions.value.find((session) => session.key === id), id)
      default: return id
    }
  }
  const caps: Answer<readonly Cap[]> = answer.kind === 'ready' ? { ...answer, value: answer.value.caps } : answer
  return (
    <>
      <Spent stage={stage} />
      <Where stage={stage} by={by} days={days} setBy={setBy} setDays={setDays} spend={answer} again={again} nameOf={nameOf} />
      <LimitsPanel stage={stage} caps={caps} again={again} nameOf={nameOf} />
    </>
  )
}
