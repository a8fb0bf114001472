import type { Action, AccountId, ChannelId, IncomingMessage, Principal, PrincipalId, SenderId, Tx, Verdict } from '@moltbot/contract'

export interface PairingRequest {
  channel: ChannelId
  account: AccountId
  sender: SenderId
  senderName: string | null
  code: string
  createdAt: number
  lastSeenAt: number
  expiresAt: number
}

export interface PairedSender { channel: ChannelId; account: AccountId; sender: SenderId; name: string | null; principal: PrincipalId; role: Principal['role']; since: number }

/** Who speaks for the operator when pairing is decided; written to the audit. */
export type Approver = { via: 'cli' | 'web' | 'chat'; principal: PrincipalId }

export interface PairingDoor {
  /** Requests that still can be approved, oldest first. */
  pending(channel?: ChannelId): Promise<PairingRequest[]>
  /**
   * Admits the sender of the request. Code in any case. The first person approved from the CLI or page while no chat identity is
   * the owner's and the configuration names none becomes the owner there; others become members. Throws `Problem('pairing-code-unknown')`,
   * `Problem('pairing-locked')` (ten wrong codes in a minute lock approval for five). Five wrong codes on a channel end the codes waiting there.
   */
  approve(channel: ChannelId, code: string, by: Approver): Promise<PairedSender>
  reject(channel: ChannelId, code: string, by: Approver): Promise<boolean>
  paired(): Promise<PairedSender[]>
  /** Shuts a sender out again; what they had waiting or running ends. False: nobody of that id was let in. */
  revoke(channel: ChannelId, account: AccountId, sender: SenderId, by: Approver): Promise<boolean>
  /** Calls back after a request came, or one was decided. Returns how to stop. */
  onPairing(listener: () => void): () => void
}

/** Somebody this gateway knows, by the networks' stable ids. */
export interface Person {
  id: PrincipalId
  name: string | null
  /** What they may now; with a profile, the profile's. */
  role: Principal['role']
  /** A name of `people.profiles`; null: none. */
  profile: string | null
  /** True when the profile is no longer in the configuration: then they are a guest without tools. */
  profileMissing?: boolean
  /** `list`: an allow list of the configuration admits them; taking them away lasts only when they leave that list too. */
  via: 'owner' | 'pairing' | 'list'
  senders: { channel: ChannelId; account: AccountId; sender: SenderId; since: number }[]
}

/** Roles and profiles. Every change is audited, and whoever may less afterwards has what they had running ended. */
export interface PeopleDoor {
  /** Everybody, the longest known first. */
  people(): Promise<Person[]>
  /** The names under `people.profiles`. */
  profileNames(): string[]
  /** Also takes a profile away. Throws `Problem('person-unknown')`, `Problem('person-owner')` for the owner. */
  setRole(id: PrincipalId, role: Principal['role'], by: Approver): Promise<Person>
  /** Null: none. Throws besides `Problem('person-profile-unknown')`. */
  setProfile(id: PrincipalId, profile: string | null, by: Approver): Promise<Person>
  /** Forgets them and shuts all their senders out. Throws as `setRole`. */
  removePerson(id: PrincipalId, by: Approver): Promise<void>
}

export interface Guard extends PairingDoor, PeopleDoor {
  /** Whose message this is and whether it may speak here; decides from configuration, pairing and allow lists. Audited in `tx`. */
  judgeMessage(tx: Tx, message: IncomingMessage): Promise<Verdict>
  /** The only way to any other effect. Audited before it returns. A missing rule is a deny. */
  judge(principal: Principal, action: Action): Promise<Verdict>
  principal(id: PrincipalId): Promise<Principal | undefined>
}
