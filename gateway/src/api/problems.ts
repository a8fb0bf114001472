/** Failure codes of this room, each with what it means. */
export const doorProblems = {
  'door-open': 'The port would be reachable from other machines without any secret.',
  'door-plain': 'The port would be reachable from other machines without encryption.',
  'door-port-taken': 'Another program listens on the port.',
  'door-port-denied': 'The system does not let this user listen on the port.',
  'door-no-address': 'The address to listen on is missing or not of this machine.',
  'door-no-tailnet': 'This machine has no tailnet address.',
  'door-no-certificate': 'There is no TLS certificate that would work.',
  'door-listen-failed': 'The port could not be opened for another reason.',
  'device-request-unknown': 'No device waits under that request id, or no longer.',
  'device-unknown': 'No such device, or it has no token for that role.',
  'device-scope-exceeds': 'The scopes asked for are more than what was approved or what the asker holds.',
  'device-pairing-full': 'Too many devices wait for approval.',
} as const
export type DoorProblemCode = keyof typeof doorProblems
