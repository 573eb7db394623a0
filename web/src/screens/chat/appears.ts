import type { Readable, RoomSummary } from '@colloquy/client';

/** A room that is not listed by then is opened all the same, in milliseconds. */
const PATIENCE = 5_000;

/** Waits until a room that was made is in the list: only then can it be read. */
export async function appears(rooms: Readable<readonly RoomSummary[] | undefined>, roomId: number): Promise<void> {
  let end: () => void = () => undefined;
  const listed = new Promise<void>((resolve) => { end = resolve; });
  const timer = setTimeout(end, PATIENCE);
  const stop = rooms.subscribe((list) => {
    if (list?.some(({ view }) => view.roomId === roomId)) end();
  });
  await listed;
  stop();
  clearTimeout(timer);
}
