import type { FunctionComponent, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'

/** Where the assistant asks for what this browser can do. It comes over the line with the first question; most visits have none. */
export function LentDoor(props: { stage: Stage }): VNode | null {
  const { lending, desk } = props.stage
  const [Place, setPlace] = useState<FunctionComponent<{ stage: Stage }>>()
  const needed = lending.asks.value.length > 0 || lending.shown.value !== undefined
  useEffect(() => {
    if (!needed || Place !== undefined) return
    import('../lent/lent-place.tsx').then(
      ({ LentPlace }) => setPlace(() => LentPlace),
      // A gateway that was updated has files of other names: a reload finds them. Until then nobody was asked, which is no.
      () => desk.say('bad', text.roomFailed),
    )
  }, [needed])
  return Place === undefined ? null : <Place stage={props.stage} />
}
