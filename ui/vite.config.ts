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
    rolldownOptions: {
      input: { index: fileURLToPath(new URL('index.html', import.meta.url)), 'service-worker': fileURLToPath(new URL('src/service-worker.ts', import.meta.url)) },
      // A worker keeps its address over versions, and stands where its scope begins.
      output: { entryFileNames: (chunk) => (chunk.name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
})
