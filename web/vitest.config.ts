import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ['source', 'browser', 'module', 'svelte'] },
  test: { include: ['test/**/*.test.ts', 'src/**/*.test.ts'] },
});
