import { type OtlpKeyValue, SPAN_KIND, STATUS_CODE } from '../../../src/wire/otlp.ts';
import type { SpanRecord } from '../../otlp/records.ts';
import { partsToMicros } from '../encoding/time.ts';
import { requestOf } from '../rollup.ts';
import { addSpan } from '../summarize-records.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import { TOLD } from './key-word.ts';
import type { PackedGroup, PackedResource } from './packed-envelope.ts';
import type { ScannedRecord } from './scanned-record.ts';

/** Takes a span into the summary of its chunk; to be called before its attributes are written. */
export function summarizeSpan(builder: ChunkBuilder, record: ScannedRecord, group: PackedGroup, name: string): void {
  const startUs = partsToMicros(record.startSeconds, record.startNanos);
  const endUs = partsToMicros(record.endSeconds, record.endNanos);
  const { state } = builder;
  if (isPlain(builder, record, group.resource, startUs)) {
    // What `addSpan` does for it.
    if (startUs < state.startUs) state.startUs = startUs;
    if (endUs > state.endUs) state.endUs = endUs;
    state.spans += 1;
    if (record.statusCode === STATUS_CODE.error) state.errors += 1;
    return;
  }
  const told = spanOf(builder, record, group, name);
  addSpan(state, told, startUs, endUs);
  const request = requestOf(told, startUs, endUs);
  if (request) builder.requests.push(request);
  builder.summarized = group.resource;
}

/** Whether a span adds no more than its times to what is known: most are children that tell nothing new. */
function isPlain(
  { state, summarized }: ChunkBuilder,
  record: ScannedRecord,
  resource: PackedResource,
  startUs: number,
): boolean {
  if (resource !== summarized || (record.parent0 | record.parent1) === 0) return false;
  if (record.kind === SPAN_KIND.server || record.kind === SPAN_KIND.consumer) return false;
  if (!state.hasRoot && startUs <= state.namedUs) return false;
  const { told, toldCount, keys } = record;
  for (let i = 0; i < toldCount; i += 1) {
    switch (keys[told[i] as number]?.told) {
      case TOLD.session:
        if (state.sessionId === '') return false;
        break;
      case TOLD.user:
        if (state.sessionId === '' || state.userId === '') return false;
        break;
      case TOLD.pageView:
        if (!state.isPageView) return false;
        break;
      default:
    }
  }
  return true;
}

function spanOf(builder: ChunkBuilder, record: ScannedRecord, group: PackedGroup, name: string): SpanRecord {
  const attributes: OtlpKeyValue[] = [];
  for (let i = 0; i < record.toldCount; i += 1)
    attributes.push(builder.attributes.attribute(record, record.told[i] as number));
  return {
    resource: group.resource.record,
    scope: group.scope.record,
    span: {
      traceId: builder.traceId,
      spanId: '',
      // All that counts is whether there is one.
      parentSpanId: record.parent0 === 0 && record.parent1 === 0 ? '' : 'parent',
      name,
      kind: record.kind,
      // Told as numbers.
      startTimeUnixNano: '',
      endTimeUnixNano: '',
      flags: record.flags,
      traceState: record.traceState,
      status: record.statusCode === 0 ? NO_STATUS : { code: record.statusCode },
      attributes,
    },
  };
}

const NO_STATUS = {};
