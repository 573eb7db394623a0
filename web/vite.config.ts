import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** The running server that `npm run dev` sends the API's calls to. */
const server = process.env['COLLOQUY_URL'] ?? 'http://127.0.0.1:8080';
const paths = ['/auth', '/customer', '/command', '/query', '/openapi.json', '/docs', '/dev/mail', '/page.json', '/healthz'];

/** Puts `.br` and `.gz` beside what is text: the server answers with them, and compresses nothing itself. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir = '' }, bundle) {
      const texts = Object.keys(bundle).filter((name) => /\.(?:html|js|css|svg)$/.test(name));
      await Promise.all(
        texts.map(async (name) => {
          const path = join(dir, name);
          const plain = await readFile(path);
          await writeFile(`${path}.br`, await promisify(brotliCompress)(plain));
          await writeFile(`${path}.gz`, await promisify(gzip)(plain, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  plugins: [svelte(), compressed()],
  // The client library is read from its source: no build of it has to be there.
  resolve: { conditions: ['source', 'browser', 'module', 'svelte'] },
  build: {
    target: 'es2022',
    // Two pages: the chat, and the description of the calls at /docs, whose viewer is one large file of its own.
    rolldownOptions: { input: ['index.html', 'docs.html'] },
    chunkSizeWarningLimit: 2_000,
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
