import { Refusal } from './refusal.ts';

/** What public senders may use up; trusted ones are not limited, so a flood of strangers never takes their share. */
export interface RateLimits {
  /** Per public key, bytes after decompression. */
  keyBytesPerSecond: number;
  /** Per public key, spans and log records. */
  keyRecordsPerSecond: number;
  /** Per network of a sender (IPv4 /24, IPv6 /48), bytes after decompression. */
  networkBytesPerSecond: number;
  networkRecordsPerSecond: number;
}

export const DEFAULT_RATE_LIMITS: RateLimits = {
  keyBytesPerSecond: 20_000_000,
  keyRecordsPerSecond: 20_000,
  // An office behind one address is some hundred people, each with a batch of 16 KiB every few seconds.
  networkBytesPerSecond: 4_000_000,
  networkRecordsPerSecond: 4_000,
};

/** A bucket holds so many seconds of its rate: page loads come in bursts. */
const BURST_SECONDS = 10;
/** A request costs at least this, so that refused and empty ones are not free. */
const MIN_REQUEST_BYTES = 1024;
const MAX_BUCKETS = 10_000;
const MAX_RETRY_AFTER_SECONDS = 60;

export interface RateLimiter {
  /**
   * Lets a request of a public sender in while its buckets are not empty, and takes what it is expected to use: many at
   * once are counted before the first of them is read.
   * @throws {Refusal} 429 with Retry-After, before anything of the request was read
   */
  admit(sender: LimitedSender, expected: Usage): void;
  /** Corrects what was expected to what it was; a bucket may go below zero and is then refilled first. */
  settle(sender: LimitedSender, expected: Usage, used: Usage): void;
}

export interface Usage {
  bytes: number;
  records: number;
}

export interface LimitedSender {
  keyId: string;
  /** Of the client; `undefined` where it is not known or is this machine. */
  address: string | undefined;
}

interface Bucket {
  bytes: number;
  records: number;
  atMs: number;
}

export function createRateLimiter(limits: RateLimits, now: () => number): RateLimiter {
  // Two generations: the older is forgotten when the younger is full, so what is in use stays and memory is bounded.
  let buckets = new Map<string, Bucket>();
  let older = new Map<string, Bucket>();
  const { keyBytesPerSecond, keyRecordsPerSecond, networkBytesPerSecond, networkRecordsPerSecond } = limits;
  const keyRate = { bytes: keyBytesPerSecond, records: keyRecordsPerSecond };
  const networkRate = { bytes: networkBytesPerSecond, records: networkRecordsPerSecond };

  const bucketsOf = ({ keyId, address }: LimitedSender) => {
    const network = address === undefined ? undefined : networkOf(address);
    const own = [{ bucket: refill(`key ${keyId}`, keyRate), rate: keyRate }];
    if (network !== undefined) own.push({ bucket: refill(`network ${network}`, networkRate), rate: networkRate });
    return own;
  };
  const refill = (name: string, rate: { bytes: number; records: number }): Bucket => {
    const atMs = now();
    const known = buckets.get(name) ?? older.get(name);
    const full = { bytes: rate.bytes * BURST_SECONDS, records: rate.records * BURST_SECONDS, atMs };
    const seconds = known ? Math.max(0, atMs - known.atMs) / 1000 : 0;
    const bucket: Bucket = known
      ? {
          bytes: Math.min(full.bytes, known.bytes + seconds * rate.bytes),
          records: Math.min(full.records, known.records + seconds * rate.records),
          atMs,
        }
      : full;
    buckets.set(name, bucket);
    if (buckets.size >= MAX_BUCKETS) {
      older = buckets;
      buckets = new Map();
    }
    return bucket;
  };

  return {
    admit(sender, expected) {
      const own = bucketsOf(sender);
      for (const { bucket, rate } of own) {
        if (bucket.bytes > 0 && bucket.records > 0) continue;
        const seconds = Math.max(-bucket.bytes / rate.bytes, -bucket.records / rate.records) + 1;
        const retryAfter = Math.min(MAX_RETRY_AFTER_SECONDS, Math.ceil(seconds));
        throw new Refusal(429, 'Too much at once with this key or from this network: slow down.', retryAfter);
      }
      for (const { bucket } of own) take(bucket, expected, 1);
    },
    settle(sender, expected, used) {
      for (const { bucket } of bucketsOf(sender)) {
        take(bucket, expected, -1);
        take(bucket, used, 1);
      }
    },
  };
}

function take(bucket: Bucket, { bytes, records }: Usage, times: 1 | -1): void {
  bucket.bytes -= times * Math.max(MIN_REQUEST_BYTES, bytes);
  bucket.records -= times * records;
}

/** The network an address is counted in; `undefined` for this machine and for what is no address. */
export function networkOf(address: string): string | undefined {
  const v4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/i.exec(address);
  if (v4) return v4[1] === '127' ? undefined : `${v4[1]}.${v4[2]}.${v4[3]}`;
  if (!address.includes(':') || address === '::1') return undefined;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  while (groups.length + rest.length < 8 && groups.length < 3) groups.push('0');
  return groups
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
