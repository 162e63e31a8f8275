export const BAGGAGE = 'baggage';

/** One baggage entry: a decoded value and its raw properties (`;`-separated, as received). */
export interface BaggageEntry {
  value: string;
  properties?: string;
}
/** Keys are foreign input, so a Map and never an object. Order is the header's. */
export type BaggageEntries = Map<string, BaggageEntry>;

/** W3C Baggage 3.3.2, over all header lines together. */
export const MAX_BAGGAGE_MEMBERS = 64;
export const MAX_BAGGAGE_BYTES = 8192;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
/** What properties are made of; they are passed on as they came, so nothing else may be in them. */
const PROPERTIES = /^[\t\x20\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]*$/;
const OWS = /^[ \t]+|[ \t]+$/g;

/**
 * Parses a `baggage` header (several lines joined by commas). Members that break the grammar are left out; what comes
 * after 64 members or 8192 bytes is not read. Linear in the header's length.
 * @see https://www.w3.org/TR/baggage/#header-content
 */
export function parseBaggage(header: string | null | undefined): BaggageEntries {
  const entries: BaggageEntries = new Map();
  let bytes = 0;
  let members = 0;
  let start = 0;
  const text = (header ?? '').slice(0, MAX_BAGGAGE_BYTES + 1);
  while (start < text.length && members < MAX_BAGGAGE_MEMBERS) {
    const comma = text.indexOf(',', start);
    const end = comma < 0 ? text.length : comma;
    bytes += end - start + (start > 0 ? 1 : 0);
    if (bytes > MAX_BAGGAGE_BYTES) break;
    const member = parseMember(text.slice(start, end));
    if (member) {
      members += 1;
      entries.set(member[0], member[1]);
    }
    start = end + 1;
  }
  return entries;
}

function parseMember(member: string): [string, BaggageEntry] | undefined {
  const semicolon = member.indexOf(';');
  const pair = semicolon < 0 ? member : member.slice(0, semicolon);
  const equals = pair.indexOf('=');
  if (equals < 1) return undefined;
  const key = pair.slice(0, equals).replace(OWS, '');
  const raw = pair.slice(equals + 1).replace(OWS, '');
  if (!TOKEN.test(key) || !VALUE.test(raw)) return undefined;
  const entry: BaggageEntry = { value: decodeOctets(raw) };
  const properties = semicolon < 0 ? '' : member.slice(semicolon + 1).replace(OWS, '');
  if (properties && PROPERTIES.test(properties)) entry.properties = properties;
  return [key, entry];
}

// decodeURIComponent throws on bytes that are not UTF-8, where the specification wants U+FFFD.
function decodeOctets(raw: string): string {
  if (!raw.includes('%')) return raw;
  const bytes = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    const escaped = raw[i] === '%' && /^[0-9A-Fa-f]{2}$/.test(raw.slice(i + 1, i + 3));
    bytes[length++] = escaped ? Number.parseInt(raw.slice(i + 1, i + 3), 16) : raw.charCodeAt(i);
    if (escaped) i += 2;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** The header value; whole members are left out, from the right, beyond 64 members or 8192 bytes. */
export function formatBaggage(entries: BaggageEntries): string {
  let header = '';
  let members = 0;
  for (const [key, { value, properties }] of entries) {
    if (!TOKEN.test(key)) continue;
    const member = `${key}=${encodeOctets(value)}${properties && PROPERTIES.test(properties) ? `;${properties}` : ''}`;
    if (++members > MAX_BAGGAGE_MEMBERS || header.length + member.length + 1 > MAX_BAGGAGE_BYTES) break;
    header += (header && ',') + member;
  }
  return header;
}

// Lone surrogates would make encodeURIComponent throw; toWellFormed is not in every browser we serve.
function encodeOctets(value: string): string {
  return encodeURIComponent(
    value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '�'),
  );
}
