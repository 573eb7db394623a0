import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/*.test.ts'] } },
      // Needs a server, which COLLOQUY_URL names.
      { test: { name: 'server', include: ['test/server/*.test.ts'], testTimeout: 120_000, hookTimeout: 30_000 } },
    ],
  },
});
