/** A room's messages as rows: grouped by day and sender. */
import type { Message, PendingMessage } from '@colloquy/client';

/** One message as it is shown. */
export interface Row {
  /** The same before and after the server has it, so that nothing is drawn anew. */
  readonly key: string;
  readonly messageId: number | undefined;
  readonly senderId: number;
  readonly senderName: string;
  readonly content: string;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly startsDay: boolean;
  /** Shows the sender and the time. */
  readonly startsGroup: boolean;
  /** The line "New messages" is above it. */
  readonly isFirstNew: boolean;
  readonly pending: PendingMessage | undefined;
}

/** Messages of one sender stand together as long as no pause is longer than this. */
const GROUP = 5 * 60 * 1000;

type Line = Pick<Row, 'key' | 'messageId' | 'senderId' | 'senderName' | 'content' | 'at' | 'pending'> & { readonly day: number };

/** Messages never change, so that what was made of them is kept. */
const lines = new WeakMap<Message, Line>();

/**
 * The rows of a room, oldest first. `newAfter` is the newest message that the reader had read when the line "New messages"
 * was drawn; `undefined` draws none.
 */
export function rowsOf(
  messages: readonly Message[],
  pending: readonly PendingMessage[],
  me: { readonly customerId: number; readonly fullName: string },
  newAfter: number | undefined,
): Row[] {
  let before: Line | undefined;
  let isNewShown = newAfter === undefined;
  const row = (line: Line): Row => {
    const isFirstNew = !isNewShown && line.senderId !== me.customerId && (line.messageId ?? 0) > (newAfter ?? 0);
    isNewShown ||= isFirstNew;
    const startsDay = line.day !== before?.day;
    const startsGroup = startsDay || isFirstNew || line.senderId !== before?.senderId || line.at - before.at > GROUP;
    before = line;
    const { key, messageId, senderId, senderName, content, at, pending } = line;
    return { key, messageId, senderId, senderName, content, at, pending, startsDay, startsGroup, isFirstNew };
  };
  return [...messages.map((message) => row(lineOf(message))), ...pending.map((message) => row(pendingLine(message, me)))];
}

function lineOf(message: Message): Line {
  let line = lines.get(message);
  if (!line) {
    const at = Date.parse(message.sentAt);
    line = {
      key: message.clientKey ?? `m${message.messageId}`,
      messageId: message.messageId,
      senderId: message.senderId,
      senderName: message.senderFullName,
      content: message.content,
      at,
      day: dayOf(at),
      pending: undefined,
    };
    lines.set(message, line);
  }
  return line;
}

function pendingLine(pending: PendingMessage, me: { readonly customerId: number; readonly fullName: string }): Line {
  return {
    key: pending.clientKey,
    messageId: undefined,
    senderId: me.customerId,
    senderName: me.fullName,
    content: pending.content,
    at: pending.writtenAt,
    day: dayOf(pending.writtenAt),
    pending,
  };
}

/** The day where the reader is, as a number that differs from day to day. */
export function dayOf(at: number): number {
  const date = new Date(at);
  return date.getFullYear() * 400 + date.getMonth() * 32 + date.getDate();
}

/** The newest message that a reader has read: who has answered has read what came before. */
export function readUpTo(messages: readonly Message[], marker: number | undefined, customerId: number): number {
  const own = messages.findLast(({ senderId }) => senderId === customerId)?.messageId ?? 0;
  return Math.max(marker ?? 0, own);
}

/** What the line "New messages" stands behind when the room is opened; beyond all messages if nothing is unread. */
export function newLine(messages: readonly Message[], readUpTo: number, me: number): number {
  return messages.some(({ senderId, messageId }) => senderId !== me && messageId > readUpTo) ? readUpTo : Infinity;
}

/**
 * Where the line "New messages" goes when messages were missed without a connection: above the first of them, unless it
 * stands above earlier ones that are unread still.
 */
export function lineOfMissed(messages: readonly Message[], line: number | undefined, missedAfter: number, readUpTo: number, me: number): number | undefined {
  const isAnyOfOthers = messages.some(({ senderId, messageId }) => senderId !== me && messageId > missedAfter);
  return isAnyOfOthers && (line === undefined || line === Infinity || readUpTo >= missedAfter) ? missedAfter : line;
}

/** By message, the other members who have read up to it and no further. */
export function seenBy(messages: readonly Message[], markers: ReadonlyMap<number, number>, me: number): Map<number, number[]> {
  const newest = new Map(markers);
  for (const { senderId, messageId } of messages) newest.set(senderId, Math.max(newest.get(senderId) ?? 0, messageId));
  const senders = new Map(messages.map(({ messageId, senderId }) => [messageId, senderId]));
  const seen = new Map<number, number[]>();
  for (const [customerId, messageId] of newest) {
    // On one's own newest message a mark says nothing.
    if (customerId === me || senders.get(messageId) === customerId || !senders.has(messageId)) continue;
    seen.set(messageId, [...(seen.get(messageId) ?? []), customerId]);
  }
  return seen;
}
