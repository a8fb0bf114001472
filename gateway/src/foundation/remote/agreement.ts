import type { Connection, ConnectionAbility, ConnectionLimits, OutgoingFile, OutgoingMessage } from '@moltbot/contract'

/** A connection as the other side describes it; what is absent there is absent here. */
export interface Opened { limits: ConnectionLimits; abilities: ConnectionAbility[] }

/** What an account is opened with. `line`: its number, in everything that is said about it. */
export interface Opening { line: number; channel: string; account: string; config: unknown; sealed: boolean; films: boolean; commands: { name: string; description: string }[] | undefined }

/** A message on its way to the other side. The bytes of a file are asked for when they are needed. */
export type CarriedMessage = Omit<OutgoingMessage, 'file'> & { file?: Omit<OutgoingFile, 'bytes'> & { token: number } }

/** Where in the arguments of an ability its signal stands. */
export const signalAt: Readonly<Partial<Record<ConnectionAbility | 'send', number>>> = { send: 2, edit: 3, remove: 2, react: 3, pin: 2, unpin: 2, poll: 2, sticker: 2, groups: 0, probe: 0 }

export type AnyConnection = Connection & Record<ConnectionAbility | 'send', ((...args: unknown[]) => Promise<unknown>) | undefined>
