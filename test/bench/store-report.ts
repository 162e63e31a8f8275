export interface CpuTimer {
  /** CPU the process got since the start, all threads, user and system. */
  cpuSeconds(): number;
}

export function startTimer(): CpuTimer {
  const started = process.cpuUsage();
  return {
    cpuSeconds() {
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1e6;
    },
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function formatTable(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

/** Rows of a name and one value a column, as a Markdown table without its header. */
export function formatColumns(rows: readonly (readonly [string, readonly string[]])[]): string {
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const width = Math.max(...rows.flatMap(([, values]) => values.map(({ length }) => length)));
  return rows
    .map(
      ([name, values]) =>
        `| ${[name.padEnd(nameWidth), ...values.map((value) => value.padStart(width))].join(' | ')} |\n`,
    )
    .join('');
}
