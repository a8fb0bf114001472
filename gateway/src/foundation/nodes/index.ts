/**
 * Nodes: what is connected of a person's own and can do something for them (a page that takes a photo, a telephone that knows where it is). It
 * knows who is connected and what each declared, puts one question at a time to one of them, and takes the one answer of whoever was asked, in the
 * form that command has. It decides nothing in a person's name, keeps nothing of what came back, and never shows one person's to another.
 */
export { createNodes } from './create-nodes.ts'
export type { NodesOptions } from './create-nodes.ts'
export { nodesSection } from './config.ts'
export type { AskedBy, Given, NodeAct, NodeLink, NodeRow, NodesDoor, ShownPage } from './types.ts'
