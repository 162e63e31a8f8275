/** Between a number and its unit: they stay on one line and stand close. */
const NARROW_SPACE = '\u202f';

/** A duration in ms with three significant digits in the unit that fits: `412 µs`, `12.3 ms`, `1.23 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const size = Math.abs(ms);
  const sign = ms < 0 ? '−' : '';
  if (size === 0) return `0${NARROW_SPACE}ms`;
  if (size < 0.9995) return `${sign}${digits(size * 1000)}${NARROW_SPACE}µs`;
  if (size < 999.5) return `${sign}${digits(size)}${NARROW_SPACE}ms`;
  if (size < 59_995) return `${sign}${digits(size / 1000)}${NARROW_SPACE}s`;
  const seconds = Math.round(size / 1000);
  if (seconds < 3600) return sign + pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return sign + pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  return sign + pair(Math.floor(minutes / 1440), 'd', Math.round((minutes % 1440) / 60), 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${large}${NARROW_SPACE}${largeUnit}`;
  return small === 0 ? head : `${head} ${small}${NARROW_SPACE}${smallUnit}`;
}

function digits(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  if (value >= 9.995) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/**
 * Text of an axis tick: one unit for the whole axis, chosen by the end of what it shows, and as many decimals as its
 * step needs, so that neighbours never read the same.
 */
export function formatTick(ms: number, stepMs: number, axisEndMs: number): string {
  if (ms === 0) return '0';
  if (axisEndMs >= 120_000 && stepMs >= 1000) return formatDuration(ms);
  const [unit, name] =
    axisEndMs >= 1000 && stepMs >= 10 ? [1000, 's'] : stepMs >= 0.1 || axisEndMs >= 10 ? [1, 'ms'] : [0.001, 'µs'];
  const decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(stepMs / unit) - 1e-9)));
  return `${trimZeros((ms / unit).toFixed(decimals))}${NARROW_SPACE}${name}`;
}

/** A whole number with thin spaces between thousands. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE);
}

/** Bytes in the unit that fits: `812 B`, `12.3 kB`, `4.1 MB` (decimal units). */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : digits(value)}${NARROW_SPACE}${units[unit]}`;
}

/** `1 error`, `2 errors`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** How long ago, coarse and steady: `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAge(ageMs: number): string {
  const seconds = Math.round(ageMs / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds}${NARROW_SPACE}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${NARROW_SPACE}min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}${NARROW_SPACE}h ago`;
  return `${Math.floor(seconds / 86_400)}${NARROW_SPACE}d ago`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** Clock time with ms in the reader's time zone: `14:03:07.042`. */
export function formatClock(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return '–';
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** Calendar day in the reader's time zone, `2026-03-01`. */
export function formatDay(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return '–';
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
