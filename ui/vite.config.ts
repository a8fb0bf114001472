import { defineConfig } from 'vite'
import { fileURLToPath } from 'node:url'

/**
 * The page is plain files with hashed names and nothing inline, so that it runs under
 * `script-src 'self'; style-src 'self'` without exceptions. `base: './'` lets it live under any path.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // A data: URL in a stylesheet or script would need wider rules than the page has.
    assetsInlineLimit: 0,
    // `light-dark()` carries both colour schemes; browsers from 2024 on know it.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    reportCompressedSize: false,
  },
})
