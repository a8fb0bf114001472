/**
 * A push service as browsers have one: it takes what RFC 8030 describes, believes only a sender who signs as RFC 8292 asks, and opens with
 * the browser's own keys what RFC 8291 seals. All of it is written from those documents; nothing of the gateway's library is in here. What
 * breaks a rule is refused as a real service refuses it, and the rule is kept in `faults`.
 */
export { createPushService, type PushBrowser, type PushService, type TakenPush } from './push-service.ts'
