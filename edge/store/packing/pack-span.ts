import {
  HAS_DROPPED,
  HAS_ENVELOPE,
  HAS_EVENTS,
  HAS_FLAGS,
  HAS_LINKS,
  HAS_STATUS,
  HAS_TRACE_STATE,
  writeEvent,
  writeLink,
} from '../encoding/span.ts';
import { writeTimeParts } from '../encoding/time.ts';
import { writeWord } from '../encoding/value.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import type { PackedGroup } from './packed-envelope.ts';
import type { ScannedRecord } from './scanned-record.ts';
import { summarizeSpan } from './summarize-span.ts';

/** Writes a span into the chunk of its trace, as `writeSpan` does, and takes it into the summary. */
export function packSpan(builder: ChunkBuilder, record: ScannedRecord, group: PackedGroup): void {
  const { body, texts } = builder;
  builder.addSpanId(record.span0, record.span1);
  const changes = builder.changesEnvelope(group);
  const dropped = record.dropped || record.droppedEvents || record.droppedLinks;
  const hasStatus = record.statusCode !== 0 || record.statusMessage !== '';
  body.varint(
    record.kind |
      (record.flags ? HAS_FLAGS : 0) |
      (changes ? HAS_ENVELOPE : 0) |
      (hasStatus ? HAS_STATUS : 0) |
      (record.events ? HAS_EVENTS : 0) |
      (record.traceState ? HAS_TRACE_STATE : 0) |
      (record.links ? HAS_LINKS : 0) |
      (dropped ? HAS_DROPPED : 0),
  );
  if (changes) builder.writeEnvelope();
  const name =
    record.nameStart < 0
      ? texts.nameText(body, record.nameText)
      : texts.name(body, record, record.nameStart, record.nameEnd);
  builder.writeReference(record.parent0, record.parent1);
  writeTimeParts(body, builder.base, record.startSeconds, record.startNanos);
  const { start } = builder;
  start.seconds = record.startSeconds;
  start.nanos = record.startNanos;
  writeTimeParts(body, start, record.endSeconds, record.endNanos);
  if (record.flags) body.varint(record.flags);
  summarizeSpan(builder, record, group, name);
  builder.attributes.write(body, record);
  if (hasStatus) {
    body.varint(record.statusCode);
    writeWord(body, record.statusMessage === '' ? '' : builder.filter.text(record.statusMessage));
  }
  if (record.traceState) writeWord(body, record.traceState);
  if (record.events) writeEvents(builder, record, start);
  if (record.links) writeLinks(builder, record);
  if (dropped) {
    body.varint(record.dropped);
    body.varint(record.droppedEvents);
    body.varint(record.droppedLinks);
  }
}

function writeEvents({ body, filter }: ChunkBuilder, record: ScannedRecord, start: { seconds: number; nanos: number }) {
  const events = record.events ?? [];
  body.varint(events.length);
  for (const event of events) {
    event.name = filter.text(event.name);
    filter.attributes(event.attributes);
    writeEvent(body, start, event);
  }
}

function writeLinks(builder: ChunkBuilder, record: ScannedRecord): void {
  const links = record.links ?? [];
  builder.body.varint(links.length);
  for (const link of links) {
    builder.filter.attributes(link.attributes);
    builder.writeIds(3, (ids) => writeLink(builder.body, ids, link));
  }
}
