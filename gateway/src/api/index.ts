/**
 * The door: how people and apps look in. One HTTP and WebSocket server on one port: proves who is asking, keeps limits,
 * speaks protocols 3 and 4, serves the page and the OpenAI-compatible endpoint, and hands requests to the shelf of methods.
 * It never decides what a message may do (the guard does), never keeps a secret's value, and opens nothing before it has
 * judged where a request comes from.
 */
export { createDoor, type Door, type DoorOptions } from './door.ts'
export type { CertificateFacts, SealedKeys } from './tls/server-certificate.ts'
export { createDevices, type Devices, type DeviceStore } from './devices.ts'
export { createBrowserSessions, type BrowserSessions, type SignIn, type SignIns } from './browser-sessions.ts'
export { openDoorFloor, takeSignInsAway, type DoorFloor } from './door-floor.ts'
export { createSteadyClock } from './steady-clock.ts'
export { withdrawableStore } from './withdrawal.ts'
export { tailscaleWhois } from './tailscale-whois.ts'
export { createWireEvents } from './events.ts'
export { startPushNotices } from './push-notices.ts'
export { createRuns, type Runs } from './wire/runs.ts'
export { createPresence, type Presence, type PresenceEntry } from './presence.ts'
export { doorMigration, doorIdentityMigration, doorReviewMigration } from './migrations.ts'
export { gatewaySection, type GatewayConfig } from './config.ts'
export type { Broadcast, BroadcastOptions, WireEvents } from './broadcast.ts'
export type { Caller } from './caller.ts'
export { defineMethod, type Method } from './method.ts'
export { takeFacts, thisMachine, vaultFile, type FactSources } from './facts.ts'
export { foundAfterIncident, foundAtIncident, revokeDevices } from './incident.ts'
export { createReviewKeeper, type ReviewKeeper } from './review.ts'
export type { Rooms, ReviewDoor, ReviewParts, ModelsDoor, AgentsDoor, LogsDoor } from './rooms.ts'
