import type { VNode } from 'preact'
import type { SpendDays } from './money.ts'
import { dayWords } from './measures.ts'
import { usageText as say } from './usage-text.ts'

/** A part of every column; the place in the list is its colour. */
export interface Series { name: string | null; label: string }

/** The colour's class of the n-th part; the last one is everything else. */
export function seriesClass(series: readonly Series[], name: string | null): string {
  const at = series.findIndex((one) => one.name === name)
  return name === null || at < 0 ? 'series-rest' : `series-${at}`
}

/** The next round amount: 1, 2, 2.5 or 5 of some power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 2.5, 5, 10].find((step) => step * power >= value * 0.999_999) ?? 10)
}

const height = 180
/** Room above the highest line for the upper half of its number. */
const top = 8
/** Where the lines are, in shares of the highest. */
const lines = [1, 0.5]

/**
 * One column a day made of its parts, on two lines with numbers. Drawn in shares of the width, so that it needs no look at how wide it is;
 * whoever cannot see it, or wants the numbers, has the table below it.
 */
export function SpendPlot(props: { days: SpendDays; series: readonly Series[]; valueOf: (sum: { tokens: number; costUsd: number }) => number; words: (value: number) => string }): VNode {
  const { days, series, valueOf, words } = props
  const partsOf = (day: SpendDays[number]): { one: Series; value: number }[] => series.map((one) => ({ one, value: valueOf(day.parts.get(one.name) ?? { tokens: 0, costUsd: 0 }) }))
  const sumOf = (day: SpendDays[number]): number => partsOf(day).reduce((sum, { value }) => sum + value, 0)
  const most = roundUp(Math.max(0, ...days.map(sumOf)))
  const width = 100 / Math.max(1, days.length)
  const y = (value: number): number => top + (height - top) * (1 - value / most)
  return (
    <figure class="spend-plot">
      <div class="plot-place">
        <svg class="plot-scale" height={height} aria-hidden="true">
          {lines.map((share) => <text key={share} class="plot-number" x="100%" text-anchor="end" y={y(most * share) + 4}>{words(most * share)}</text>)}
        </svg>
        <svg width="100%" height={height} role="img" aria-label={say.plot}>
          {lines.map((share) => <line key={share} class="plot-line" x1="0" x2="100%" y1={y(most * share)} y2={y(most * share)} />)}
          {days.map((day, index) => {
            let below = 0
            return (
              <g key={day.date}>
                {partsOf(day).map(({ one, value }) => {
                  if (value <= 0) return null
                  const from = y(below)
                  below += value
                  return (
                    <rect key={one.name} class={`plot-part ${seriesClass(series, one.name)}`} x={`${index * width + width * 0.14}%`} width={`${width * 0.72}%`} y={y(below)} height={Math.max(1, from - y(below))}>
                      <title>{say.plotPart(dayWords(day.date), one.label, words(value))}</title>
                    </rect>
                  )
                })}
              </g>
            )
          })}
          <line class="plot-ground" x1="0" x2="100%" y1={height - 0.5} y2={height - 0.5} />
        </svg>
      </div>
      <figcaption class="quiet">
        <span>{dayWords(days[0]?.date ?? '')}</span>
        <span>{dayWords(days.at(-1)?.date ?? '')}</span>
      </figcaption>
      <details class="more">
        <summary>{say.table}</summary>
        <div class="table-place" tabIndex={0} role="group" aria-label={say.table}>
          <table>
            <caption class="offscreen">{say.plot}</caption>
            <thead><tr><th scope="col">{say.day}</th>{series.map((one) => <th key={one.name} scope="col" class="number">{one.label}</th>)}<th scope="col" class="number">{say.sum}</th></tr></thead>
            <tbody>
              {days.toReversed().map((day) => (
                <tr key={day.date}>
                  <th scope="row">{dayWords(day.date)}</th>
                  {partsOf(day).map(({ one, value }) => <td key={one.name} class="number">{value === 0 ? '' : words(value)}</td>)}
                  <td class="number">{words(sumOf(day))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}
