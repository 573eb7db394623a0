/** The rooms and their messages. */
export const chat = {
  'rooms.title': 'Rooms',
} as const;
