/**
 * In-chat commands: answered at once, before the queue and without the model. Whether a sender may use one was judged before;
 * a command changes only what other rooms let it change.
 */
export { chatCommands } from './list.ts'
export { parseCommand, type Parsed } from './parse.ts'
export type { ChatCommand, CommandNeeds } from './types.ts'
