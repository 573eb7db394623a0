import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// As in the browser: the client library from its source, and Svelte's runes that react.
const conditions = ['source', 'browser', 'module', 'svelte'];

export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['test/**/*.test.ts', 'src/**/*.test.ts'] },
});
