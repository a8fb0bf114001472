/**
 * Web push: tells the browsers of this gateway's people that something waits for them, also while no page is open. It keeps which browsers
 * those are and what each person wants to hear of, encrypts to the browser's own key and signs with the gateway's, which the vault keeps. It
 * opens no connection itself, decides nothing, and puts no words of a conversation into a notification unless that person allowed it.
 */
export { createPush, pushMigration } from './create-push.ts'
