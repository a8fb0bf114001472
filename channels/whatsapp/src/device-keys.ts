import type { AuthenticationCreds, SignalDataSet, SignalDataTypeMap, SignalKeyStore } from 'baileys'
import { Problem, type ChannelHost, type SealedValues } from '@moltbot/contract'
import type { Library } from './library.ts'

const identityName = 'device'
const keyName = (type: string, id: string): string => `${type}/${id}`

/** What makes this gateway a linked device: who it is, and the keys of its conversations. */
export interface DeviceKeys {
  creds: AuthenticationCreds
  /**
   * The keys, for one line. Once `isCurrent` is false nothing is written any more: a line that was replaced must not put back what the
   * next one has moved on from.
   */
  keysFor(isCurrent: () => boolean): SignalKeyStore
  /** Writes down who we are. Resolves once it is durable. */
  save(): Promise<void>
}

/** The sealed values of an account. Rejects where the gateway has none: keys are never kept in the open. */
export function sealedOf(host: ChannelHost): SealedValues {
  if (host.sealed === undefined) throw new Problem('whatsapp-unsealed', 'This gateway cannot keep the keys of a linked device sealed.', { next: 'Open the vault: `moltbot vault unlock`.' })
  return host.sealed
}

/** Undefined: no device was linked. */
export async function readDevice(library: Library, sealed: SealedValues): Promise<DeviceKeys | undefined> {
  const text = (await sealed.get([identityName])).get(identityName)
  if (text === undefined) return undefined
  const creds = parse<AuthenticationCreds>(library, text)
  return creds.me?.id === undefined ? undefined : deviceOver(library, sealed, creds)
}

/** A device that is not linked yet. Nothing of it is sealed before `keepDevice`. */
export function newDevice(library: Library): { device: DeviceKeys; values: ReadonlyMap<string, string> } {
  const values = new Map<string, string>()
  const memory: SealedValues = {
    get: async (names) => new Map(names.flatMap((name) => (values.has(name) ? [[name, values.get(name) ?? '']] : []))),
    async set(changes) {
      for (const [name, value] of changes) {
        if (value === undefined) values.delete(name)
        else values.set(name, value)
      }
    },
    clear: async () => values.clear(),
  }
  return { device: deviceOver(library, memory, library.initAuthCreds()), values }
}

/** Seals a newly linked device in place of the one before. */
export async function keepDevice(sealed: SealedValues, values: ReadonlyMap<string, string>): Promise<void> {
  await sealed.clear()
  await sealed.set(values)
}

/** What was written down under this type, by id; what is not there is missing in the result. */
export async function readKept<T>(library: Library, sealed: SealedValues, type: string, ids: readonly string[]): Promise<Map<string, T>> {
  const found = await sealed.get(ids.map((id) => keyName(type, id)))
  return new Map(ids.flatMap((id) => {
    const text = found.get(keyName(type, id))
    return text === undefined ? [] : [[id, parse<T>(library, text)]]
  }))
}

function deviceOver(library: Library, sealed: SealedValues, creds: AuthenticationCreds): DeviceKeys {
  let saving: Promise<void> = Promise.resolve()
  return {
    creds,
    keysFor: (isCurrent) => ({
      async get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]) {
        const values: Record<string, SignalDataTypeMap[T]> = {}
        for (const [id, value] of await readKept<SignalDataTypeMap[T]>(library, sealed, type, ids)) {
          values[id] = type === 'app-state-sync-key' ? (library.proto.Message.AppStateSyncKeyData.fromObject(value as object) as unknown as SignalDataTypeMap[T]) : value
        }
        return values
      },
      async set(data: SignalDataSet) {
        if (!isCurrent()) throw new Error('this line to WhatsApp was replaced')
        const changes = new Map<string, string | undefined>()
        for (const [type, values] of Object.entries(data)) {
          for (const [id, value] of Object.entries(values ?? {})) changes.set(keyName(type, id), value === null || value === undefined ? undefined : JSON.stringify(value, library.BufferJSON.replacer))
        }
        if (changes.size > 0) await sealed.set(changes)
      },
    }),
    save() {
      saving = saving.catch(() => undefined).then(() => sealed.set(new Map([[identityName, JSON.stringify(creds, library.BufferJSON.replacer)]])))
      return saving
    },
  }
}

function parse<T>(library: Library, text: string): T {
  return JSON.parse(text, library.BufferJSON.reviver) as T
}
