/** What a parser gives: the value, or why the text is malformed (short and the same for every text with this fault, so that it can be counted by). */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** The text was well-formed. */
export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });

/** The text was malformed. */
export const malformed = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });
