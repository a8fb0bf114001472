import type { FunctionComponent, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { RoomName } from '../place.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'

type Room = FunctionComponent<{ stage: Stage; room: RoomName }>

/** The rooms beside the conversation come when somebody first enters one: most visits to the page are for talking. */
export function RoomPlace(props: { stage: Stage; room: RoomName }): VNode {
  const [loaded, setLoaded] = useState<{ kind: 'loading' } | { kind: 'ready'; Room: Room } | { kind: 'failed' }>({ kind: 'loading' })
  const load = (): void => {
    setLoaded({ kind: 'loading' })
    import('../rooms/index.tsx').then(
      (module) => setLoaded({ kind: 'ready', Room: module.Room }),
      // A gateway that was updated has files of other names: a reload finds them.
      () => setLoaded({ kind: 'failed' }),
    )
  }
  useEffect(load, [])
  if (loaded.kind === 'ready') return <loaded.Room stage={props.stage} room={props.room} />
  return (
    <div class="view">
      {loaded.kind === 'loading' ? <p class="quiet centre">{text.roomLoading}</p> : (
        <div class="gate" role="alert">
          <p>{text.roomFailed}</p>
          <button type="button" class="button" onClick={() => location.reload()}>{text.reload}</button>
        </div>
      )}
    </div>
  )
}
