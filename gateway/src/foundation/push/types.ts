import type { PrincipalId } from '@moltbot/contract'

/** What a browser gives whoever may push to it. */
export interface PushTarget { endpoint: string; keys: { p256dh: string; auth: string } }

/** What one person wants to be told of. `showText`: whether a notification may carry words of what it is about. */
export interface PushPreferences { approvals: boolean; replies: boolean; alerts: boolean; showText: boolean }

/**
 * Without `body` a notification says only what kind of thing it is. `session` is where a click leads. `question`: what can be answered there;
 * `allow`: with a yes too. Nobody says yes to what they cannot read: it is taken away where the whole `body` does not go along.
 */
export interface PushNotice { kind: 'approval' | 'reply' | 'alert' | 'test'; body?: string; session?: string; question?: { id: string; allow: boolean } }

/** How many browsers were told, could not be, and are told once their push service takes more. */
export interface PushResult { sent: number; failed: number; later: number }

/** Web push to the browsers of this gateway's people. */
export interface PushDoor {
  /** The key browsers subscribe with; made and sealed at the first call. */
  publicKey(): Promise<string>
  /** Throws `Problem('push-endpoint')` for an address that is no https address of a public name; `push-full` beyond 20 browsers of one person. */
  subscribe(principal: PrincipalId, target: PushTarget): Promise<void>
  /** Forgets one browser, or all of this person. Resolves with how many. */
  unsubscribe(principal: PrincipalId, endpoint: string | 'all'): Promise<number>
  /** How many browsers of a person are told. */
  count(principal: PrincipalId): Promise<number>
  preferences(principal: PrincipalId): Promise<PushPreferences>
  prefer(principal: PrincipalId, changes: Partial<PushPreferences>): Promise<PushPreferences>
  /** Tells every browser of a person that wishes to hear of this; `body` only where they allow words. Never rejects: a failure is logged. */
  send(principal: PrincipalId, notice: PushNotice): Promise<PushResult>
  /** Whoever has a browser to be told. */
  people(): Promise<PrincipalId[]>
  /** Gives up what waits. */
  close(): void
}
