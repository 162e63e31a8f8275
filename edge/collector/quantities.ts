const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const UNIT_BYTES: Record<string, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** Milliseconds of a text like `12h`, `7d` or `4w`; `undefined` when it is none. */
export function parseTime(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}

/** Bytes of a text like `500MB` or `20GB`; `undefined` when it is none. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6}) ?([MGT]B)$/i.exec(text) ?? [];
  const bytes = Number(amount) * (UNIT_BYTES[(unit ?? '').toUpperCase()] ?? Number.NaN);
  return bytes > 0 ? bytes : undefined;
}
