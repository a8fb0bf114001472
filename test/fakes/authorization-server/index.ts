/**
 * Whoever gives out tokens for a provider: a real OAuth 2.0 server on loopback with metadata (RFC 8414), codes to type elsewhere (RFC 8628),
 * authorization codes with PKCE (RFC 7636), refresh tokens that rotate and whose second use ends the whole sign-in (RFC 9700), and revocation
 * (RFC 7009). It refuses what a strict real one refuses, and keeps what it was asked. It never calls anything itself.
 */
export { startAuthorizationServer } from './start-authorization-server.ts'
export type { AuthorizationServer, AuthorizationServerOptions } from './start-authorization-server.ts'
