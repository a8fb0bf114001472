/** The program of a channel that runs in a process of its own: the shelf of channels, at the other end of the gateway's line. Started by the gateway alone. */
import { channels } from './channels.gen.ts'
import { systemClock } from './foundation/platform/index.ts'
import { serveChannels } from './foundation/remote/index.ts'

process.umask(0o077)
// The gateway says when it is over: a key pressed in its terminal reaches this process as well. And whoever could attach a debugger would read tokens out of the memory.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined)
Object.assign(process.report, { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false, excludeEnv: true })
serveChannels({ channels, clock: systemClock, line: process as never })
