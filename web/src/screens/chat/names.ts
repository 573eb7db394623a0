/** Names of rooms and people: how they are found, shortened and suggested. */
import type { Person, RoomSummary } from '@colloquy/client';

/** Letters without accents and case: `vu` finds `Vũ`, `d` finds `Đ`. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd');
}

/** The rooms whose name contains all words of the filter. */
export function filtered(rooms: readonly RoomSummary[], filter: string): readonly RoomSummary[] {
  const words = fold(filter).split(/\s+/).filter(Boolean);
  if (words.length === 0) return rooms;
  return rooms.filter(({ view }) => {
    const name = fold(view.roomName);
    return words.every((word) => name.includes(word));
  });
}

/** Of an avatar whose owner is not known yet. */
export const UNKNOWN_COLOR = '#55625f';

/** The longest name that the server takes. */
export const LONGEST_ROOM_NAME = 100;

/** A name for a room of these people, the reader last. */
export function suggestedName(others: readonly Pick<Person, 'fullName'>[], me: string): string {
  if (others.length === 0) return '';
  const name = [...others.map(({ fullName }) => fullName), me].join(', ');
  const letters = Array.from(name);
  return letters.length <= LONGEST_ROOM_NAME ? name : `${letters.slice(0, LONGEST_ROOM_NAME - 1).join('')}…`;
}

/** A room's name as one of its members reads it: in one that is made of the members' names their own is left out. */
export function nameFor(me: string, roomName: string): string {
  const names = roomName.split(', ');
  const own = names.indexOf(me);
  return names.length < 2 || own < 0 ? roomName : names.toSpliced(own, 1).join(', ');
}

/** Whether a search is one for a phone number, and is long enough to find one. */
export function searchFor(text: string): { readonly by: 'name' | 'phone'; readonly part: string } | undefined {
  const part = text.trim();
  if (part === '') return undefined;
  if (!/^\+?[\d\s().-]+$/.test(part)) return { by: 'name', part };
  const digits = part.replace(/[^\d+]/g, '');
  return digits.replace('+', '').length < 4 ? undefined : { by: 'phone', part: digits };
}
