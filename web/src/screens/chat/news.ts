/** What is new in the list of rooms. */
import type { RoomSummary } from '@colloquy/client';

/** Rooms whose newest message came after `before` was read, from others than the reader. */
export function newsOf(before: readonly RoomSummary[] | undefined, after: readonly RoomSummary[], me: number): RoomSummary[] {
  if (!before) return [];
  const known = new Map(before.map(({ view }) => [view.roomId, view.lastMessage?.seq ?? 0]));
  return after.filter(({ view: { roomId, lastMessage } }) => {
    return lastMessage !== null && lastMessage.senderId !== me && lastMessage.seq > (known.get(roomId) ?? 0);
  });
}

/** The title of the tab. */
export function tabTitle(unread: number, room: string | undefined, app: string): string {
  return `${unread > 0 ? `(${unread}) ` : ''}${room === undefined ? app : `${room} · ${app}`}`;
}
