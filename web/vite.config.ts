import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** The running server that `npm run dev` sends the API's calls to. */
const server = process.env['COLLOQUY_URL'] ?? 'http://127.0.0.1:8080';
const paths = ['/auth', '/customer', '/command', '/query', '/openapi.json', '/docs', '/dev/mail', '/page.json', '/healthz'];

export default defineConfig({
  plugins: [svelte()],
  // The client library is read from its source: no build of it has to be there.
  resolve: { conditions: ['source', 'browser', 'module', 'svelte'] },
  build: {
    target: 'es2022',
    // Inlined files would be `data:` addresses, which the page's policy allows for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      ...Object.fromEntries(paths.map((path) => [path, { target: server, changeOrigin: true, headers: { origin: server } }])),
      '/ws': { target: server, changeOrigin: true, ws: true, headers: { origin: server } },
    },
  },
});
