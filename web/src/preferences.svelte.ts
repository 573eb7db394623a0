/** What a person chose for this device. */
export type Theme = 'system' | 'light' | 'dark';
export type Language = 'en' | 'vi';

const LANGUAGES: readonly Language[] = ['en', 'vi'];

/** The browser's store may be forbidden or full: then a choice holds until the page is left. */
function read(name: string): string | null {
  try {
    return localStorage.getItem(`colloquy.${name}`);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`colloquy.${name}`, value);
  } catch {
    // The choice is on screen already.
  }
}

/** The first language of the browser that the page speaks. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = LANGUAGES.find((known) => tag.toLowerCase().split('-')[0] === known);
    if (language) return language;
  }
  return 'en';
}

function storedTheme(): Theme {
  const theme = read('theme');
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function storedLanguage(): Language | undefined {
  return LANGUAGES.find((language) => language === read('language'));
}

class Preferences {
  #theme = $state<Theme>(storedTheme());
  #language = $state<Language>(storedLanguage() ?? preferredLanguage(navigator.languages));
  #notifies = $state(read('notifications') === 'on');

  constructor() {
    this.#show();
    // Another window of the same person.
    addEventListener('storage', () => {
      this.#theme = storedTheme();
      this.#language = storedLanguage() ?? this.#language;
      this.#notifies = read('notifications') === 'on';
      this.#show();
    });
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    write('theme', theme);
    this.#show();
  }

  get language(): Language {
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
    write('language', language);
    this.#show();
  }

  /** Whether new messages are shown as notifications of the system, as far as the browser allows it. */
  get notifies(): boolean {
    return this.#notifies;
  }

  set notifies(notifies: boolean) {
    this.#notifies = notifies;
    write('notifications', notifies ? 'on' : 'off');
  }

  #show(): void {
    const page = document.documentElement;
    page.lang = this.#language;
    if (this.#theme === 'system') delete page.dataset['theme'];
    else page.dataset['theme'] = this.#theme;
  }
}

export const preferences = new Preferences();
