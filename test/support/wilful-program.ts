/** A channel's own process with the one channel in it that does what it is told. */
import { systemClock } from '../../gateway/src/foundation/platform/index.ts'
import { serveChannels } from '../../gateway/src/foundation/remote/serve-channels.ts'
import { wilful } from './wilful-channel.ts'

serveChannels({ channels: [wilful], clock: systemClock, line: process as never })
