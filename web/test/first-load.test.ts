import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

import { build, type Rolldown } from 'vite';
import { describe, expect, it } from 'vitest';

const KIB = 1024;

/** What a browser runs before the first screen: the entry of the chat, and what it imports at once. */
function firstLoad(files: readonly (Rolldown.OutputChunk | Rolldown.OutputAsset)[]): Rolldown.OutputChunk[] {
  const chunks = new Map(files.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const found = new Set([...chunks.values()].filter(({ isEntry, name }) => isEntry && name === 'index'));
  for (const chunk of found) for (const name of chunk.imports) found.add(chunks.get(name) ?? chunk);
  return [...found];
}

describe('the page as it is built', () => {
  it('needs at most 100 KiB of script for its first screen, compressed', { timeout: 60_000 }, async () => {
    const built = await build({ root: join(import.meta.dirname, '..'), mode: 'production', logLevel: 'error', build: { write: false } });
    const outputs = Array.isArray(built) ? built : [built];
    const scripts = firstLoad(outputs.flatMap((output) => ('output' in output ? output.output : [])));
    expect(scripts.length).toBeGreaterThan(0);
    const sizes = Object.fromEntries(scripts.map(({ fileName, code }) => [fileName, brotliCompressSync(code).length]));
    const size = Object.values(sizes).reduce((sum, one) => sum + one, 0);
    expect(size, JSON.stringify(sizes)).toBeLessThanOrEqual(100 * KIB);
  });
});
