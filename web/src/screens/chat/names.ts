/** Names of rooms and people: how they are found, shortened and suggested. */
import type { Person, RoomSummary, RoomView } from '@colloquy/client';

/** Letters without accents and case: `vu` finds `Vũ`, `d` finds `Đ`. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd');
}

/** The rooms whose title contains all words of the filter. */
export function filtered(rooms: readonly RoomSummary[], filter: string, title: (view: RoomView) => string): readonly RoomSummary[] {
  const words = fold(filter).split(/\s+/).filter(Boolean);
  if (words.length === 0) return rooms;
  return rooms.filter(({ view }) => {
    const name = fold(title(view));
    return words.every((word) => name.includes(word));
  });
}

/** Of an avatar whose owner is not known yet. */
export const UNKNOWN_COLOR = '#55625f';

/** The longest name that the server takes. */
export const LONGEST_ROOM_NAME = 100;

/**
 * What stands between the names in a room's name that the page made. The space does not break, which no keyboard types by
 * itself: such a name differs from one that a person chose, and other clients show it as any other.
 */
const BETWEEN = ',\u00A0';

/** As many of the members are named in a title. */
export const NAMED_IN_TITLE = 8;

/** A name for a room of these people, the reader last. */
export function suggestedName(others: readonly Pick<Person, 'fullName'>[], me: string): string {
  if (others.length === 0) return '';
  const names = [...others.map(({ fullName }) => fullName), me];
  const whole = names.join(BETWEEN);
  // However long the first name is, a comma is behind it.
  return lengthOf(whole) <= LONGEST_ROOM_NAME ? whole : shortened(names.map((name) => shortened(name, 40)).join(BETWEEN), LONGEST_ROOM_NAME);
}

/** A name that a person typed, perhaps out of one that was suggested: it is theirs, and stays. */
export function chosenName(typed: string): string {
  return typed.replaceAll(BETWEEN, ', ').trim();
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function shortened(text: string, longest: number): string {
  const letters = Array.from(text);
  return letters.length <= longest ? text : `${letters.slice(0, longest - 1).join('')}…`;
}

type Named = Pick<RoomView, 'roomName' | 'participantIds'>;
type People = ReadonlyMap<number, Pick<Person, 'fullName'>>;

/**
 * Whether the members' names are a room's name because none was chosen. Older pages wrote a plain space: such a name is
 * known as long as all members are called so.
 */
export function isDefaultName({ roomName, participantIds }: Named, people: People): boolean {
  if (roomName.includes(BETWEEN)) return true;
  const parts = roomName.split(', ');
  if (parts.length < 2 || parts.length !== participantIds.length) return false;
  const names = participantIds.map((id) => people.get(id)?.fullName ?? '');
  return parts.toSorted().join() === names.toSorted().join();
}

/** A room's title as one of its members reads it: the other members' names of today, unless it has a name of its own. */
export function titleOf(view: Named, me: Pick<Person, 'customerId' | 'fullName'>, people: People): string {
  if (!isDefaultName(view, people)) return view.roomName;
  const others = view.participantIds.filter((id) => id !== me.customerId);
  const names = others.slice(0, NAMED_IN_TITLE).map((id) => people.get(id)?.fullName);
  const known = names.filter((name) => name !== undefined);
  if (known.length > 0 && known.length === names.length) return known.join(', ') + (others.length > names.length ? ', …' : '');
  return withoutName(view.roomName.replaceAll(BETWEEN, ', '), me.fullName);
}

/** Whose names a room's title is made of. */
export function namedIn({ roomName, participantIds }: Named): readonly number[] {
  return roomName.includes(', ') || roomName.includes(BETWEEN) ? participantIds.slice(0, NAMED_IN_TITLE + 1) : [];
}

/** The room of two with this person that has no name of its own: another one would only part the conversation. */
export function roomWith(rooms: readonly RoomSummary[], me: number, other: number, people: People): RoomSummary | undefined {
  return rooms.find(({ view }) => {
    const { participantIds: ids } = view;
    return ids.length === 2 && ids.includes(me) && ids.includes(other) && isDefaultName(view, people);
  });
}

/** A room's name that is made of members' names, without this one. */
function withoutName(roomName: string, name: string): string {
  const names = roomName.split(', ');
  const own = names.indexOf(name);
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
