/** One text, or the forms of a text with a `{count}`. */
export type Text = string | { readonly one: string; readonly other: string };

/** The names in braces of a text. */
type Names<T> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The values that a text needs; a `count` chooses its form. */
export type Values<T> = T extends { readonly one: infer One; readonly other: infer Other }
  ? Record<'count', number> & Record<Exclude<Names<One> | Names<Other>, 'count'>, string | number>
  : Record<Names<T>, string | number>;

/** The same texts in another language: a text that is missing there is a type error. */
export type Translation<Texts> = {
  readonly [Key in keyof Texts]: Texts[Key] extends string ? string : { readonly one?: string; readonly other: string };
};
