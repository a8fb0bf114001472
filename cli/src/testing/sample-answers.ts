/** What a gateway with two channels answers, in the shape of the wire. Times are relative to now, so that "ago" is stable. */
export function sampleChannels(now: number): Record<string, unknown> {
  const account = { accountId: 'default', enabled: true, configured: true, linked: true, running: true, connected: true, state: 'connected', detail: '@my_bot', lastInboundAt: now - 180_000, lastOutboundAt: null, lastError: null, reconnectAttempts: 0 }
  return {
    ts: now,
    channelOrder: ['pigeon', 'smoke', 'bell'],
    channelLabels: { pigeon: 'Pigeon Post', smoke: 'Smoke Signals', bell: 'Bell' },
    channelAccounts: {
      pigeon: [account],
      smoke: [{ ...account, connected: false, state: 'needs-you', detail: 'The token was refused. Paste a new one.', lastInboundAt: null }],
      bell: [{ ...account, accountId: 'tower', enabled: false, connected: false, state: 'off', detail: null, lastInboundAt: null }],
    },
  }
}
