import type { VNode } from 'preact'
import { Requests } from '../components/requests.tsx'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { DeviceLink } from './device-link.tsx'
import { deviceText } from './device-text.ts'
import { LentPanel } from './lent-panel.tsx'
import { since, when } from './measures.ts'
import { AnswerPanel, Item, Panel, Sure, useAct, useAnswer, type Answer } from './pieces.tsx'
import { roomText } from './text.ts'

/** The one to whom the gateway belongs. */
const ownerId = 'owner'

interface Sender { channel: string; account: string; sender: string }
interface Person { id: string; name: string; role: string; profile: string | undefined; profileMissing: boolean; via: string; senders: Sender[] }

function readPeople(payload: unknown): { people: Person[]; profiles: string[] } {
  const raw = fields(payload)
  return {
    profiles: list(raw['profiles']).filter((name) => typeof name === 'string'),
    people: list(raw['people']).flatMap((value) => {
      const person = fields(value)
      const id = words(person['id'])
      if (id === undefined) return []
      const senders = list(person['senders']).map((sender) => {
        const known = fields(sender)
        return { channel: words(known['channel']) ?? '', account: words(known['account']) ?? 'default', sender: words(known['sender']) ?? '' }
      })
      return [{
        id, senders, name: nameOf(id, words(person['name'])) ?? senders[0]?.sender ?? id, role: words(person['role']) ?? 'guest', profile: words(person['profile']),
        profileMissing: person['profileMissing'] === true, via: words(person['via']) ?? '',
      }]
    }),
  }
}

/** What a person is called here. Whoever opens this page is the owner; without a name of their own, the number a network knows them by says less than "you". */
function nameOf(id: string, name: string | undefined): string | undefined {
  if (id !== ownerId) return name
  return name === undefined || /^\+?\d+$/.test(name) ? roomText.you : roomText.youNamed(name)
}

const roleNames = ['owner', 'admin', 'member', 'guest'] as const

function PersonRow(props: { stage: Stage; person: Person; profiles: string[]; busy: boolean; act: (task: () => Promise<string | undefined>) => void; again: () => void }): VNode {
  const { stage, person, busy, act } = props
  const { desk } = stage
  const labels = new Map(desk.channels.value.map((chip) => [chip.channel, chip.label]))
  const isOwner = person.via === 'owner' || person.role === 'owner'
  const where = person.senders.map(({ channel, sender }) => roomText.through(labels.get(channel) ?? channel, sender)).join(', ')
  const detail = [where, person.via === 'list' ? roomText.byList : '', person.profileMissing ? roomText.profileMissing : ''].filter((part) => part !== '').join(' · ')
  const changeRole = (select: HTMLSelectElement): void => act(async () => {
    const role = select.value
    try {
      await desk.ask('principals.role', { id: person.id, role })
    } catch (error) {
      // The old role holds, so the field says it.
      select.value = person.role
      throw error
    }
    props.again()
    return roomText.roleChanged(person.name, roomText.roles[role] ?? role)
  })
  const changeProfile = (select: HTMLSelectElement): void => act(async () => {
    try {
      await desk.ask('principals.profile', { id: person.id, profile: select.value === '' ? null : select.value })
    } catch (error) {
      // The old profile holds, so the field says it.
      select.value = person.profile ?? ''
      throw error
    }
    props.again()
    return roomText.done
  })
  return (
    <Item icon="people" title={person.name} detail={detail}>
      {isOwner || !desk.can('principals.role') ? <span class="tag">{roomText.roles[person.role] ?? person.role}</span> : (
        <select aria-label={roomText.roleOf(person.name)} disabled={busy} value={person.role} onChange={(event) => changeRole(event.currentTarget)}>
          {roleNames.map((role) => <option key={role} value={role}>{roomText.roles[role]}</option>)}
        </select>
      )}
      {isOwner || props.profiles.length === 0 || !desk.can('principals.profile') ? null : (
        <select aria-label={roomText.profileOf(person.name)} disabled={busy} value={person.profile ?? ''} onChange={(event) => changeProfile(event.currentTarget)}>
          <option value="">{roomText.noProfile}</option>
          {props.profiles.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      )}
      {isOwner || !desk.can('principals.remove') ? null : (
        <Sure
          label={roomText.shutOut}
          name={roomText.shutOutOf(person.name)}
          ask={`${roomText.shutOutAsk(person.name)}${person.via === 'list' ? ` ${roomText.shutOutList}` : ''}`}
          busy={busy}
          onYes={() => act(async () => {
            await desk.ask('principals.remove', { id: person.id })
            props.again()
            return roomText.shutOutDone(person.name)
          })}
        />
      )}
    </Item>
  )
}

function People(props: { stage: Stage }): VNode | null {
  const { stage } = props
  // Whoever was let in a moment ago belongs on the list.
  const { answer, again } = useAnswer(stage, 'principals.list', {}, readPeople)
  const { busy, act } = useAct(stage)
  return (
    <AnswerPanel title={roomText.people} wide answer={answer} again={again} tools={() => <button type="button" class="button small" onClick={again}>{roomText.refresh}</button>}>
      {({ people, profiles }) => (people.length === 0 ? <p class="quiet">{roomText.peopleNone}</p> : (
        <ul class="items">
          {people.map((person) => <PersonRow key={person.id} stage={stage} person={person} profiles={profiles} busy={busy} act={act} again={again} />)}
        </ul>
      ))}
    </AnswerPanel>
  )
}

interface Device { id: string; name: string; platform: string; since: number; used: number | undefined }

function readPaired(payload: unknown): Device[] {
  return list(fields(payload)['paired']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['deviceId'])
    if (id === undefined) return []
    const used = list(raw['tokens']).flatMap((token) => {
      const at = fields(token)['lastUsedAtMs']
      return typeof at === 'number' ? [at] : []
    })
    return [{
      id, name: words(raw['displayName']) ?? words(raw['clientId']) ?? id.slice(0, 12), platform: words(raw['platform']) ?? '',
      since: typeof raw['approvedAtMs'] === 'number' ? raw['approvedAtMs'] : 0, used: used.length === 0 ? undefined : Math.max(...used),
    }]
  })
}

function Devices(props: { stage: Stage; browsers: BrowsersNow }): VNode | null {
  const { stage, browsers } = props
  const { desk, now } = stage
  const { answer, again } = useAnswer(stage, 'device.pair.list', {}, readPaired)
  const { busy, act } = useAct(stage)
  const linked = browsersOf(browsers, 'device')
  return (
    <AnswerPanel title={roomText.devices} answer={answer} again={again}>
      {(devices) => (
        <>
          {devices.length + linked.length === 0 ? <p class="quiet">{roomText.devicesNone}</p> : null}
          <ul class="items">
            {linked.map((device) => (
              <Item key={device.id} icon="device" title={device.name} detail={[device.address, deviceText.linkLine(when(device.until), since(device.used, now.value))].filter((part) => part !== '').join(' · ')}>
                <SignOut stage={stage} browser={device} again={browsers.again} />
              </Item>
            ))}
            {devices.map((device) => (
              <Item
                key={device.id}
                icon="device"
                title={device.name}
                detail={[device.platform, roomText.deviceLine(since(device.since, now.value), device.used === undefined ? roomText.never : since(device.used, now.value))].filter((part) => part !== '').join(' · ')}
              >
                {desk.can('device.pair.remove') ? (
                  <Sure label={roomText.forget} name={roomText.forgetOf(device.name)} ask={roomText.forgetAsk} busy={busy} onYes={() => act(async () => {
                    await desk.ask('device.pair.remove', { deviceId: device.id })
                    again()
                    return roomText.forgotten(device.name)
                  })} />
                ) : null}
              </Item>
            ))}
          </ul>
          <DeviceLink stage={stage} again={browsers.again} />
        </>
      )}
    </AnswerPanel>
  )
}

interface Browser { id: string; kind: 'browser' | 'device'; name: string; address: string; since: number; used: number; until: number }
interface BrowsersNow { answer: Answer<Browser[]>; again: () => void }

const browsersOf = ({ answer }: BrowsersNow, kind: Browser['kind']): Browser[] => (answer.kind === 'ready' ? answer.value.filter((browser) => browser.kind === kind) : [])

function readBrowsers(payload: unknown): Browser[] {
  return list(fields(payload)['browsers']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['id'])
    if (id === undefined) return []
    const at = (name: string): number => (typeof raw[name] === 'number' ? raw[name] : 0)
    return [{
      id, kind: raw['kind'] === 'device' ? 'device' as const : 'browser' as const, name: words(raw['words']) ?? words(raw['browser']) ?? roomText.unknown, address: words(raw['address']) ?? '',
      since: at('createdAtMs'), used: at('lastUsedAtMs'), until: at('expiresAtMs'),
    }]
  })
}

/** Ends sign-ins, and says how many. */
function useSignOut(stage: Stage, again: () => void): { busy: boolean; end: (which: Record<string, unknown>) => () => void } {
  const { busy, act } = useAct(stage)
  return {
    busy,
    end: (which) => () => act(async () => {
      const ended = fields(await stage.desk.ask('sessions.browser.end', which))['ended']
      again()
      return roomText.signedOut(typeof ended === 'number' ? ended : 1)
    }),
  }
}

function SignOut(props: { stage: Stage; browser: Browser; again: () => void }): VNode | null {
  const { stage, browser } = props
  const { busy, end } = useSignOut(stage, props.again)
  return stage.desk.can('sessions.browser.end') ? <Sure label={roomText.signOut} name={roomText.signOutOf(browser.name)} ask={roomText.signOutAsk} busy={busy} onYes={end({ id: browser.id })} /> : null
}

function Browsers(props: { stage: Stage; now: BrowsersNow }): VNode | null {
  const { stage } = props
  const { desk, now } = stage
  const { answer, again } = props.now
  const { busy, end } = useSignOut(stage, again)
  const may = desk.can('sessions.browser.end')
  const browsers = browsersOf(props.now, 'browser')
  return (
    <AnswerPanel title={roomText.browsers} answer={answer} again={again}>
      {() => (browsers.length === 0 ? <p class="quiet">{roomText.browsersNone}</p> : (
        <>
          <ul class="items">
            {browsers.map((browser) => (
              <Item key={browser.id} icon="key" title={browser.name} detail={roomText.browserLine(browser.address, since(browser.since, now.value), since(browser.used, now.value))}>
                <SignOut stage={stage} browser={browser} again={again} />
              </Item>
            ))}
          </ul>
          {may ? (
            <div class="panel-foot">
              <Sure label={roomText.signOutOthers} ask={roomText.signOutOthersAsk} busy={busy} onYes={end({ others: true })} />
              <Sure label={roomText.signOutAll} ask={roomText.signOutAllAsk} busy={busy} onYes={end({ all: true })} />
            </div>
          ) : null}
        </>
      ))}
    </AnswerPanel>
  )
}

export function PeopleRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const browsers = useAnswer(stage, 'sessions.browser.list', {}, readBrowsers)
  const waiting = stage.desk.pairing.value.length + stage.desk.devices.value.length
  return (
    <>
      <Panel title={roomText.requests} count={waiting} wide>
        {waiting === 0 ? <p class="quiet">{roomText.requestsNone}</p> : <Requests stage={stage} />}
      </Panel>
      <People stage={stage} />
      <Devices stage={stage} browsers={browsers} />
      <Browsers stage={stage} now={browsers} />
      <LentPanel stage={stage} />
    </>
  )
}
