import { type IngestKey, InvalidKeysError, parseKeys } from '../collector/key-ring.ts';
import { parseSize, parseTime } from '../collector/quantities.ts';
import type { ObjectNamespace } from '../store/durable-object/platform.ts';
import { DEFAULT_SHARD_SETTINGS, type ShardSettings } from '../store/durable-object/shard-settings.ts';
import type { ShardStub } from '../store/durable-object/shards.ts';
import type { LedgerStub } from './remote-ledger.ts';

/** The bindings of the Worker. */
export interface CollectorEnv {
  TRACE_SHARDS: ObjectNamespace<ShardStub>;
  LOSS_LEDGER: ObjectNamespace<LedgerStub>;
  /** Secret: a public key, for pages. */
  THROUGHLINE_KEY?: string;
  /** Secret: a secret key, for workers and backends. */
  THROUGHLINE_SECRET_KEY?: string;
  /** Secret: more keys, as a `keys.json` has them. */
  THROUGHLINE_KEYS?: string;
  /** Secret: whoever sends it may read. Without it nobody may. */
  THROUGHLINE_READ_TOKEN?: string;
  /** Number of shards, 1-256. Default 8. After a change the older number behind it: `16,8`. */
  THROUGHLINE_SHARDS?: string;
  /** Default 7d. */
  THROUGHLINE_RETENTION?: string;
  /** Of all shards together. Default 40GB. */
  THROUGHLINE_MAX_SIZE?: string;
  /** `off` keeps secrets and personal data that senders put into spans. */
  THROUGHLINE_SCRUB?: string;
  /** `1` in a local workerd only: this machine may read without a token and send without a key. */
  THROUGHLINE_LOCAL?: string;
}

/** A binding does not hold what it must; the message names it. */
export class InvalidSettingError extends Error {
  override readonly name = 'InvalidSettingError';
}

const DEFAULT_SHARDS = 8;
/** A search asks every shard, and an invocation has so many requests of its own and no more. */
const MAX_SHARDS = 256;

/** @throws {InvalidSettingError} */
export function shardCounts({ THROUGHLINE_SHARDS: text }: CollectorEnv): [number, ...number[]] {
  if (!text) return [DEFAULT_SHARDS];
  const counts = text.split(',').map((item) => (/^ *\d{1,3} *$/.test(item) ? Number(item) : Number.NaN));
  const [first, ...older] = [...new Set(counts)];
  if (first === undefined || !counts.every((count) => count >= 1 && count <= MAX_SHARDS)) {
    throw new InvalidSettingError(`THROUGHLINE_SHARDS must be a number of 1-${MAX_SHARDS}, not "${text}".`);
  }
  return [first, ...older];
}

/** @throws {InvalidSettingError} */
export function shardSettings(env: CollectorEnv): ShardSettings {
  const { THROUGHLINE_RETENTION: time, THROUGHLINE_MAX_SIZE: size } = env;
  const settings = { ...DEFAULT_SHARD_SETTINGS };
  if (time) {
    const retentionMs = parseTime(time);
    if (retentionMs === undefined)
      throw new InvalidSettingError(`THROUGHLINE_RETENTION must be a time like 12h, 7d or 4w, not "${time}".`);
    settings.retentionMs = retentionMs;
  }
  if (size) {
    const bytes = parseSize(size);
    if (bytes === undefined)
      throw new InvalidSettingError(`THROUGHLINE_MAX_SIZE must be a size like 500MB or 20GB, not "${size}".`);
    settings.maxBytes = Math.floor(bytes / shardCounts(env)[0]);
  }
  return settings;
}

/** @throws {InvalidSettingError} */
export function ingestKeys(env: CollectorEnv): IngestKey[] {
  const { THROUGHLINE_KEY: pageKey, THROUGHLINE_SECRET_KEY: secretKey, THROUGHLINE_KEYS: json } = env;
  const keys: unknown[] = [];
  if (pageKey) keys.push({ id: 'web', key: pageKey, kind: 'public' });
  if (secretKey) keys.push({ id: 'server', key: secretKey, kind: 'secret' });
  try {
    const more = json ? parseKeys(JSON.parse(json)) : [];
    return parseKeys({ keys: [...keys, ...more] });
  } catch (error) {
    const reason = error instanceof InvalidKeysError ? error.message : 'THROUGHLINE_KEYS is not JSON';
    throw new InvalidSettingError(`The keys of this Worker are not what they must be: ${reason}.`);
  }
}
