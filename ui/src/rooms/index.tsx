/**
 * The rooms beside the conversation: what waits and runs, questions and grants, people, channels, agents, security, money, the
 * log, settings, and setting up. They come to the page when somebody first enters one, show what the gateway answers at that moment, and keep
 * nothing but what a person typed and has not saved; a method this gateway does not name in its hello is never called, and what
 * it would show is left out.
 */
import type { FunctionComponent, VNode } from 'preact'
import '../styles/rooms.css'
import { LatePart } from '../components/late-part.tsx'
import type { RoomName } from '../place.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { ApprovalsRoom } from './approvals-room.tsx'
import { HomeRoom } from './home-room.tsx'
import { PeopleRoom } from './people-room.tsx'
import { Panel } from './pieces.tsx'
import { roomText } from './text.ts'

type RoomComponent = FunctionComponent<{ stage: Stage }>

/** Rooms that most visits never enter come when they are. */
const later = (load: () => Promise<RoomComponent>): RoomComponent => (props) => <LatePart load={load} props={props} />

const shelf: Record<RoomName, RoomComponent> = {
  home: HomeRoom, approvals: ApprovalsRoom, people: PeopleRoom,
  agents: later(async () => (await import('./agents-room.tsx')).AgentsRoom),
  automations: later(async () => (await import('./automations-room.tsx')).AutomationsRoom),
  channels: later(async () => (await import('./channels-room.tsx')).ChannelsRoom),
  onboarding: later(async () => (await import('./onboarding-room.tsx')).OnboardingRoom),
  logs: later(async () => (await import('./logs-room.tsx')).LogsRoom),
  security: later(async () => (await import('./security-room.tsx')).SecurityRoom),
  usage: later(async () => (await import('./usage-room.tsx')).UsageRoom),
  settings: later(async () => (await import('./settings-room.tsx')).SettingsRoom),
}

/** A room is worth entering where the gateway has one of these. The others live from what the page knows anyway. */
const lives: Partial<Record<RoomName, readonly string[]>> = {
  security: ['security.audit', 'audit.log', 'vault.list', 'egress.today', 'sandbox.explain', 'panic', 'pause', 'resume'],
  usage: ['usage.cost', 'usage.spend'],
  agents: ['agents.list'],
  automations: ['cron.list'],
  channels: ['channels.status', 'channels.catalog'],
  onboarding: ['models.status'],
  logs: ['logs.tail'],
  settings: ['config.schema'],
}

export function Room(props: { stage: Stage; room: RoomName }): VNode {
  const Shown = shelf[props.room]
  const { desk } = props.stage
  const bare = desk.hello.value !== undefined && lives[props.room]?.some(desk.can) === false
  return (
    <div class="room" key={props.room}>
      <div class="room-column">
        {bare ? <Panel title={text.rooms[props.room]} wide><p class="quiet">{roomText.bare}</p></Panel> : <Shown stage={props.stage} />}
      </div>
    </div>
  )
}
