/**
 * Remote: lets a channel run in a process of its own behind the contract it has anyway, and keeps that process running. It carries what is
 * said in both directions and never looks into it; a channel's process reaches its own account's secrets and values, and nobody else's.
 */
export { createChannelProcesses, type ChannelProcesses } from './channel-processes.ts'
export { serveChannels } from './serve-channels.ts'
