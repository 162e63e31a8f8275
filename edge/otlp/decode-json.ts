import { MAX_BODY_DEPTH } from '../../src/wire/limits.ts';
import {
  createDecodedRequest,
  type DecodedRequest,
  type DecodeLimits,
  MalformedBodyError,
  rejectLog,
  rejectSpan,
} from './decoded-request.ts';
import { nestsDeeperThan } from './json-depth.ts';
import { parseLogRecord } from './json-log.ts';
import { parseSpan, parseText, parseUint32 } from './json-span.ts';
import { isJsonObject, type JsonObject, parseKeyValues } from './json-value.ts';
import type { ResourceRecord, ScopeRecord } from './records.ts';

const utf8 = new TextDecoder();

/**
 * Decodes an OTLP/JSON request: `resourceSpans`, `resourceLogs` or both. Spans and log records are validated one by one;
 * a bad one is counted in `rejected` and the others stay. Unknown keys are ignored, null is unset.
 * @throws {MalformedBodyError} when the body is no JSON, is nested deeper than MAX_BODY_DEPTH, or an envelope around the
 * spans has the wrong type.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function decodeJson(body: Uint8Array | string, limits: DecodeLimits = {}): DecodedRequest {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const root = parseJson(bytes);
  const request = createDecodedRequest();
  const maxRecords = limits.maxRecords ?? Number.POSITIVE_INFINITY;
  if ('resource_spans' in root || 'resource_logs' in root)
    throw new MalformedBodyError('OTLP/JSON keys are lowerCamelCase: send resourceSpans, not resource_spans.');
  request.hasEnvelope = 'resourceSpans' in root || 'resourceLogs' in root;
  if (typeof root.sentAt === 'number' && root.sentAt > 0) request.sentAtMs = root.sentAt;
  decodeSpans(root, request, maxRecords);
  decodeLogs(root, request, maxRecords);
  return request;
}

function parseJson(bytes: Uint8Array): JsonObject {
  if (nestsDeeperThan(bytes, MAX_BODY_DEPTH))
    throw new MalformedBodyError(`The body nests arrays and objects deeper than ${MAX_BODY_DEPTH} levels.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new MalformedBodyError('The body is not JSON, or was cut off on its way.');
  }
  if (!isJsonObject(parsed)) throw new MalformedBodyError('The body is not an OTLP request: it must be a JSON object.');
  return parsed;
}

function decodeSpans(root: JsonObject, request: DecodedRequest, maxRecords: number): void {
  for (const group of objectsOf(root, 'resourceSpans')) {
    const resource = resourceOf(group);
    for (const scopeGroup of objectsOf(group, 'scopeSpans')) {
      const scope = scopeOf(scopeGroup);
      for (const raw of arrayOf(scopeGroup, 'spans')) {
        const span = request.spans.length + request.rejectedSpans < maxRecords ? parseSpan(raw) : 'too_many';
        if (typeof span === 'string') rejectSpan(request, span);
        else request.spans.push({ resource, scope, span });
      }
    }
  }
}

function decodeLogs(root: JsonObject, request: DecodedRequest, maxRecords: number): void {
  for (const group of objectsOf(root, 'resourceLogs')) {
    const resource = resourceOf(group);
    for (const scopeGroup of objectsOf(group, 'scopeLogs')) {
      const scope = scopeOf(scopeGroup);
      for (const raw of arrayOf(scopeGroup, 'logRecords')) {
        const log = request.logs.length + request.rejectedLogs < maxRecords ? parseLogRecord(raw) : 'too_many';
        if (typeof log === 'string') rejectLog(request, log);
        else request.logs.push({ resource, scope, log });
      }
    }
  }
}

// An envelope of the wrong type cannot be counted in spans, so it fails the request instead of losing it silently.
function arrayOf(parent: JsonObject, key: string): readonly unknown[] {
  const items = parent[key] ?? [];
  if (!Array.isArray(items)) throw new MalformedBodyError(`The body is not an OTLP request: ${key} must be an array.`);
  return items;
}

function objectsOf(parent: JsonObject, key: string): readonly JsonObject[] {
  const items = arrayOf(parent, key);
  if (!items.every(isJsonObject))
    throw new MalformedBodyError(`The body is not an OTLP request: ${key} must hold objects.`);
  return items;
}

export function resourceOf(group: JsonObject): ResourceRecord {
  const raw = group.resource ?? {};
  const attributes = isJsonObject(raw) ? parseKeyValues(raw.attributes) : undefined;
  const dropped = isJsonObject(raw) ? parseUint32(raw.droppedAttributesCount) : undefined;
  const schemaUrl = parseText(group.schemaUrl);
  if (attributes === undefined || dropped === undefined || schemaUrl === undefined)
    throw new MalformedBodyError('The body is not an OTLP request: a resource breaks the schema.');
  const resource: ResourceRecord = { attributes };
  if (dropped) resource.droppedAttributesCount = dropped;
  if (schemaUrl) resource.schemaUrl = schemaUrl;
  return resource;
}

export function scopeOf(group: JsonObject): ScopeRecord {
  const raw = group.scope ?? {};
  if (!isJsonObject(raw)) throw new MalformedBodyError('The body is not an OTLP request: scope must be an object.');
  const name = parseText(raw.name);
  const version = parseText(raw.version);
  const attributes = parseKeyValues(raw.attributes);
  const dropped = parseUint32(raw.droppedAttributesCount);
  const schemaUrl = parseText(group.schemaUrl);
  if (name === undefined || version === undefined || attributes === undefined || dropped === undefined)
    throw new MalformedBodyError('The body is not an OTLP request: a scope breaks the schema.');
  const scope: ScopeRecord = { name };
  if (version) scope.version = version;
  if (attributes.length > 0) scope.attributes = attributes;
  if (dropped) scope.droppedAttributesCount = dropped;
  if (schemaUrl) scope.schemaUrl = schemaUrl;
  return scope;
}
