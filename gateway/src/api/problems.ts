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
  'door-placeholder': 'The gateway secret is a word from an example.',
  'door-weak': 'The gateway secret is too short for a port that other machines can reach.',
  'door-withdrawn': 'What let the caller in was taken away while the call was running.',
  'door-identity-plain': 'A listener for a proxy is open to other machines although nobody is named who may speak for people.',
  'sign-in-which': 'It was not said which browsers to sign out.',
  'sign-in-unknown': 'No browser is signed in under that id.',
  'password-short': 'The password is too short.',
  'password-long': 'The password is longer than is taken.',
  'device-request-unknown': 'No device waits under that request id, or no longer.',
  'device-unknown': 'No such device, or it has no token for that role.',
  'device-scope-exceeds': 'The scopes asked for are more than what was approved or what the asker holds.',
  'device-pairing-full': 'Too many devices wait for approval.',
} as const
export type DoorProblemCode = keyof typeof doorProblems
