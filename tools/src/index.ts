/**
 * The tools shelf: one file per tool, each a definition over the contract's grants. A tool never touches disk, network,
 * clock or process by itself: what it may do arrives as an argument, already confined.
 */
export { tools } from './index.gen.ts'
