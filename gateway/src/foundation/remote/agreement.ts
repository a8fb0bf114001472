import type { Connection, ConnectionLimits, OutgoingFile, OutgoingMessage } from '@moltbot/contract'

/** What a connection may be able to do beside sending and closing; what is absent there is absent here. */
export const abilities = ['edit', 'remove', 'react', 'poll', 'typing', 'findSent', 'openDirect', 'groups', 'probe'] as const
export type Ability = (typeof abilities)[number]

/** A connection as the other side describes it. */
export interface Opened { limits: ConnectionLimits; abilities: Ability[] }

/** What an account is opened with. `line`: its number, in everything that is said about it. */
export interface Opening { line: number; channel: string; account: string; config: unknown; sealed: boolean; films: boolean; commands: { name: string; description: string }[] | undefined }

/** A message on its way to the other side. The bytes of a file are asked for when they are needed. */
export type CarriedMessage = Omit<OutgoingMessage, 'file'> & { file?: Omit<OutgoingFile, 'bytes'> & { token: number } }

/** Where in the arguments of an ability its signal stands. */
export const signalAt: Readonly<Partial<Record<Ability | 'send', number>>> = { send: 2, edit: 3, remove: 2, react: 3, poll: 2, groups: 0, probe: 0 }

export type AnyConnection = Connection & Record<Ability | 'send', ((...args: unknown[]) => Promise<unknown>) | undefined>
