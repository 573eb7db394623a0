/** A piece of a text; with an address it is a link. */
export interface Piece {
  readonly text: string;
  readonly href?: string;
}

const LINK = /(?:\bhttps?:\/\/|(?<![\p{L}\p{N}_@./-])www\.(?=[\p{L}\p{N}-]+\.\p{L}))[^\s<>"'`\u200B\u202A-\u202E\u2066-\u2069]+/giu;
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** The text in pieces: addresses of the web are links, nothing else is. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = withoutPunctuation(match[0]);
    const href = addressOf(/^www\./iu.test(link) ? `https://${link}` : link);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: link, href });
    end = match.index + link.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** What ends a sentence or closes a bracket around a link is not part of it. */
function withoutPunctuation(link: string): string {
  let rest = link;
  for (;;) {
    const last = rest.at(-1) ?? '';
    const opening = CLOSING[last];
    const isStray = opening === undefined ? '.,;:!?…'.includes(last) : count(rest, last) > count(rest, opening);
    if (!isStray || last === '') return rest;
    rest = rest.slice(0, -last.length);
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function addressOf(link: string): string | undefined {
  if (!URL.canParse(link)) return undefined;
  const { protocol, href } = new URL(link);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}
