/** The part of the library that is used here: it encrypts and signs; what it made is sent by our own gate. */
declare module 'web-push' {
  export interface RequestDetails { method: 'POST'; endpoint: string; headers: Record<string, string | number>; body: Buffer | null }
  const webPush: {
    generateVAPIDKeys(): { publicKey: string; privateKey: string }
    generateRequestDetails(
      target: { endpoint: string; keys: { p256dh: string; auth: string } }, payload: string,
      options: { vapidDetails: { subject: string; publicKey: string; privateKey: string }; TTL: number; urgency: 'normal' | 'high'; contentEncoding: 'aes128gcm' },
    ): RequestDetails
  }
  export default webPush
}
