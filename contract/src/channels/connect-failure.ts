/** Failures of connecting: nothing was written yet. */
const connectCodes = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EHOSTDOWN',
  'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER',
])
/** How far causes are followed. */
const depthMax = 6

/**
 * The code of a failure that came before anything was sent: the request certainly never reached the other side. Undefined: nobody knows. Follows
 * `cause` and the parts of an `AggregateError` (one for each address that was tried); all must be failures of connecting.
 */
export function connectCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > depthMax) return undefined
  if (error instanceof AggregateError && error.errors.length > 0) {
    const codes = error.errors.map((part: unknown) => connectCode(part, depth + 1))
    return codes.every((code) => code !== undefined) ? codes[0] : undefined
  }
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown }
  if (typeof code === 'string' && (connectCodes.has(code) || syscall === 'connect' || syscall === 'getaddrinfo')) return code
  return connectCode(error.cause, depth + 1)
}

/** The first code in a failure or its causes, for a sentence about it. Undefined: none. */
export function failureCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > depthMax) return undefined
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' ? code : failureCode(error.cause, depth + 1)
}
