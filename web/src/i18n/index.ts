/** The page's texts in the person's language, and how numbers and times are written in it. */
import { preferences, type Language } from '../preferences.svelte';
import { en } from './en';
import type { Values } from './types';
import { vi } from './vi';

type Texts = typeof en;
export type Key = keyof Texts;
/** The texts that need no values. */
export type PlainKey = { [Name in Key]: keyof Values<Texts[Name]> extends never ? Name : never }[Key];

const TEXTS = { en, vi } satisfies Record<Language, unknown>;

/** The text of a key, with its values. */
export function t<Name extends Key>(
  key: Name,
  ...[values]: keyof Values<Texts[Name]> extends never ? [] : [values: Values<Texts[Name]>]
): string {
  return fill(preferences.language, key, values ?? {});
}

/** As {@link t}, in a language that is given. */
export function fill(language: Language, key: Key, values: Readonly<Record<string, string | number>>): string {
  const text: string | { one?: string; other: string } = TEXTS[language][key];
  const form = typeof text === 'string' ? text : (text[plural(language, values['count'])] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : (value ?? whole);
  });
}

function plural(language: Language, count: string | number | undefined): 'one' | 'other' {
  return typeof count === 'number' && new Intl.PluralRules(language).select(count) === 'one' ? 'one' : 'other';
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A date in the person's language. The formats are kept: making one is slow. */
export function formatDate(date: Date, options: Intl.DateTimeFormatOptions): string {
  const key = preferences.language + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(preferences.language, options);
    formats.set(key, format);
  }
  return format.format(date);
}

/** Names one after the other: "An, Bình and Chi". */
export function formatList(names: readonly string[]): string {
  return new Intl.ListFormat(preferences.language).format(names);
}

/** The same in its parts, so that each name can be shortened by itself. */
export function listParts(names: readonly string[]): { readonly isName: boolean; readonly text: string }[] {
  const parts = new Intl.ListFormat(preferences.language).formatToParts(names);
  return parts.map(({ type, value }) => ({ isName: type === 'element', text: value }));
}

/** What stands before and behind the names in the line that says who types. */
export function aroundTypists(count: number): readonly [before: string, behind: string] {
  const [before = '', behind = ''] = t('chat.typing', { count, names: '\0' }).split('\0');
  return [before, behind];
}
