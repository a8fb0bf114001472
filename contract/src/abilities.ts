import type { Channel, Connection } from './channel.ts'

/** What a connection can do besides sending words, in words for people. Presence is ability: everything here is derived, nothing declared. */
export const abilityWords = {
  edit: 'changes its messages',
  remove: 'takes messages back',
  react: 'reacts with an emoji',
  poll: 'asks by poll',
  pin: 'pins messages',
  sticker: 'sends stickers',
  typing: 'shows that it works',
  files: 'sends files',
  buttons: 'offers answers to tap',
  nonce: 'a repeated send counts once',
  findSent: 'looks an uncertain send up',
  openDirect: 'writes first',
  listGroups: 'lists its groups',
  probe: 'checks its login',
  login: 'logs in by telephone',
} as const
export type Ability = keyof typeof abilityWords

/** The members of a connection that a network may lack. */
export type ConnectionAbility = Exclude<keyof Connection, 'limits' | 'send' | 'close' | 'door'>
const everyAbility: Record<ConnectionAbility, true> = {
  edit: true, remove: true, react: true, pin: true, unpin: true, poll: true, sticker: true, typing: true, findSent: true, openDirect: true, groups: true, probe: true,
}
/** All of them: whatever passes a connection on goes by this list, so that it forgets none. */
export const connectionAbilities: readonly ConnectionAbility[] = Object.keys(everyAbility) as ConnectionAbility[]

/** What one open account can do, as plain data. */
export interface Abilities {
  can: Ability[]
  /** The most characters of one message. */
  textLengthMax: number
  /** Present exactly with `files`, in bytes. */
  fileBytesMax?: number
  /** Present exactly with `buttons`: how many below one message. */
  buttonsMax?: number
}

/** Pure. In the order of `abilityWords`. */
export function abilitiesOf(channel: Pick<Channel, 'login'>, connection: Connection): Abilities {
  const { limits } = connection
  const has: Record<Ability, boolean> = {
    edit: connection.edit !== undefined, remove: connection.remove !== undefined, react: connection.react !== undefined, poll: connection.poll !== undefined, pin: connection.pin !== undefined, sticker: connection.sticker !== undefined, typing: connection.typing !== undefined,
    files: limits.files !== undefined, buttons: limits.buttons !== undefined, nonce: limits.nonce, findSent: connection.findSent !== undefined, openDirect: connection.openDirect !== undefined,
    listGroups: connection.groups !== undefined, probe: connection.probe !== undefined, login: channel.login !== undefined,
  }
  return {
    can: (Object.keys(abilityWords) as Ability[]).filter((ability) => has[ability]),
    textLengthMax: limits.textLengthMax,
    ...(limits.files === undefined ? {} : { fileBytesMax: limits.files.bytesMax }),
    ...(limits.buttons === undefined ? {} : { buttonsMax: limits.buttons.most }),
  }
}
