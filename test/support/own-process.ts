/** A channel that the suite opens in a process of its own, as `process: own` does. */
import type { Channel, Connection } from '@moltbot/contract'
import { fastClock, memoryLogger, type ChannelNetwork } from '@moltbot/contract/testing'
import { createChannelProcesses, type ChannelProcesses } from '../../gateway/src/foundation/remote/index.ts'
import { bundleProgram } from './bundle-program.ts'
import { speedOfTheTest } from './speed-of-the-test.ts'

/** `shelf`: every channel there is. `wilful`: the one that does what it is told. */
const programs = { shelf: 'test/support/own-process-program.ts', wilful: 'test/support/wilful-program.ts' }

export async function channelProcesses(program: keyof typeof programs, clock = fastClock(1)): Promise<ChannelProcesses> {
  return createChannelProcesses({
    command: { file: process.execPath, args: [await bundleProgram({ file: programs[program] })] },
    environment: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TMPDIR: process.env['TMPDIR'] ?? '/tmp' }, clock, log: memoryLogger(),
  })
}

/** The same channel, every account of it in the process of `processes`. */
export function inOwnProcess(channel: Channel, processes: ChannelProcesses): Channel {
  const wrapped = processes.wrap(channel)
  return { ...wrapped, connect: (config, host) => wrapped.connect({ ...(config as object), process: 'own', [speedOfTheTest]: (host.clock as { speed?: number }).speed ?? 1 } as never, host) }
}

/** The same network; when it went offline, the other process has seen that its lines are closed. A request into a line that is just breaking is another accident. */
export function seenByTheOther(network: ChannelNetwork): ChannelNetwork {
  const connections: Connection[] = []
  const { offline } = network.faults
  return {
    ...network,
    connected(connection) {
      connections.push(connection)
      network.connected?.(connection)
    },
    faults: {
      ...network.faults,
      ...(offline === undefined ? {} : { async offline() {
        await offline()
        // Each of these goes once around the other's loop, and no network is needed for it.
        for (let times = 0; times < 3; times += 1) await Promise.all(connections.map((connection) => connection.openDirect?.('nobody' as never).catch(() => undefined)))
      } }),
    },
  }
}
