/**
 * A Discord of our own, spoken to by the unmodified SDK: REST v10 and the gateway's WebSocket on one loopback port, people who
 * write, and accidents on demand. It never knows the adapter it is used with, and keeps what a test may want to look at.
 */
export { startDiscordServer, type DiscordFault, type DiscordPerson, type DiscordPlace, type DiscordSent, type DiscordServer, type DiscordServerOptions, type DiscordWords } from './discord-server.ts'
