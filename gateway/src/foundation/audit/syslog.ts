import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket as DatagramSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { parseSyslogAddress } from './addresses.ts'

/** Sends lines to one syslog receiver. */
export interface SyslogSender {
  /** Resolves once the line is handed to the receiver or the system; rejects when it could not be. */
  send(message: SyslogMessage): Promise<void>
  close(): void
}

export interface SyslogMessage {
  at: number
  /** RFC 5424 severities: 3 error, 4 warning, 5 notice, 6 informational. */
  severity: 3 | 4 | 5 | 6
  /** RFC 5424 MSGID: what kind of line it is. */
  kind: string
  /** One line. */
  text: string
}

/** Facility 13 of RFC 5424: log audit. */
const facility = 13
/** What every receiver takes (RFC 5426: 2,048 octets should be accepted; most take 8 KiB). */
const datagramMax = 8_000
/** A `logger` that cannot be told of longer lines tears them at 1,024 bytes, and what stands at such a place would pass for a line of its own. */
const shortMax = 900
const connectTimeMs = 5_000

/** The line as RFC 5424 wants it. */
export function syslogLine(message: SyslogMessage, host: string, pid: number): string {
  const id = message.kind.replace(/[^\u0021-\u007E]/g, '').slice(0, 32)
  return `<${facility * 8 + message.severity}>1 ${new Date(message.at).toISOString()} ${host.replace(/[^\u0021-\u007E]/g, '').slice(0, 255) || '-'} moltbot-audit ${pid} ${id === '' ? '-' : id} - ${message.text}`
}

/** Throws `audit-address-invalid`. Opens nothing before the first line. `logger`: the program behind `local`. */
export function createSyslogSender(address: string, source: { host: string; pid: number; logger?: string }): SyslogSender {
  const to = parseSyslogAddress(address)
  const { logger = 'logger' } = source
  let datagrams: DatagramSocket | undefined
  let stream: Promise<Socket> | undefined
  let program: ChildProcess | undefined
  /** Whether this machine's `logger` takes long lines whole (that of util-linux does). */
  let takesLong: Promise<boolean> | undefined
  const asked = (): Promise<boolean> => (takesLong ??= new Promise((resolve) => {
    execFile(logger, ['--size', String(datagramMax), '--version'], { env: {}, timeout: connectTimeMs }, (error) => resolve(error === null))
  }))

  function open(): Promise<Socket> {
    return (stream ??= new Promise<Socket>((resolve, reject) => {
      const socket = to.kind === 'unix' ? connect(to.path) : to.kind === 'tcp' ? connect(to.port, to.host) : undefined
      if (socket === undefined) return reject(new Error('not a stream'))
      socket.unref()
      socket.setTimeout(connectTimeMs, () => socket.destroy(new Error('the syslog receiver does not answer')))
      socket.once('connect', () => {
        socket.setTimeout(0)
        resolve(socket)
      })
      socket.once('error', reject)
      socket.once('close', () => {
        stream = undefined
        reject(new Error('the syslog receiver closed the connection'))
      })
      // A receiver has nothing to say; its words are let go, so that its end is heard.
      socket.resume()
    }).catch((error: unknown) => {
      stream = undefined
      throw error
    }))
  }

  return {
    async send(message) {
      switch (to.kind) {
        case 'local': return viaLogger(message)
        case 'udp': {
          datagrams ??= createSocket(to.host.includes(':') ? 'udp6' : 'udp4').on('error', () => {
            datagrams?.close()
            datagrams = undefined
          }).unref()
          const socket = datagrams
          const bytes = Buffer.from(syslogLine(message, source.host, source.pid)).subarray(0, datagramMax)
          return new Promise((resolve, reject) => socket.send(bytes, to.port, to.host, (error) => (error === null ? resolve() : reject(error))))
        }
        default: {
          const socket = await open()
          const line = Buffer.from(syslogLine(message, source.host, source.pid))
          // Octet counting of RFC 6587: nothing in a line can end it early.
          return new Promise((resolve, reject) => socket.write(Buffer.concat([Buffer.from(`${line.length} `), line]), (error) => (error === null || error === undefined ? resolve() : reject(error))))
        }
      }
    },
    close() {
      datagrams?.close()
      void stream?.then((socket) => socket.end(), () => undefined)
      program?.stdin?.end()
    },
  }

  async function viaLogger(message: SyslogMessage): Promise<void> {
    const long = await asked()
    if (program === undefined || program.exitCode !== null) {
      const child = spawn(logger, ['-t', 'moltbot-audit', '-p', 'auth.notice', ...(long ? ['--size', String(datagramMax)] : [])], { stdio: ['pipe', 'ignore', 'ignore'], env: {} })
      child.once('error', () => { program = undefined })
      child.stdin.on('error', () => { program = undefined })
      child.unref()
      program = child
    }
    const { stdin } = program
    const line = Buffer.from(message.text).subarray(0, long ? datagramMax : shortMax)
    return new Promise((resolve, reject) => {
      if (stdin === null) return reject(new Error('logger has no input'))
      stdin.write(Buffer.concat([line, Buffer.from('\n')]), (error) => (error === null || error === undefined ? resolve() : reject(error)))
    })
  }
}
