/** A flag wants to stand at a share of the axis and needs some room for its text. */
export interface FlagRequest {
  share: number;
  widthPx: number;
}

export interface FlagPlace {
  /** Left edge in px. */
  leftPx: number;
  /** 0 is nearest to the axis. */
  level: number;
}

const GAP_PX = 4;

/**
 * Places flags along an axis of `axisPx` so that none covers another: each beside its line (to the left of it where the
 * axis ends), on the lowest level that is free there. Flags above `maxLevels` share the last level.
 */
export function placeFlags(flags: readonly FlagRequest[], axisPx: number, maxLevels: number): FlagPlace[] {
  const taken: Array<Array<[number, number]>> = Array.from({ length: maxLevels }, () => []);
  return flags.map(({ share, widthPx }) => {
    const at = share * axisPx;
    const leftPx = at + widthPx > axisPx ? Math.max(0, at - widthPx) : at;
    const free = taken.findIndex((level) =>
      level.every(([from, to]) => leftPx >= to + GAP_PX || leftPx + widthPx + GAP_PX <= from),
    );
    const level = free === -1 ? maxLevels - 1 : free;
    taken[level]?.push([leftPx, leftPx + widthPx]);
    return { leftPx, level };
  });
}
