import type { chat as texts } from '../en/chat';
import type { Translation } from '../types';

export const chat: Translation<typeof texts> = {
  'rooms.title': 'Phòng',
};
