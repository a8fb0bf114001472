/**
 * The page people talk to their assistant on. It shows what the gateway tells and sends what the person says; it decides
 * nothing, keeps no secret (the browser's session cookie is out of its reach) and loads nothing from anywhere else.
 * What stands here can be used without a browser: the connection, the transcript and the reading of Markdown.
 */
export { createGatewayClient, reconnectDelay, ConnectionLost, GatewayError } from './gateway-client.ts'
export type { ClientSurroundings, ConnectionState, GatewayClient, Hello } from './gateway-client.ts'
export { createMarkdownReader } from './markdown-blocks.ts'
export { emptyTranscript, linesOf } from './transcript.ts'
export type { Delivery, Transcript } from './transcript.ts'
export { createUnsentBox } from './unsent.ts'
