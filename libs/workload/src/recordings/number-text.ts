import { quote, refuse } from './recording-error.ts';

/** Decimal numbers as Python, JavaScript and others print them; neither infinity nor NaN. */
const pattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Is a text a finite number? */
export function isNumber(text: string): boolean {
  return pattern.test(text) && Number.isFinite(Number(text));
}

/** Reads a number. @throws RecordingError */
export function readNumber(text: string, place: string): number {
  if (isNumber(text)) return Number(text);
  return refuse(place, text === '' ? 'nothing' : quote(text), 'a finite number');
}
