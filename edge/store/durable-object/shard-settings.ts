export interface ShardSettings {
  /** What was received longer ago is deleted. Default 7 days. */
  retentionMs: number;
  /** What one shard may take; beyond it its oldest is deleted. Default 5 GB: an object holds 10. */
  maxBytes: number;
  /** A trace without news for this long is compressed into a block. Default 10 s. */
  quietMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export const DEFAULT_SHARD_SETTINGS: ShardSettings = { retentionMs: 7 * DAY_MS, maxBytes: 5e9, quietMs: 10_000 };

/** A part is at most this share of the quota and of the retention time, so that deleting one is not losing much. */
const SHARE = 8;
const MIN_PERIOD_MS = 60_000;
const MIN_PART_BYTES = 256 * 1024;
/** Deleting a part goes through all its pages at once. */
const MAX_PART_BYTES = 512 * 1024 * 1024;

export function partLimits({ retentionMs, maxBytes }: ShardSettings): { periodMs: number; maxPartBytes: number } {
  return {
    periodMs: Math.max(MIN_PERIOD_MS, Math.min(DAY_MS, Math.floor(retentionMs / SHARE))),
    maxPartBytes: Math.max(MIN_PART_BYTES, Math.min(MAX_PART_BYTES, Math.floor(maxBytes / SHARE))),
  };
}
