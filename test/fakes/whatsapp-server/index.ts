/**
 * A WhatsApp of our own, spoken to by the unmodified library: the Noise handshake, binary nodes, linking by code, end-to-end encryption
 * with people who hold their own keys, files, and accidents on demand, on one loopback port. It is built of the library's own primitives,
 * never knows the adapter it is used with, and keeps what a test may want to look at.
 */
export { startWhatsAppServer, type LinkedDevice, type WhatsAppFile, type WhatsAppGroup, type WhatsAppPerson, type WhatsAppSent, type WhatsAppServer, type WhatsAppServerOptions, type WhatsAppWords } from './whatsapp-server.ts'
export { linkDevice } from './link-device.ts'
