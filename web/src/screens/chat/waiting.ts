/** The message of one's own that a room's row shows instead of the last one that the server has. */
import { isUnsent, type PendingMessage, type RoomSummary } from '@colloquy/client';

/** The newest message of the room that is on its way, unless the room has a later one. */
export function waitingOf(view: RoomSummary['view'], pending: readonly PendingMessage[]): PendingMessage | undefined {
  const last = Date.parse(view.lastMessage?.sentAt ?? view.createdAt);
  return pending.findLast((message) => message.roomId === view.roomId && isUnsent(message) && message.writtenAt > last);
}
