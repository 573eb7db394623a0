/** At most two letters: of the first word and the last, which in a Vietnamese name is the one that a person is called by. */
export function initials(name: string): string {
  const words = name.split(/\s+/u).map((word) => firstLetter(word)).filter((letter) => letter !== '');
  const [first = '', last = ''] = [words[0], words.length > 1 ? words.at(-1) : ''];
  return (first + last).toLocaleUpperCase();
}

/** The first letter or digit with its marks; for a word of signs only, its first sign. */
function firstLetter(word: string): string {
  const letter = /[\p{L}\p{N}]\p{M}*/u.exec(word.normalize('NFC'))?.[0];
  return letter ?? Array.from(word)[0] ?? '';
}

/** Whether white reads better on a colour than black does. */
export function isDark(color: string): boolean {
  return luminance(color) < 0.179;
}

/** The relative luminance of WCAG. */
export function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
