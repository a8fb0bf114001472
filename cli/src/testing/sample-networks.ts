/** A schema with a network that wants tokens, one that is linked by telephone, and a way in of our own. */
export const sampleNetworks = {
  type: 'object',
  properties: {
    channels: {
      properties: {
        pigeon: {
          title: 'Pigeon Post, by a bird of your own',
          properties: {
            enabled: { type: 'boolean', default: true }, name: { type: 'string' }, mode: { type: 'string', default: 'socket' }, dmPolicy: { type: 'string' }, webhookUrl: { type: 'string' },
            botToken: { type: 'string', writeOnly: true, description: 'The bird’s own token. More words.' },
            appToken: { type: 'string', writeOnly: true, description: 'A second one, for `mode: socket`.' },
            signingSecret: { type: 'string', writeOnly: true, description: 'A third one, for `mode: http`.' },
            webhookSecret: { type: 'string', writeOnly: true, description: 'Sent along. Required with webhookUrl.' },
            accounts: { type: 'object' },
          },
        },
        smoke: { title: 'Smoke Signals', properties: { enabled: { type: 'boolean', default: false }, name: { type: 'string' }, dmPolicy: { type: 'string' }, allowFrom: { type: 'array', items: { type: 'string' } }, accounts: { type: 'object' } } },
        bell: { title: 'The bell', properties: { enabled: { type: 'boolean', default: true } } },
      },
    },
  },
}
