import { createHash } from 'node:crypto';
import { ATTR_CLOCK_OFFSET, ATTR_EVENT_ID } from '../../../src/wire/names.ts';
import type { OtlpSpan } from '../../../src/wire/otlp.ts';
import type { LogRecord } from '../../otlp/records.ts';
import { ShapeWriter } from './attribute-shapes.ts';
import { ByteWriter } from './byte-writer.ts';
import { writeLog } from './log.ts';
import { writeSpan } from './span.ts';
import { timeBase } from './time.ts';
import { writeAttributes } from './value.ts';

const ids = new ByteWriter(1024);
const body = new ByteWriter();
const NO_ORDINALS: ReadonlyMap<string, number> = new Map();
const EPOCH = timeBase('0');

/**
 * Equal for spans with equal content. The resource is left out: the collector stamps each arrival, so a batch that is
 * sent again never has quite the same one.
 */
export function spanFingerprint(span: OtlpSpan): string {
  ids.reset();
  body.reset();
  writeSpan({ ids, body, base: EPOCH, ordinals: NO_ORDINALS, shapes: new ShapeWriter() }, span, undefined);
  return ids.view().toString('latin1') + body.view().toString('latin1');
}

/** What makes a log record the same one: its event id when it has one, else its whole content and its resource's. */
export function logKey(record: LogRecord): string {
  const { log, resource } = record;
  for (const { key, value } of log.attributes ?? []) {
    if (key === ATTR_EVENT_ID && value?.stringValue) return value.stringValue;
  }
  ids.reset();
  body.reset();
  writeAttributes(
    body,
    resource.attributes.filter(({ key }) => key !== ATTR_CLOCK_OFFSET),
  );
  writeLog({ ids, body, base: EPOCH, ordinals: NO_ORDINALS, shapes: new ShapeWriter() }, log, undefined);
  return createHash('sha256').update(ids.view()).update(body.view()).digest('base64');
}

/** A log record's key as a 48-bit number, for keys that are kept in a database. */
export function looseKey(key: string): number {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6);
}
