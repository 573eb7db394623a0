import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/tokens.css', import.meta.url), 'utf8');

/** The tokens that are one colour in each theme. */
const COLORS = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[\da-f]{6}), (#[\da-f]{6})\);/gi)].map(([, name = '', light = '', dark = '']) => [name, { light, dark }]),
);

const GROUNDS = ['bg', 'bg-side', 'bg-raised', 'bg-hover', 'bg-selected', 'bg-input', 'bg-own'];

/** What is read, and what it stands on. */
const TEXTS: Record<string, readonly string[]> = {
  text: GROUNDS,
  'text-quiet': GROUNDS,
  accent: [...GROUNDS, 'accent-quiet'],
  'accent-hover': ['bg', 'bg-side', 'bg-raised', 'bg-hover'],
  danger: ['bg', 'bg-side', 'bg-raised', 'bg-hover', 'danger-quiet'],
  warn: ['bg', 'bg-side', 'bg-raised', 'warn-quiet'],
  good: ['bg', 'bg-side', 'bg-raised'],
  'on-accent': ['accent', 'accent-hover'],
};

/** What shows where a field or the focus is. */
const EDGES: Record<string, readonly string[]> = {
  'border-input': ['bg', 'bg-side', 'bg-raised', 'bg-input'],
  focus: ['bg', 'bg-side', 'bg-raised', 'bg-hover', 'bg-selected'],
};

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The ratio of WCAG 2, from 1 to 21. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function pairs(table: Record<string, readonly string[]>): [string, string][] {
  return Object.entries(table).flatMap(([token, grounds]) => grounds.map((ground): [string, string] => [token, ground]));
}

function ratio(token: string, ground: string, theme: 'light' | 'dark'): number {
  const [front, back] = [COLORS.get(token), COLORS.get(ground)];
  if (!front || !back) throw new Error(`no colour ${front ? ground : token} in tokens.css`);
  return contrast(front[theme], back[theme]);
}

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it.each(pairs(TEXTS))('%s can be read on %s', (token, ground) => {
    expect(ratio(token, ground, theme)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(pairs(EDGES))('%s is visible on %s', (token, ground) => {
    expect(ratio(token, ground, theme)).toBeGreaterThanOrEqual(3);
  });
});

describe('the ratio', () => {
  it('is 21 for black on white, and that of the example in the guidelines', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });
});
