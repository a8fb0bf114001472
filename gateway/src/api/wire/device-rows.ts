import Type from 'typebox'

const Words = Type.Optional(Type.String())
const About = { deviceId: Type.String(), publicKey: Type.String(), displayName: Words, platform: Words, clientId: Words, clientMode: Words, role: Type.String(), roles: Type.Array(Type.String()), scopes: Type.Array(Type.String()), remoteIp: Words }

/** A device that waits for a person. */
export const PendingDeviceRow = Type.Object({ requestId: Type.String(), ...About, silent: Type.Boolean(), isRepair: Type.Boolean(), ts: Type.Integer() })

/** A device that was let in. Token values are never included. */
export const PairedDeviceRow = Type.Object({
  ...About, createdAtMs: Type.Integer(), approvedAtMs: Type.Integer(), approvedVia: Type.String(),
  tokens: Type.Array(Type.Object({
    role: Type.String(), scopes: Type.Array(Type.String()), createdAtMs: Type.Integer(), rotatedAtMs: Type.Optional(Type.Integer()),
    revokedAtMs: Type.Optional(Type.Integer()), lastUsedAtMs: Type.Optional(Type.Integer()),
  })),
})
