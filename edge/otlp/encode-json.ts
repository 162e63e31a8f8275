import type {
  OtlpPayload,
  OtlpResourceLogs,
  OtlpResourceSpans,
  OtlpScopeLogs,
  OtlpScopeSpans,
} from '../../src/wire/otlp.ts';
import { groupRecords } from './group-records.ts';
import type { LogRecord, ResourceRecord, ScopeRecord, SpanRecord } from './records.ts';

/** Records back in their OTLP/JSON envelopes; what shares a resource and scope is grouped. `JSON.stringify` does the rest. */
export function encodeJson(records: { spans: readonly SpanRecord[]; logs: readonly LogRecord[] }): OtlpPayload {
  const resourceSpans: OtlpResourceSpans[] = [];
  for (const [resource, scopes] of groupRecords(records.spans)) {
    const scopeSpans: OtlpScopeSpans[] = [];
    for (const [scope, members] of scopes)
      scopeSpans.push({ ...scopeEnvelope(scope), spans: members.map(({ span }) => span) });
    resourceSpans.push({ ...resourceEnvelope(resource), scopeSpans });
  }
  const resourceLogs: OtlpResourceLogs[] = [];
  for (const [resource, scopes] of groupRecords(records.logs)) {
    const scopeLogs: OtlpScopeLogs[] = [];
    for (const [scope, members] of scopes)
      scopeLogs.push({ ...scopeEnvelope(scope), logRecords: members.map(({ log }) => log) });
    resourceLogs.push({ ...resourceEnvelope(resource), scopeLogs });
  }
  return { resourceSpans, resourceLogs };
}

function resourceEnvelope({
  schemaUrl,
  ...resource
}: ResourceRecord): Pick<OtlpResourceSpans, 'resource' | 'schemaUrl'> {
  return schemaUrl ? { resource, schemaUrl } : { resource };
}

function scopeEnvelope({ schemaUrl, ...scope }: ScopeRecord): Pick<OtlpScopeSpans, 'scope' | 'schemaUrl'> {
  return schemaUrl ? { scope, schemaUrl } : { scope };
}
