import { styleText } from 'node:util';

export type Colour = 'green' | 'red' | 'yellow' | 'bold' | 'dim';

/** Colours a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Makes a `Paint` that colours only if told so. */
export function createPaint(coloured: boolean): Paint {
  return (colour, text) => (coloured ? styleText(colour, text, { validateStream: false }) : text);
}

/** How text is laid out. */
export interface RenderOptions {
  readonly paint: Paint;
  /** Columns that a line may take. */
  readonly width: number;
}
