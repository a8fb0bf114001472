/**
 * A Bot API server on loopback for tests: bots talk to it as to api.telegram.org, tests play the people and the accidents.
 * It never imports anything of the product.
 */
export { startTelegramServer } from './telegram-server.ts'
export type * from './types.ts'
export { parseHtml, findEntities, type Entity } from './html-entities.ts'
