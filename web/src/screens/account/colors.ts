/** The avatar colours that are offered, by the names that they have in the texts: black or white reads well on each. */
export const COLORS = [
  { name: 'green', value: '#4CAF50' },
  { name: 'teal', value: '#0B7A6B' },
  { name: 'blue', value: '#2196F3' },
  { name: 'indigo', value: '#3F51B5' },
  { name: 'violet', value: '#7E57C2' },
  { name: 'pink', value: '#D81B60' },
  { name: 'red', value: '#C62828' },
  { name: 'orange', value: '#FF9800' },
  { name: 'amber', value: '#FFC107' },
  { name: 'brown', value: '#795548' },
  { name: 'slate', value: '#546E7A' },
  { name: 'black', value: '#000000' },
] as const;

/** One of them by chance: people differ from the first moment, and each can choose another colour later. */
export function someColor(): string {
  return COLORS[Math.floor(Math.random() * COLORS.length)]?.value ?? COLORS[0].value;
}
