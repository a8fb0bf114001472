import { Problem } from '@moltbot/contract'

/** Why nothing could listen there, and what to change. `code`: the system's. */
export function listenProblem(code: string | undefined, host: string, port: number, cause: unknown): Problem {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  if (code === 'EADDRINUSE') {
    return new Problem('door-port-taken', `Another program already listens on ${where}.`, {
      cause, next: `If it is a Moltbot gateway, use it (moltbot status) or stop it (moltbot gateway stop). Else find it with: lsof -i :${port}  or choose another port with gateway.port or --port.`,
    })
  }
  if (code === 'EACCES') return new Problem('door-port-denied', `This user may not listen on ${where}.`, { cause, next: 'Choose a port above 1023 with gateway.port or --port.' })
  if (code === 'EADDRNOTAVAIL') return new Problem('door-no-address', `This machine has no address ${host}.`, { cause, next: 'Correct gateway.customBindHost, or set gateway.bind to loopback.' })
  return new Problem('door-listen-failed', `The gateway could not listen on ${where}.`, { cause, next: 'The log names the system\'s reason.' })
}
