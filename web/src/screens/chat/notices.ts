/** What is shown outside the page: the icon of its tab, and notifications of the system. */
import type { RoomSummary, Session } from '@colloquy/client';

import { t } from '../../i18n';
import { preferences } from '../../preferences.svelte';
import { router } from '../../router.svelte';
import { titleOf } from './names';
import { newsOf } from './news';

/** Marks the icon of the tab while something is unread; what is returned takes the mark away. */
export function showUnread(isUnread: boolean): () => void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const show = (address: string) => {
    if (icon && icon.getAttribute('href') !== address) icon.href = address;
  };
  show(isUnread ? '/icon-unread.svg' : '/icon.svg');
  return () => { show('/icon.svg'); };
}

/** Shows a notification for each room with news while the page is hidden, if the person wants it and the browser allows it. */
export function notifyOfNews(session: Session): () => void {
  let before: readonly RoomSummary[] | undefined;
  return session.rooms.subscribe((rooms) => {
    if (!rooms) return;
    const isWanted = document.hidden && preferences.notifies && 'Notification' in globalThis && Notification.permission === 'granted';
    if (isWanted) for (const room of newsOf(before, rooms, session.me.customerId)) notify(session, room);
    before = rooms;
  });
}

function notify(session: Session, { view }: RoomSummary): void {
  const { roomId, lastMessage } = view;
  if (!lastMessage) return;
  const people = session.people.known.get();
  const name = people.get(lastMessage.senderId)?.fullName;
  const body = name === undefined ? lastMessage.content : t('chat.says', { name, text: lastMessage.content });
  try {
    // One notification a room: the newest takes the place of the one before.
    const notification = new Notification(titleOf(view, people.get(session.me.customerId) ?? session.me, people), { body, tag: `room-${roomId}`, icon: '/icon.svg' });
    notification.onclick = () => {
      window.focus();
      router.go({ screen: 'room', roomId });
      notification.close();
    };
  } catch {
    // Browsers of phones allow notifications to service workers only.
  }
}
