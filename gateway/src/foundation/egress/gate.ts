import { connect as tcpConnect, type Socket } from 'node:net'
import { Problem, describeError, type Clock } from '@moltbot/contract'
import { classifyAddress, type AddressKind } from './classify-address.ts'
import type { EgressConfig } from './config.ts'
import { ruleOnHost, type HostRules } from './host-rules.ts'
import type { LeakScan } from './leak-scan.ts'
import type { Ledger } from './ledger.ts'
import type { Target } from './parse-target.ts'
import type { EgressIdentity, EgressRefusal } from './types.ts'

const connectTimeoutMs = 10_000
const resolveTimeoutMs = 10_000
const addressesTried = 4
/** Remembered so that one loop does not fill the record; then it starts over. */
const refusalsRemembered = 1_000

export interface GateOptions {
  config(): EgressConfig
  clock: Clock
  ledger: Ledger
  leaks: LeakScan
  /** All addresses of a name. Empty or a rejection: unknown. */
  resolve(host: string): Promise<readonly string[]>
  /** Addresses of this machine's own interfaces, public ones included. */
  ownAddresses(): readonly string[]
  /** A TCP connection to a literal address, not yet established. Replaced in tests, which have no public network. */
  open?: (address: string, port: number) => Socket
  onRefused(refusal: EgressRefusal): void
}

export interface Permit {
  target: Target
  /** Judged addresses; whoever connects uses these and never the name. */
  addresses: readonly string[]
  /** The rule that allows it. */
  rule: string
}

export interface Gate {
  /**
   * May this identity reach this target, and where is it? Resolves the name once and judges every address; one that is not public refuses them
   * all. Rejects with a `Problem`, after counting and telling the refusal.
   */
  judge(identity: EgressIdentity, target: Target): Promise<Permit>
  /** An address the operator wrote into the configuration for this very purpose: everything but link-local and metadata. */
  judgeTrusted(identity: EgressIdentity, target: Target): Promise<Permit>
  /** A counted connection to a judged address. Rejects with `Problem('egress-unreachable')`. */
  connect(identity: EgressIdentity, permit: Permit, signal: AbortSignal): Promise<Socket>
  /** What `judge` found out before it refused, for people who ask. */
  look(identity: EgressIdentity, target: Target): Promise<{ permit?: Permit; addresses: { address: string; kind: AddressKind | 'own' }[]; problem?: Problem }>
  /** Counts and tells a refusal that was found elsewhere; returns it to be thrown. */
  refuse(identity: EgressIdentity, host: string, problem: Problem): Problem
  /** Ends every connection there is. */
  cutAll(): void
}

export function createGate(options: GateOptions): Gate {
  const { clock, ledger } = options
  const live = new Set<Socket>()
  const told = new Set<string>()

  function refuse(identity: EgressIdentity, host: string, problem: Problem): Problem {
    ledger.refused(identity, host)
    const key = JSON.stringify([identity.session, identity.use, host, problem.code])
    if (told.size >= refusalsRemembered) told.clear()
    if (!told.has(key)) {
      told.add(key)
      options.onRefused({ identity, host, code: problem.code, reason: problem.message })
    }
    return problem
  }

  const kindOf = (address: string): AddressKind | 'own' => {
    const kind = classifyAddress(address)
    return kind === 'public' && options.ownAddresses().includes(address) ? 'own' : kind
  }

  /** A network's own files may lie behind the token it knows us by; no model and no tool makes such an address. */
  const leaks = (identity: EgressIdentity, target: Target): boolean => identity.use !== 'media' && options.leaks.found(target.url.href)

  function beforeResolving(identity: EgressIdentity, target: Target): { rule: string; exact: boolean } {
    const config = options.config()
    if (!config.enabled) throw new Problem('egress-off', 'Everything that leaves through tools is switched off.', { next: 'Switch it on with: moltbot config set egress.enabled true' })
    if (leaks(identity, target)) throw new Problem('egress-secret', 'The address carries a secret of this gateway, and was not asked.')
    const ruling = ruleOnHost(rulesFor(config, identity), target)
    if (ruling.kind === 'refused') {
      const why = ruling.by === undefined ? (target.literal ? 'is a bare address, which no rule names' : 'is not on the allow list') : `is denied by the rule ${ruling.by}`
      throw new Problem('egress-host-refused', `${target.host} ${why} for ${words[identity.use]} of ${identity.agent}.`, {
        next: ruling.by === undefined && identity.use !== 'media' ? `The owner can add it to egress.${identity.use}.allow.` : 'The owner decides the deny lists under egress.',
      })
    }
    if (!ruling.portNamed && !config.ports.includes(target.port)) {
      throw new Problem('egress-port', `Port ${target.port} of ${target.host} is not open.`, { ...(identity.use === 'media' ? {} : { next: `The owner can add "${target.host}:${target.port}" to egress.${identity.use}.allow.` }) })
    }
    if (ledger.outToday() >= config.mbOutPerDay * 1_048_576) {
      throw new Problem('egress-quota', `More than ${config.mbOutPerDay} MiB left this machine today.`, { next: 'See moltbot egress today; the owner can raise egress.mbOutPerDay.' })
    }
    return { rule: ruling.by, exact: ruling.exact }
  }

  async function resolve(target: Target): Promise<readonly string[]> {
    if (target.literal) return [target.host]
    let found: readonly string[] = []
    let cause: unknown
    try {
      found = await inTime(options.resolve(target.host))
    } catch (error) {
      cause = error
    }
    if (found.length === 0) throw new Problem('egress-unresolved', `${target.host} could not be found.`, { ...(cause === undefined ? {} : { cause }), next: 'Check the name, and the network of this machine.' })
    return found
  }

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let cancel = (): void => undefined
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(resolveTimeoutMs, () => reject(new Error('it took too long')))
    })
    return Promise.race([work, late]).finally(() => cancel())
  }

  const refusedAddress = (target: Target, address: string, kind: string): Problem =>
    new Problem('egress-address-refused', target.literal ? `${address} cannot be reached: it is ${kindWords[kind] ?? kind}.` : `${target.host} leads to ${address}, which is ${kindWords[kind] ?? kind}.`, {
      next: 'Only hosts of the public network can be reached.', details: { kind },
    })

  async function look(identity: EgressIdentity, target: Target): ReturnType<Gate['look']> {
    let addresses: { address: string; kind: AddressKind | 'own' }[] = []
    try {
      const { rule, exact } = beforeResolving(identity, target)
      addresses = (await resolve(target)).map((address) => ({ address, kind: kindOf(address) }))
      // Who wrote down a private address itself means it. A name never leads there.
      const wrong = addresses.find(({ kind }) => kind !== 'public' && !(target.literal && exact && (kind === 'private' || kind === 'shared')))
      if (wrong !== undefined) throw refusedAddress(target, wrong.address, wrong.kind)
      return { permit: { target, addresses: addresses.map(({ address }) => address), rule }, addresses }
    } catch (error) {
      return { addresses, problem: error instanceof Problem ? error : new Problem('egress-host-refused', 'It could not be judged.', { cause: error }) }
    }
  }

  return {
    look,
    refuse,
    async judge(identity, target) {
      const { permit, problem } = await look(identity, target)
      if (permit === undefined) throw refuse(identity, target.host, problem ?? new Problem('egress-host-refused', `${target.host} was not allowed.`))
      return permit
    },
    async judgeTrusted(identity, target) {
      try {
        if (!options.config().enabled) throw new Problem('egress-off', 'Everything that leaves through tools is switched off.')
        if (leaks(identity, target)) throw new Problem('egress-secret', 'The address carries a secret of this gateway, and was not asked.')
        const addresses = await resolve(target)
        const wrong = addresses.find((address) => !['public', 'private', 'shared', 'loopback'].includes(classifyAddress(address)))
        if (wrong !== undefined) throw refusedAddress(target, wrong, classifyAddress(wrong))
        return { target, addresses, rule: 'the configuration' }
      } catch (error) {
        throw error instanceof Problem ? refuse(identity, target.host, error) : error
      }
    },
    async connect(identity, { target, addresses }, signal) {
      let last: unknown
      for (const address of addresses.slice(0, addressesTried)) {
        if (signal.aborted) break
        try {
          const socket = await established((options.open ?? openTcp)(address, target.port), clock, signal)
          live.add(socket)
          socket.once('close', () => live.delete(socket))
          ledger.connected(identity, target.host, socket)
          return socket
        } catch (error) {
          last = error
        }
      }
      throw new Problem('egress-unreachable', `No connection to ${target.host} came about: ${signal.aborted ? 'it was called off' : describeError(last)}.`, { cause: last, next: 'Try again later, or check the address.' })
    },
    cutAll() {
      for (const socket of live) socket.destroy()
    },
  }
}

const words: Readonly<Record<EgressIdentity['use'], string>> = { web: 'the web tools', commands: 'commands', browser: 'the browser', media: 'the media' }
const kindWords: Readonly<Record<string, string>> = {
  loopback: 'this machine', own: 'an address of this machine', private: 'a private network', shared: 'a shared or overlay network', 'link-local': 'a link-local address', metadata: 'a metadata service',
  multicast: 'a multicast address', tunnel: 'another address in disguise', reserved: 'a reserved address', 'not-an-address': 'not a plainly spelled address',
}

/** The rules that hold for an identity: an agent's own allow list replaces the general one; its deny list adds to it. */
export function rulesFor(config: EgressConfig, { use, agent, hosts }: Pick<EgressIdentity, 'use' | 'agent' | 'hosts'>): HostRules {
  if (use === 'media') return { allow: hosts ?? [], deny: config.deny }
  const general = config[use]
  const own = Object.hasOwn(config.agents, agent) ? config.agents[agent]?.[use] : undefined
  return { allow: own?.allow ?? general.allow, deny: [...config.deny, ...general.deny, ...(own?.deny ?? [])] }
}

function openTcp(address: string, port: number): Socket {
  return tcpConnect({ host: address, port, autoSelectFamily: false })
}

function established(socket: Socket, clock: Clock, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const give = (error: unknown): void => {
      settle()
      socket.destroy()
      // A late failure of a connection nobody waits for.
      socket.on('error', () => undefined)
      reject(error instanceof Error ? error : new Error(String(error)))
    }
    const cancel = clock.after(connectTimeoutMs, () => give(new Error('it took too long')))
    const abort = (): void => give(new Error('it was called off'))
    const failed = (error: Error): void => give(error)
    const closed = (): void => give(new Error('it was closed at once'))
    function settle(): void {
      cancel()
      signal.removeEventListener('abort', abort)
      socket.off('error', failed)
      socket.off('close', closed)
      socket.off('connect', connected)
    }
    function connected(): void {
      settle()
      // Whoever gets it listens for itself; until then a failure must not end the process.
      socket.on('error', () => undefined)
      resolve(socket)
    }
    socket.once('error', failed)
    socket.once('close', closed)
    signal.addEventListener('abort', abort, { once: true })
    if (socket.readyState === 'open') connected()
    else socket.once('connect', connected)
  })
}
