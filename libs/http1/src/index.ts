export { equalsIgnoringCase, type FieldName, fieldName } from './field-name.ts';
export { type Framing, isPersistent } from './framing.ts';
export { Head } from './head.ts';
export { HttpError, type HttpErrorCode } from './http-error.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { type MessageHandler, Parser, type ParserOptions } from './parser.ts';
export type { Kind } from './read-head.ts';
