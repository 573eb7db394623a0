/** What several screens say. */
export const common = {
  'app.name': 'Colloquy',
  'app.starting': 'Opening Colloquy…',
  'app.unreachable': 'The server cannot be reached.',
  'app.unreachable.hint': 'Check the connection. The page tries again by itself.',
  'app.retry': 'Retry',
  'app.loading': 'Loading…',
  'app.close': 'Close',
  'app.cancel': 'Cancel',
  'app.title': '{screen} · Colloquy',
  'app.backToRooms': 'Back to rooms',

  'language.en': 'English',
  'language.vi': 'Tiếng Việt',
  'language.label': 'Language',
  'theme.label': 'Theme',
  'theme.system': 'As the system',
  'theme.light': 'Light',
  'theme.dark': 'Dark',

  'error.unreachable': 'The server cannot be reached. Check the connection and try again.',
  'error.unavailable': 'A part of the server is not available. Try again in a moment.',
  'error.ours': 'Something went wrong on the server. Try again; if it stays, tell the operator.',
  'error.tooMany': 'Too many tries. Wait a while, then try again.',
  'error.tooManyUntil': {
    one: 'Too many tries. Try again in a minute.',
    other: 'Too many tries. Try again in {count} minutes.',
  },
  'error.other': 'The server refused this: {message}',
} as const;
