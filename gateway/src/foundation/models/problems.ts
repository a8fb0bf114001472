/** Codes of the problems that leave this room, with what they mean. */
export const modelsProblems = {
  'models-credential-missing': 'The provider needs a key and none is set.',
  'models-host-refused': 'A call was about to leave the host its provider is configured for.',
  'models-redirect-refused': 'The provider answered with a redirect to another host or in a way that cannot be followed safely.',
  'models-plain-http': 'A key would have travelled unencrypted to a host that is not on this machine or network.',
  'models-base-url': 'The base URL of a provider is missing or not a URL.',
} as const
