/**
 * The models shelf: one file per wire format, the built-in assistant, and what is known about providers. Each entry turns the
 * contract's request into one provider's bytes and back. It never sees a credential, never reads the environment, a clock or a
 * file, and reaches the network only through the `fetch` it is handed.
 */
export { formats } from './index.gen.ts'
export { catalog } from './catalog.ts'
export type { CatalogProvider } from './catalog.ts'
