/**
 * Members that only the edge tracer itself reads, shortened when it is built. What an application, a platform, OpenTelemetry's
 * API or the wire knows by name must not be here; a test compares with their types.
 */
const INTERNAL_NAMES = (
  'contextHeaders endMs endTick envelope exporter hasCredentials injected invocation isSame mayPropagateTo ' +
  'measuresComputation members onEnd onFirstByte originMs parentIsRemote pipeline refusal requestAttributes responseSent ' +
  'retryAfterMs sequence setAll settings showsStreams startMs startTick takenMs trustOf within'
).split(' ');

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Their short names, the same in every file: no member of anybody is a single letter. */
export const SHORT_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  INTERNAL_NAMES.map((name, index) => [name, LETTERS[index] as string]),
);
