/** Days and times, as short as they can be without doubt. */
import { formatDate, t } from '../../i18n';
import { dayOf } from './rows';

const DAY = 24 * 60 * 60 * 1000;

export function timeOf(at: number): string {
  return formatDate(new Date(at), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

export function momentOf(at: number): string {
  return formatDate(new Date(at), { dateStyle: 'full', timeStyle: 'short', hourCycle: 'h23' });
}

/** The heading above the messages of a day. */
export function dayTitle(at: number, now: number): string {
  if (dayOf(at) === dayOf(now)) return t('chat.today');
  if (dayOf(at) === dayOf(now - DAY)) return t('chat.yesterday');
  return formatDate(new Date(at), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(new Date(at).getFullYear() !== new Date(now).getFullYear() && { year: 'numeric' }),
  });
}

/** Beside a room: the time of today, the weekday of this week, or the date. */
export function shortDate(at: number, now: number): string {
  if (dayOf(at) === dayOf(now)) return timeOf(at);
  if (dayOf(at) === dayOf(now - DAY)) return t('chat.yesterday');
  if (now - at < 6 * DAY) return formatDate(new Date(at), { weekday: 'short' });
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return formatDate(new Date(at), isThisYear ? { day: 'numeric', month: 'short' } : { dateStyle: 'short' });
}
