import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { FormulaToken } from '../formulas.ts'
import { text } from '../text.ts'

type Draw = typeof import('../draw-formula.ts').drawFormula
let draw: Draw | undefined
let isLost = false

/** What draws comes with the first formula anybody sees. Until then, and where it can't, a formula is its source. */
export function Formula(props: { formula: FormulaToken }): VNode {
  const { raw, text: tex, isBlock, isBeyond } = props.formula
  const [, again] = useState(0)
  const ready = draw
  useEffect(() => {
    if (ready !== undefined || isBeyond === true) return undefined
    let isGone = false
    void import('../draw-formula.ts')
      .then((part) => { draw = part.drawFormula }, () => { isLost = true })
      .then(() => { if (!isGone) again((count) => count + 1) })
    return () => { isGone = true }
  }, [isBeyond, ready])
  const drawn = useMemo(() => (isBeyond === true ? undefined : ready?.(tex, isBlock)), [tex, isBlock, isBeyond, ready])
  const place = useRef<HTMLSpanElement>(null)
  const [isWide, setWide] = useState(false)
  // Lines of words can't hold one that is wider than they are; it then moves within itself, which would cost the others their baseline.
  useLayoutEffect(() => {
    const width = place.current?.firstElementChild?.getBoundingClientRect().width ?? 0
    const room = place.current?.parentElement?.clientWidth ?? 0
    setWide(room > 0 && width > room)
  }, [drawn])
  if (drawn === undefined) return ready === undefined && !isLost && isBeyond !== true ? <span class="formula-source">{raw}</span> : <code>{raw.trim()}</code>
  if (!isBlock && !isWide) return <span class="formula" ref={place} title={tex}>{drawn}</span>
  return <span class={`formula ${isBlock ? 'formula-block' : 'formula-wide'}`} ref={place} role="group" aria-label={text.formula} tabIndex={0} title={tex}>{drawn}</span>
}
