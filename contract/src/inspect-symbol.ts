/** Node prints an object through this well-known symbol; registered globally, so no Node import is needed. */
export const inspect: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never
