/**
 * A BlueBubbles server of our own: its REST API on a loopback port, calls to a listener, people who write, and accidents on demand. It
 * never knows the adapter it is used with, and keeps what a test may want to look at.
 */
export { startBlueBubblesServer, type BlueBubblesFault, type BlueBubblesSent, type BlueBubblesServer, type BlueBubblesServerOptions, type BlueBubblesWords } from './bluebubbles-server.ts'
