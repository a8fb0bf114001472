/**
 * Branded identifiers. Each kind is made only by its owner (named below) and is opaque to everyone else:
 * compare it, store it, print it, never take it apart.
 */
declare const brand: unique symbol
export type Id<Name extends string> = string & { readonly [brand]: Name }

/** A messaging network, as named by its channel package (`telegram`). Made by the channel's definition. */
export type ChannelId = Id<'channel'>
/** One login on a channel. `default` when a channel has a single unnamed login. Made by configuration. */
export type AccountId = Id<'account'>
/** A place in a channel: a direct chat, a group. Made by the channel; stable for the life of the place. */
export type ChatId = Id<'chat'>
/** A thread or forum topic inside a chat. Made by the channel. */
export type ThreadId = Id<'thread'>
/** Whoever wrote, by the network's own stable id; never a name or address the sender may change. Made by the channel. */
export type SenderId = Id<'sender'>
/** The network's id of one message; unique within (channel, account, chat). Made by the channel. */
export type PlatformMessageId = Id<'platform-message'>
/** One row of the inbox. Made by `inbox`. */
export type InboxId = Id<'inbox'>
/** Who we know a sender to be: owner, member, guest, device, job. Made by `guard`. */
export type PrincipalId = Id<'principal'>
/** The stable name of a conversation, `agent:<agent>:…`. Made by `sessions`. */
export type SessionKey = Id<'session-key'>
/** One life of a session between resets. Made by `sessions`. */
export type SessionId = Id<'session'>
/** One piece of the agent's work on one or more messages. Made by `sessions`. */
export type TurnId = Id<'turn'>
/** One line of a transcript. Made by `sessions`. */
export type EntryId = Id<'entry'>
/** An agent of this gateway (`main`). Made by configuration. */
export type AgentId = Id<'agent'>
/** One intended outgoing part. Made by `outbox`. */
export type DeliveryId = Id<'delivery'>
/** The idempotency key of a delivery, handed to networks that accept a nonce. At most 32 characters of [a-z0-9]. Made by `outbox`. */
export type DeliveryKey = Id<'delivery-key'>
/** The model's name for one tool call, unique within its turn. Made by the model. */
export type ToolCallId = Id<'tool-call'>

/** The principal every gateway has from its first start. */
export const ownerPrincipal = 'owner' as PrincipalId
/** The account of a channel that has one unnamed login. */
export const defaultAccount = 'default' as AccountId
/** The agent of a gateway that configures none. */
export const mainAgent = 'main' as AgentId
