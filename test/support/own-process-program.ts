/** What the suites start in place of the gateway's own program for channels: the same, with clocks as fast as a case wants them. */
import type { Channel } from '@moltbot/contract'
import { fastClock } from '../../contract/src/testing/fast-clock.ts'
import { channels } from '../../gateway/src/channels.gen.ts'
import { systemClock } from '../../gateway/src/foundation/platform/index.ts'
import { serveChannels } from '../../gateway/src/foundation/remote/serve-channels.ts'
import { speedOfTheTest } from './speed-of-the-test.ts'

const atSpeed = (channel: Channel): Channel => ({
  ...channel,
  connect(config, host) {
    const { [speedOfTheTest]: speed, ...own } = config as Record<string, unknown>
    return channel.connect(own as never, { ...host, clock: typeof speed === 'number' && speed !== 1 ? fastClock(speed) : host.clock })
  },
})
serveChannels({ channels: channels.map(atSpeed), clock: systemClock, line: process as never })
