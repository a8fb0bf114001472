import type { FunctionComponent, VNode } from 'preact'
import type { RoomName } from '../place.ts'
import type { Stage } from '../stage.ts'
import { LatePart } from './late-part.tsx'

type Room = FunctionComponent<{ stage: Stage; room: RoomName }>

const load = async (): Promise<Room> => (await import('../rooms/index.tsx')).Room

/** The rooms beside the conversation come when somebody first enters one. */
export function RoomPlace(props: { stage: Stage; room: RoomName }): VNode {
  return <LatePart load={load} props={props} />
}
