import { describe, expect, it } from 'vitest';

import { en } from '../src/i18n/en';
import { vi } from '../src/i18n/vi';

type Text = string | { readonly one?: string; readonly other: string };

const texts = (language: Record<string, Text>) => Object.entries(language);
const forms = (text: Text) => (typeof text === 'string' ? [text] : Object.values(text));
const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([name]) => name))].sort();

describe('texts', () => {
  it('are the same in both languages, and none is empty', () => {
    expect(Object.keys(vi).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of [...texts(en), ...texts(vi)]) for (const form of forms(text)) expect(form.trim(), key).not.toBe('');
  });

  it('name the same values in both languages', () => {
    const vietnamese: Record<string, Text> = vi;
    for (const [key, text] of texts(en)) {
      const other = typeof text === 'string' ? text : text.other;
      const translated = vietnamese[key];
      expect(translated, key).toBeDefined();
      if (translated !== undefined) for (const form of forms(translated)) expect(names(form), key).toEqual(names(other));
    }
  });

  it('are written composed, so that every diacritic is one with its letter', () => {
    for (const [key, text] of texts(vi)) for (const form of forms(text)) expect(form, key).toBe(form.normalize('NFC'));
  });

  it('are really translated', () => {
    // Names of things, and words that Vietnamese has taken over.
    const same = new Set(['app.name', 'rooms.by', 'chat.says', 'app.title', 'language.en', 'language.vi', 'field.email']);
    const vietnamese: Record<string, Text> = vi;
    for (const [key, text] of texts(en)) if (!same.has(key)) expect(vietnamese[key], key).not.toEqual(text);
  });
});
