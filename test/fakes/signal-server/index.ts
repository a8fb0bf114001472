/**
 * A signal-cli daemon of our own: JSON-RPC, the stream of events and the check, on one loopback port, with people who write and accidents
 * on demand. As with the real one nothing is brought twice: what a client took from the stream is gone. It receives on connection.
 */
export { startSignalServer, type SignalFault, type SignalGroup, type SignalPerson, type SignalSent, type SignalServer, type SignalServerOptions, type SignalWords } from './signal-server.ts'
