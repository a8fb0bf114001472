/**
 * The conversation in a full window of the terminal: panes, pickers, questions, drawn line by line with as few bytes as possible. It is a
 * client of the gateway like any other: it decides nothing, keeps nothing on disk, and never obeys a control character of anybody else.
 */
export { runTui } from './run-tui.ts'
