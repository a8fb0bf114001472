import { defineSection } from '@moltbot/contract'
import type { Section } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

const schema = Type.Object({
  port: Type.Integer({ default: 18789, minimum: 0, maximum: 65535, description: 'The one port for HTTP and WebSocket. 0 takes any free port. Takes effect at the next start.' }),
  mode: Type.Union([Type.Literal('local'), Type.Literal('remote')], { default: 'local', description: 'Whether the command line talks to the gateway of this machine or to gateway.remote.' }),
  bind: Type.Union([Type.Literal('loopback'), Type.Literal('lan'), Type.Literal('tailnet'), Type.Literal('auto'), Type.Literal('custom')], {
    default: 'loopback',
    description: 'Who can reach the port: this machine only (loopback, auto), every network (lan), the tailnet address (tailnet), or customBindHost (custom). Anything but loopback needs a token or password, and gateway.tls. Takes effect at the next start.',
  }),
  customBindHost: Type.String({ default: '', description: 'The address to listen on with bind: custom.' }),
  auth: Type.Object({
    mode: Type.Union([Type.Literal('token'), Type.Literal('password')], { default: 'token', description: 'Which shared secret opens the door.' }),
    token: Type.String({ default: '', description: 'The shared token. Better kept in the environment or secrets.env (MOLTBOT_GATEWAY_TOKEN).' }),
    previousToken: Type.String({ default: '', description: 'The token before the last rotation, while programs may still use it. Written by: moltbot gateway token rotate --overlap <hours>' }),
    previousTokenUntil: Type.Integer({ default: 0, minimum: 0, description: 'Until when previousToken opens anything, in milliseconds since 1970.' }),
    password: Type.String({ default: '', description: 'The shared password, with mode: password (MOLTBOT_GATEWAY_PASSWORD).' }),
    passwordHash: Type.String({ default: '', description: 'The password as an argon2id hash, in place of password: moltbot login password writes it.' }),
    allowTailscale: Type.Boolean({ default: false, description: 'Lets people in by their Tailscale login, through the listener of auth.tailscale. The ordinary port never looks at such headers.' }),
    tailscale: Type.Object({
      port: Type.Integer({ default: 0, minimum: 0, maximum: 65535, description: 'Port on 127.0.0.1 for tailscale serve alone. 0: none. Takes effect at the next start.' }),
      allowUsers: Type.Array(Type.String(), { default: [], description: 'Login names that are let in as the owner, letter for letter. Each request is checked with tailscale whois.' }),
    }, { default: {}, description: 'Tailscale identity, with allowTailscale.' }),
    trustedProxy: Type.Object({
      port: Type.Integer({ default: 0, minimum: 0, maximum: 65535, description: 'Port of the listener on which a proxy says who somebody is. 0: none. Nothing else is let in there. Takes effect at the next start.' }),
      host: Type.String({ default: '127.0.0.1', description: 'Address of that listener.' }),
      userHeader: Type.String({ default: 'x-forwarded-user', pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$', description: 'Header in which the proxy (or its OIDC sign-in) names the person.' }),
      allowUsers: Type.Array(Type.String(), { default: [], description: 'Names that are let in as the owner, letter for letter. Empty: nobody.' }),
      assertion: Type.Object({
        header: Type.String({ default: '', pattern: '^(?:[A-Za-z][A-Za-z0-9-]{0,63})?$', description: 'Header with a signed token about the person, in place of userHeader: cf-access-jwt-assertion, x-goog-iap-jwt-assertion, x-auth-request-id-token … Set: nothing else names anybody.' }),
        issuer: Type.String({ default: '', description: 'Who must have signed it (iss), letter for letter.' }),
        audience: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'For whom it must be meant (aud): one of these.' }),
        userClaim: Type.String({ default: 'email', minLength: 1, description: 'The claim that names the person, as in allowUsers.' }),
        jwksFile: Type.String({ default: '', description: 'File with the public keys of the issuer (a JSON Web Key Set).' }),
        jwksUrl: Type.String({ default: '', description: 'The https address of those keys, in place of a file; its host must be one the web tools may reach.' }),
      }, { default: {}, description: 'A signature of the proxy about who somebody is, as Cloudflare Access, Google IAP and oauth2-proxy give.' }),
      allowLoopback: Type.Boolean({ default: false, description: 'Whether a proxy on this machine counts besides gateway.trustedProxies. Every program on this machine could then be it.' }),
    }, { default: {}, description: 'People whom a reverse proxy has signed in.' }),
    rateLimit: Type.Object({
      maxAttempts: Type.Integer({ default: 10, minimum: 1, description: 'Wrong secrets from one address before it is locked out.' }),
      windowMs: Type.Integer({ default: 60_000, minimum: 1000, description: 'Within how many milliseconds they count.' }),
      lockoutMs: Type.Integer({ default: 300_000, minimum: 1000, description: 'How many milliseconds the lockout lasts.' }),
    }, { default: {}, description: 'Guards against guessing.' }),
  }, { default: {}, description: 'How clients prove that they may come in.' }),
  allowedHosts: Type.Array(Type.String(), { default: [], description: 'Names under which browsers may open this gateway besides localhost and the address they connected to, for example box.tailnet.ts.net.' }),
  controlUi: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether the page is served at all.' }),
    basePath: Type.String({ default: '', description: 'Path prefix of the page, for example /moltbot.' }),
    allowedOrigins: Type.Array(Type.String(), { default: [], description: 'Further web origins whose pages may connect, exactly as scheme://host:port. Each can do everything its token allows.' }),
    allowInsecureAuth: Type.Boolean({ default: false, description: 'Lets browser pages without device identity (plain http from another machine) come in with the token alone.' }),
    dangerouslyDisableDeviceAuth: Type.Boolean({ default: false, description: 'As allowInsecureAuth; kept for configurations of this family.' }),
    sessionMinutes: Type.Integer({ default: 720, minimum: 5, description: 'How long a signed-in browser stays signed in, in minutes.' }),
    sessionIdleMinutes: Type.Integer({ default: 15, minimum: 5, description: 'After how many minutes without use a signed-in browser must sign in again. An open page is a page in use.' }),
    deviceDays: Type.Integer({ default: 30, minimum: 1, maximum: 365, description: 'How many days a telephone stays signed in that was linked by the code in People, used or not.' }),
    notificationAnswers: Type.Union([Type.Literal('deny'), Type.Literal('careful'), Type.Literal('all')], {
      default: 'careful',
      description: 'Which questions may be allowed from a notification, which also shows on a locked screen: none (deny), those about reading or writing in the workspace alone (careful), or all. Saying no is always possible; everything else opens the page.',
    }),
  }, { default: {}, description: 'The page.' }),
  trustedProxies: Type.Array(Type.String(), { default: [], description: 'Addresses (or CIDR ranges) of reverse proxies whose X-Forwarded-For is believed. Forwarding headers from anybody else are refused.' }),
  http: Type.Object({
    endpoints: Type.Object({
      chatCompletions: Type.Object({
        enabled: Type.Boolean({ default: true, description: 'Serves POST /v1/chat/completions and GET /v1/models behind the token.' }),
        maxBodyBytes: Type.Integer({ default: 1_048_576, minimum: 1024, description: 'The largest request body, in bytes.' }),
      }, { default: {}, description: 'The OpenAI-compatible endpoint.' }),
    }, { default: {}, description: 'Endpoints for other programs.' }),
  }, { default: {}, description: 'HTTP besides the page.' }),
  limits: Type.Object({
    connections: Type.Integer({ default: 2048, minimum: 1, description: 'Open sockets in total.' }),
    connectionsPerAddress: Type.Integer({ default: 256, minimum: 1, description: 'Open sockets from one address; the own machine may use all of them.' }),
    unauthenticatedPerAddress: Type.Integer({ default: 32, minimum: 1, description: 'WebSockets from one address that have not proved themselves yet; the own machine may use all of them.' }),
  }, { default: {}, description: 'How much one peer may hold.' }),
  tls: Type.Object({
    enabled: Type.Boolean({ default: false, description: 'Serves https and wss (TLS 1.3), with your own certificate or a generated one. Takes effect at the next start.' }),
    autoGenerate: Type.Boolean({ default: true, description: 'Without certPath and keyPath: makes an authority of this machine and a certificate signed by it, renewed by itself. moltbot gateway tls shows the fingerprint to pin.' }),
    certPath: Type.String({ default: '', description: 'PEM file of your own certificate chain. Changes of the file take effect within seconds, without closing a connection.' }),
    keyPath: Type.String({ default: '', description: 'PEM file of its private key.' }),
    caPath: Type.String({ default: '', description: 'PEM file of the authority, for clients.' }),
  }, { default: {}, description: 'Encryption of the port itself.' }),
  reload: Type.Object({
    mode: Type.Union([Type.Literal('off'), Type.Literal('restart'), Type.Literal('hot'), Type.Literal('hybrid')], { default: 'hybrid', description: 'What a changed configuration file does.' }),
    debounceMs: Type.Integer({ default: 300, minimum: 0, description: 'How long the file must rest before it is read, in milliseconds.' }),
  }, { default: {}, description: 'Live reload.' }),
  remote: Type.Object({
    url: Type.String({ default: '', description: 'WebSocket address of another gateway, for the command line with mode: remote.' }),
    transport: Type.String({ default: '', description: 'Kept for configurations of this family.' }),
    token: Type.String({ default: '', description: 'Token of that gateway.' }),
    password: Type.String({ default: '', description: 'Password of that gateway.' }),
    tlsFingerprint: Type.String({ default: '', description: 'SHA-256 of its certificate, or of the authority that signed it, as moltbot gateway tls shows it there. Set: exactly that one is accepted.' }),
    sshTarget: Type.String({ default: '', description: 'Kept for configurations of this family.' }),
    sshIdentity: Type.String({ default: '', description: 'Kept for configurations of this family.' }),
  }, { default: {}, description: 'Another gateway, for clients.' }),
  tailscale: Type.Object({
    mode: Type.Union([Type.Literal('off'), Type.Literal('serve'), Type.Literal('funnel')], { default: 'off', description: 'Kept for configurations of this family; start tailscale serve yourself and list it in trustedProxies.' }),
    resetOnExit: Type.Boolean({ default: false, description: 'Kept for configurations of this family.' }),
  }, { default: {}, description: 'Tailscale.' }),
}, { default: {}, description: 'The door: port, addresses, who may come in, limits.' })

/** The door's part of the configuration. Port, addresses and whether there is TLS take effect at the next start, everything else at the next use. */
export const gatewaySection: Section<typeof schema> = defineSection({
  path: 'gateway',
  title: 'The door: port, addresses, authentication, limits',
  schema,
  reload: 'hot',
  secrets: ['auth.token', 'auth.previousToken', 'auth.password', 'auth.passwordHash', 'remote.token', 'remote.password'],
})

export type GatewayConfig = Static<typeof schema>
