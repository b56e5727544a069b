export { eventChannel, formatEvent, type GalileoEvent, parseEvent } from './event.ts';
export type { Parsed } from './parsed.ts';
export { pythonFloat } from './python-float.ts';
export { formatTelemetry, parseTelemetry, type TelemetrySample, telemetryChannel } from './telemetry.ts';
export { formatTrace, parseTrace, type Trace, traceChannel } from './trace.ts';
export { encodeHeaders, splitHeaders, type TraceDetails } from './trace-details.ts';
export { WireError } from './wire-error.ts';
