import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { fields } from '../wire.ts'
import { shortModel } from '../words.ts'
import { amount, dayWords, money, when } from './measures.ts'
import { readCost, readSpend, type Cap, type Cost } from './money.ts'
import { AnswerPanel, Bar, useAct, useAnswer } from './pieces.tsx'
import { settingPatch } from './review.ts'
import { roomText } from './text.ts'

const daysShown = 30

/** One column a day, its height in the share of the dearest; the table behind it says the same in words. */
function Columns(props: { days: Cost['days'] }): VNode {
  const most = Math.max(...props.days.map((day) => day.costUsd), 0)
  const width = 100 / Math.max(1, props.days.length)
  return (
    <figure class="columns">
      <svg width="100%" height="120" aria-hidden="true" focusable="false">
        {props.days.map((day, index) => {
          const share = most === 0 ? 0 : (day.costUsd / most) * 100
          const height = day.costUsd === 0 ? 1 : Math.max(3, share)
          return (
            <rect key={day.date} class={day.costUsd === 0 ? 'column empty' : 'column'} x={`${index * width + width * 0.12}%`} width={`${width * 0.76}%`} y={`${100 - height}%`} height={`${height}%`} rx="2">
              <title>{roomText.dailyBar(dayWords(day.date), money(day.costUsd))}</title>
            </rect>
          )
        })}
      </svg>
      <figcaption class="quiet">
        <span>{dayWords(props.days[0]?.date ?? '')}</span>
        <span>{dayWords(props.days.at(-1)?.date ?? '')}</span>
      </figcaption>
      <div class="offscreen"><table>
        <caption>{roomText.daily}</caption>
        <tbody>{props.days.map((day) => <tr key={day.date}><th scope="row">{dayWords(day.date)}</th><td>{money(day.costUsd)}</td></tr>)}</tbody>
      </table></div>
    </figure>
  )
}

function Spent(props: { stage: Stage }): VNode | null {
  const { answer, again } = useAnswer(props.stage, 'usage.cost', { days: daysShown }, readCost)
  return (
    <AnswerPanel title={roomText.spent} wide answer={answer} again={again} tools={() => <button type="button" class="button small" onClick={again}>{roomText.refresh}</button>}>
      {({ days, totals }) => {
        const last = days.at(-1)
        const month = days.filter((day) => last !== undefined && day.date.slice(0, 7) === last.date.slice(0, 7)).reduce((sum, day) => sum + day.costUsd, 0)
        return (
          <>
            <dl class="figures">
              <div><dt>{roomText.spentToday}</dt><dd class="figure">{money(last?.costUsd ?? 0)}</dd></div>
              <div><dt>{roomText.spentMonth}</dt><dd class="figure">{money(month)}</dd></div>
              <div><dt>{roomText.spentDays(daysShown)}</dt><dd class="figure">{money(totals.costUsd)}</dd><dd class="quiet">{roomText.todayTokens(amount(totals.tokens))}</dd></div>
            </dl>
            {days.length > 1 && totals.costUsd > 0 ? <Columns days={days} /> : null}
            {totals.unpriced > 0 ? <p class="quiet">{roomText.unpriced(totals.unpriced)}</p> : null}
          </>
        )
      }}
    </AnswerPanel>
  )
}

/** A limit of this shape stands for itself in the configuration; one for everybody (`*`) or with an unusual name is changed there. */
const ownPath = /^budgets\.(daily|monthly|by\w+\.[\w-]+\.(daily|monthly))$/

function CapRow(props: { stage: Stage; cap: Cap; again: () => void }): VNode {
  const { stage, cap } = props
  const { desk } = stage
  const [open, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const input = useRef<HTMLInputElement>(null)
  const { busy, act } = useAct(stage)
  useEffect(() => {
    if (open) input.current?.focus()
  }, [open])
  const name = [roomText.capScopes[cap.scope] ?? cap.scope, cap.id, roomText.capPeriods[cap.period] ?? cap.period].filter((part) => part !== '').join(' ')
  const tone = cap.spentUsd >= cap.capUsd ? 'bad' : cap.spentUsd >= 0.8 * cap.capUsd ? 'warn' : 'plain'
  const value = Number(typed.replace(',', '.'))
  const good = typed.trim() !== '' && Number.isFinite(value) && value >= 0
  return (
    <li class="cap">
      <div class="cap-words">
        <span class="item-title">{name}</span>
        <span class={tone === 'bad' ? 'bad-words' : ''}>{roomText.capOf(money(cap.spentUsd), money(cap.capUsd))}</span>
      </div>
      <Bar part={cap.spentUsd} whole={cap.capUsd} tone={tone} />
      <div class="cap-words">
        <span class="quiet">{cap.resetsAt === undefined ? '' : roomText.capResets(when(cap.resetsAt))}</span>
        {desk.can('config.patch') && ownPath.test(cap.path) && !open ? (
          <button type="button" class="button small" aria-label={roomText.capChangeOf(name)} onClick={() => { setTyped(String(cap.capUsd)); setOpen(true) }}>{roomText.capChange}</button>
        ) : null}
      </div>
      {open ? (
        <form class="sure" onSubmit={(event) => {
          event.preventDefault()
          if (!good) return
          act(async () => {
            const { hash } = fields(await desk.ask('config.get', {}))
            await desk.ask('config.patch', { raw: JSON.stringify(settingPatch(cap.path, value)), ...(typeof hash === 'string' ? { baseHash: hash } : {}) })
            setOpen(false)
            props.again()
            return roomText.capSaved
          })
        }}>
          <label class="field">
            <span>{roomText.capNew(name)}</span>
            <input ref={input} type="text" inputMode="decimal" autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
          </label>
          <button type="button" class="button small" onClick={() => setOpen(false)}>{roomText.cancel}</button>
          <button type="submit" class="button small primary" disabled={!good || busy}>{roomText.capSave}</button>
        </form>
      ) : null}
    </li>
  )
}

const kinds = ['model', 'agent', 'person', 'channel', 'session'] as const
const periods = [1, 7, 30, 90] as const

function Spending(props: { stage: Stage }): VNode | null {
  const [by, setBy] = useState<(typeof kinds)[number]>('model')
  const [days, setDays] = useState<number>(30)
  const { answer, again } = useAnswer(props.stage, 'usage.spend', { by, days }, readSpend)
  return (
    <>
      <AnswerPanel title={roomText.caps} answer={answer} again={again}>
        {({ caps }) => (caps.length === 0 ? <p class="quiet">{roomText.capsNone}</p> : (
          <ul class="items">{caps.map((cap) => <CapRow key={`${cap.scope} ${cap.id} ${cap.period}`} stage={props.stage} cap={cap} again={again} />)}</ul>
        ))}
      </AnswerPanel>
      <AnswerPanel
        title={roomText.by}
        answer={answer}
        again={again}
        tools={() => (
          <>
            <select aria-label={roomText.byLabel} value={by} onChange={(event) => setBy(kinds.find((kind) => kind === event.currentTarget.value) ?? 'model')}>
              {kinds.map((kind) => <option key={kind} value={kind}>{roomText.byKinds[kind]}</option>)}
            </select>
            <select aria-label={roomText.periodLabel} value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
              {periods.map((period) => <option key={period} value={String(period)}>{roomText.periods[period]}</option>)}
            </select>
          </>
        )}
      >
        {({ rows }) => {
          const most = Math.max(...rows.map((row) => row.costUsd), 0)
          return rows.length === 0 ? <p class="quiet">{roomText.byNone}</p> : (
            <ul class="items">
              {rows.slice(0, 20).map((row) => (
                <li key={row.name} class="cap">
                  <div class="cap-words">
                    <span class="item-title clip" title={row.name}>{row.name === '' ? roomText.unknown : by === 'model' ? shortModel(row.name) : row.name}</span>
                    <span>{money(row.costUsd)}</span>
                  </div>
                  <Bar part={row.costUsd} whole={most} />
                  <span class="quiet">{roomText.byLine(row.calls, amount(row.tokens))}</span>
                </li>
              ))}
            </ul>
          )
        }}
      </AnswerPanel>
    </>
  )
}

export function UsageRoom(props: { stage: Stage }): VNode {
  return (
    <>
      <Spent stage={props.stage} />
      <Spending stage={props.stage} />
    </>
  )
}
