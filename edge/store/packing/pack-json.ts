import { resourceOf, scopeOf } from '../../otlp/decode-json.ts';
import { parseLogRecord } from '../../otlp/json-log.ts';
import { isJsonObject } from '../../otlp/json-value.ts';
import { EnvelopeCache } from './envelope-cache.ts';
import { CHAR, JsonCursor, parse } from './json-cursor.ts';
import { JsonFields } from './json-fields.ts';
import { JsonScanner } from './json-scanner.ts';
import type { PackedGroup, PackedResource, PackedScope } from './packed-envelope.ts';
import type { RequestPacker } from './request-packer.ts';
import { UNUSUAL } from './unusual.ts';

const ROOT = new JsonFields(['sentAt', 'resourceSpans', 'resourceLogs']);
const SENT_AT = 0;
const RESOURCE_SPANS = 1;

const RESOURCE_GROUP = new JsonFields(['resource', 'schemaUrl', 'scopeSpans', 'scopeLogs']);
const SCOPE_GROUP = new JsonFields(['scope', 'schemaUrl', 'spans', 'logRecords']);
const ENVELOPE = 0;
const SCHEMA_URL = 1;
const SPANS = 2;
/** How many arrays and objects a resource, a scope and a log record stand in. */
const RESOURCE_DEPTH = 3;
const SCOPE_DEPTH = 5;
const RECORD_DEPTH = 6;

export interface JsonPackerOptions {
  maxRecords: number;
  /** Log records of this scope are set aside. */
  asideScope: string;
}

/** Reads whole OTLP/JSON bodies into a `RequestPacker`. */
export class JsonPacker {
  readonly #cursor = new JsonCursor();
  readonly #packer: RequestPacker;
  readonly #scanner: JsonScanner;
  readonly #envelopes: EnvelopeCache;
  #options: JsonPackerOptions = { maxRecords: 0, asideScope: '' };

  constructor(packer: RequestPacker) {
    this.#packer = packer;
    this.#scanner = new JsonScanner(this.#cursor, packer.record);
    this.#envelopes = new EnvelopeCache(packer.filter);
  }

  /** @throws UNUSUAL */
  pack(body: Buffer, options: JsonPackerOptions): void {
    const cursor = this.#cursor;
    this.#options = options;
    this.#packer.begin(body);
    cursor.reset(body, this.#packer.record.view);
    cursor.take(CHAR.openObject);
    let seen = 0;
    let field = -1;
    do {
      field = ROOT.next(cursor, field);
      if (seen & (1 << field)) throw UNUSUAL;
      seen |= 1 << field;
      if (field === SENT_AT) {
        const sentAt = cursor.number();
        if (sentAt > 0) this.#packer.sentAtMs = sentAt;
      } else this.#resourceGroups(field === RESOURCE_SPANS);
    } while (cursor.more(CHAR.closeObject));
    cursor.finish();
    cursor.reset(NOTHING, NO_VIEW);
    if (seen <= 1 << SENT_AT) throw UNUSUAL;
  }

  #resourceGroups(areSpans: boolean): void {
    const cursor = this.#cursor;
    cursor.take(CHAR.openArray);
    if (cursor.takeIf(CHAR.closeArray)) return;
    do this.#resourceGroup(areSpans);
    while (cursor.more(CHAR.closeArray));
  }

  #resourceGroup(areSpans: boolean): void {
    const cursor = this.#cursor;
    cursor.take(CHAR.openObject);
    let resource: PackedResource | undefined;
    let schemaUrl: string | undefined;
    let isRead = false;
    let field = -1;
    do {
      field = RESOURCE_GROUP.next(cursor, field);
      if (field === ENVELOPE) {
        if (resource) throw UNUSUAL;
        resource = this.#resource();
      } else if (field === SCHEMA_URL) {
        if (schemaUrl !== undefined) throw UNUSUAL;
        cursor.string();
        schemaUrl = cursor.text();
      } else {
        // Records before their resource, or of the other kind.
        if (!resource || isRead || (field === SPANS) !== areSpans) throw UNUSUAL;
        isRead = true;
        this.#scopeGroups(areSpans, resource);
      }
    } while (cursor.more(CHAR.closeObject));
    if (schemaUrl && resource) resource.schemaUrl = schemaUrl;
  }

  #scopeGroups(areSpans: boolean, resource: PackedResource): void {
    const cursor = this.#cursor;
    cursor.take(CHAR.openArray);
    if (cursor.takeIf(CHAR.closeArray)) return;
    do this.#scopeGroup(areSpans, resource);
    while (cursor.more(CHAR.closeArray));
  }

  #scopeGroup(areSpans: boolean, resource: PackedResource): void {
    const cursor = this.#cursor;
    cursor.take(CHAR.openObject);
    let scope: PackedScope | undefined;
    let schemaUrl: string | undefined;
    let isRead = false;
    let field = -1;
    do {
      field = SCOPE_GROUP.next(cursor, field);
      if (field === ENVELOPE) {
        if (scope) throw UNUSUAL;
        scope = this.#scope();
      } else if (field === SCHEMA_URL) {
        if (schemaUrl !== undefined) throw UNUSUAL;
        cursor.string();
        schemaUrl = cursor.text();
      } else {
        if (!scope || isRead || (field === SPANS) !== areSpans) throw UNUSUAL;
        isRead = true;
        this.#records(areSpans, { resource, scope });
      }
    } while (cursor.more(CHAR.closeObject));
    if (schemaUrl && scope) scope.schemaUrl = schemaUrl;
  }

  #resource(): PackedResource {
    const cursor = this.#cursor;
    if (cursor.peek() !== CHAR.openObject) throw UNUSUAL;
    const { bytes, at: start } = cursor;
    cursor.skip(RESOURCE_DEPTH);
    const read = () => valid(() => resourceOf({ resource: parse(bytes.toString('utf8', start, cursor.at)) }));
    const resource = this.#envelopes.resource(this.#packer.record.view, start, cursor.at, read);
    this.#packer.addResource(resource);
    return resource;
  }

  #scope(): PackedScope {
    const cursor = this.#cursor;
    if (cursor.peek() !== CHAR.openObject) throw UNUSUAL;
    const { bytes, at: start } = cursor;
    cursor.skip(SCOPE_DEPTH);
    const read = () => valid(() => scopeOf({ scope: parse(bytes.toString('utf8', start, cursor.at)) }));
    return this.#envelopes.scope(this.#packer.record.view, start, cursor.at, read);
  }

  #records(areSpans: boolean, group: PackedGroup): void {
    const cursor = this.#cursor;
    const packer = this.#packer;
    const { maxRecords, asideScope } = this.#options;
    cursor.take(CHAR.openArray);
    if (cursor.takeIf(CHAR.closeArray)) return;
    const isAside = !areSpans && group.scope.record.name === asideScope;
    do {
      if (areSpans) {
        if (packer.spans === maxRecords) throw UNUSUAL;
        this.#scanner.span();
        packer.addSpan(group);
      } else {
        if (packer.logs + packer.aside.length >= maxRecords) throw UNUSUAL;
        if (isAside) this.#setAside(group);
        else {
          this.#scanner.log();
          packer.addLog(group);
        }
      }
    } while (cursor.more(CHAR.closeArray));
  }

  #setAside({ resource, scope }: PackedGroup): void {
    const cursor = this.#cursor;
    if (cursor.peek() !== CHAR.openObject) throw UNUSUAL;
    const raw = cursor.parse(RECORD_DEPTH);
    const log = isJsonObject(raw) ? parseLogRecord(raw) : 'invalid_shape';
    if (typeof log === 'string') throw UNUSUAL;
    this.#packer.aside.push({ resource: resource.record, scope: scope.record, log });
  }
}

// A resource or scope that breaks the schema: the general way says so.
function valid<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw UNUSUAL;
  }
}

const NOTHING = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
