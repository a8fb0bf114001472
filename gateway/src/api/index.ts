/**
 * The door: how people and apps look in. One HTTP and WebSocket server on one port: proves who is asking, keeps limits,
 * speaks protocols 3 and 4, serves the page and the OpenAI-compatible endpoint, and hands requests to the shelf of methods.
 * It never decides what a message may do (the guard does), never keeps a secret's value, and opens nothing before it has
 * judged where a request comes from.
 */
export { createDoor } from './door.ts'
export type { CertificateFacts } from './tls/server-certificate.ts'
export { createDevices } from './devices.ts'
export { createBrowserSessions } from './browser-sessions.ts'
export { openDoorFloor, takeSignInsAway } from './door-floor.ts'
export { createSteadyClock } from './steady-clock.ts'
export { withdrawableStore } from './withdrawal.ts'
export { tailscaleWhois } from './tailscale-whois.ts'
export { createWireEvents } from './events.ts'
export { startPushNotices } from './push-notices.ts'
export { createRuns } from './wire/runs.ts'
export { createPresence } from './presence.ts'
export { doorDeviceBrowsersMigration, doorMigration, doorIdentityMigration, doorReviewMigration } from './migrations.ts'
export { gatewaySection } from './config.ts'
export { defineMethod } from './method.ts'
export { takeFacts, thisMachine, vaultFile } from './facts.ts'
export { foundAfterIncident, foundAtIncident, revokeDevices } from './incident.ts'
export { createReviewKeeper } from './review.ts'
export type { Rooms, SpeechDoor } from './rooms.ts'
