import { FLAG_SAMPLED, formatTraceparent, parseTraceparent, type TraceParent } from '../../src/wire/traceparent.ts';

const MAX_HEADER_CHARS = 256;
/** Where the time stands in an X-Ray trace id: the first 8 of the 32 digits, so that ours fit as they are. */
const EPOCH_DIGITS = 8;

/**
 * A span as AWS X-Ray's tracing header names it.
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function formatXrayHeader({ traceId, spanId, flags }: TraceParent): string {
  const root = `1-${traceId.slice(0, EPOCH_DIGITS)}-${traceId.slice(EPOCH_DIGITS)}`;
  return `Root=${root};Parent=${spanId};Sampled=${flags & FLAG_SAMPLED}`;
}

/** X-Ray's header as a `traceparent`; `undefined` when it names no span. */
export function parseXrayHeader(header: string | undefined): string | undefined {
  if (!header || header.length > MAX_HEADER_CHARS) return undefined;
  const fields = new Map(header.split(';').map((part) => part.trim().split('=', 2) as [string, string]));
  const root = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(fields.get('Root') ?? '');
  const parent = /^[0-9a-f]{16}$/.exec(fields.get('Parent') ?? '');
  if (!root || !parent) return undefined;
  const text = `00-${root[1]}${root[2]}-${parent[0]}-0${fields.get('Sampled') === '1' ? 1 : 0}`;
  const valid = parseTraceparent(text);
  return valid && formatTraceparent(valid);
}
