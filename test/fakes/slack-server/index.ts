/**
 * A Slack of our own, spoken to by the unmodified SDK: the Web API, Socket Mode and signed deliveries over HTTP, people who write, and
 * accidents on demand. It never knows the adapter it is used with, and keeps what a test may want to look at.
 */
export { startSlackServer, type SlackFault, type SlackPerson, type SlackPlace, type SlackSent, type SlackServer, type SlackServerOptions, type SlackWords } from './slack-server.ts'
