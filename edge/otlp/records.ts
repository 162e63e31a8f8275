import type { OtlpKeyValue, OtlpLogRecord, OtlpSpan } from '../../src/wire/otlp.ts';

/**
 * OTLP without its envelopes: every span and log record beside its resource and scope. Records of one batch share their
 * `ResourceRecord` and `ScopeRecord` objects; neither is changed after decoding.
 */
export interface ResourceRecord {
  attributes: OtlpKeyValue[];
  droppedAttributesCount?: number;
  schemaUrl?: string;
}

export interface ScopeRecord {
  name: string;
  version?: string;
  attributes?: OtlpKeyValue[];
  droppedAttributesCount?: number;
  schemaUrl?: string;
}

export interface SpanRecord {
  resource: ResourceRecord;
  scope: ScopeRecord;
  /** Validated: ids lower-case and not zero, times decimal strings with end >= start, name a string. */
  span: OtlpSpan;
}

export interface LogRecord {
  resource: ResourceRecord;
  scope: ScopeRecord;
  /** Validated: ids lower-case or absent, a time always present. */
  log: OtlpLogRecord;
}
