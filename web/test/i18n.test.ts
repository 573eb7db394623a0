import { beforeAll, describe, expect, it, vi as vitest } from 'vitest';

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

describe('who types', () => {
  type Index = typeof import('../src/i18n');
  type Preferences = typeof import('../src/preferences.svelte').preferences;
  let index: Index;
  let preferences: Preferences;

  // The language is kept by the browser, of which the texts need no more than this.
  beforeAll(async () => {
    vitest.stubGlobal('document', { documentElement: { lang: '', dataset: {} } });
    vitest.stubGlobal('addEventListener', () => undefined);
    vitest.stubGlobal('navigator', { languages: ['en'] });
    index = await import('../src/i18n');
    ({ preferences } = await import('../src/preferences.svelte'));
  });

  it('is said in parts, so that long names give way and the verb stays', () => {
    const said = (names: readonly string[]) => {
      const [before, behind] = index.aroundTypists(names.length);
      return [before, ...index.listParts(names).map(({ isName, text }) => (isName ? `<${text}>` : text)), behind].join('');
    };
    expect(said(['An'])).toBe('<An> is typing…');
    expect(said(['An', 'Chi'])).toBe('<An> and <Chi> are typing…');
    preferences.language = 'vi';
    expect(said(['An', 'Bình', 'Chi'])).toBe('<An>, <Bình> và <Chi> đang nhập…');
  });
});
