/** A key a sender may use. Public keys stand in pages: they name a sender and prove nothing. */
export interface IngestKey {
  /** Names the key in stored data and reports; never the key itself. */
  id: string;
  key: string;
  kind: 'public' | 'secret';
  /** Values of `service.name` the key may write; `*` for all. */
  services: string[];
  /** Origins of pages that may use a public key (`https://shop.example`); `*` for all. */
  origins: string[];
}

export interface KeyRing {
  find(key: string): IngestKey | undefined;
}

/** The keys of a `keys.json` are not what they must be. The message names the place and what is expected. */
export class InvalidKeysError extends Error {
  override readonly name = 'InvalidKeysError';
}

export function createKeyRing(keys: readonly IngestKey[]): KeyRing {
  const known = keys.map((key) => ({ ...key }));
  return {
    // Every key is compared to its end, so that the time taken says nothing about how much of one was right.
    find(candidate) {
      let found: IngestKey | undefined;
      for (const key of known) if (isSameSecret(key.key, candidate)) found = key;
      return found;
    },
  };
}

/** Compares in a time that depends on the lengths only. */
export function isSameSecret(secret: string, candidate: string): boolean {
  let difference = secret.length ^ candidate.length;
  for (let i = 0; i < secret.length; i++)
    difference |= secret.charCodeAt(i) ^ candidate.charCodeAt(i % candidate.length);
  return difference === 0;
}

const KEY = /^[\w.-]{8,200}$/;
const ID = /^[\w.-]{1,64}$/;

/**
 * The keys of a parsed `keys.json`: `{"keys":[{"id","key","kind","services","origins"}]}`. `services` and `origins`
 * default to `["*"]`.
 * @throws {InvalidKeysError}
 */
export function parseKeys(json: unknown): IngestKey[] {
  const list = isObject(json) ? json.keys : undefined;
  if (!Array.isArray(list)) throw new InvalidKeysError('expected {"keys":[…]}');
  const ids = new Set<string>();
  return list.map((item: unknown, index) => {
    const fail = (what: string) => new InvalidKeysError(`keys[${index}]: ${what}`);
    if (!isObject(item)) throw fail('expected an object');
    const { id, key, kind } = item;
    if (typeof id !== 'string' || !ID.test(id)) throw fail('"id" must be 1-64 letters, digits, ".", "_" or "-"');
    if (ids.has(id)) throw fail(`"id" ${id} is there twice`);
    ids.add(id);
    if (typeof key !== 'string' || !KEY.test(key))
      throw fail('"key" must be 8-200 letters, digits, ".", "_" or "-", such as pk_… or sk_…');
    if (kind !== 'public' && kind !== 'secret') throw fail('"kind" must be "public" or "secret"');
    const services = stringsOf(item.services);
    const origins = stringsOf(item.origins);
    if (!services) throw fail('"services" must be a list of service names, or ["*"]');
    if (!origins?.every(isOriginRule)) throw fail('"origins" must be a list like ["https://shop.example"], or ["*"]');
    return { id, key, kind, services, origins };
  });
}

function isOriginRule(origin: string): boolean {
  if (origin === '*') return true;
  try {
    return new URL(origin).origin === origin;
  } catch {
    return false; // expected: somebody wrote a host name without https://
  }
}

function stringsOf(value: unknown): string[] | undefined {
  if (value === undefined) return ['*'];
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
