import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../../edge/viewer/ui/styles/colours.css', import.meta.url), 'utf8');
const colours = new Map<string, { light: string; dark: string }>();
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)) {
  colours.set(name as string, { light: light as string, dark: dark as string });
}

/** Relative luminance of an sRGB colour (WCAG 2.2). */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const TEXT = ['ink', 'ink-soft', 'ink-mute', 'link', 'error', 'good', 'fair', 'poor'];
const GROUNDS = ['ground', 'surface', 'raised', 'hover', 'selected'];
const MARKS = ['browser', 'edge', 'backend', 'queue', 'error', 'good', 'fair', 'poor', 'path', 'line-strong', 'focus'];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const colour = (name: string) => {
    const found = colours.get(name)?.[theme];
    if (!found) throw new Error(`No colour ${name}`);
    return found;
  };

  test.each(TEXT.flatMap((text) => GROUNDS.map((ground) => [text, ground])))(
    '%s on %s reads (4.5:1)',
    (text, ground) => {
      expect(contrast(colour(text as string), colour(ground as string))).toBeGreaterThanOrEqual(4.5);
    },
  );

  test.each(MARKS.flatMap((mark) => ['ground', 'surface'].map((ground) => [mark, ground])))(
    '%s on %s is seen (3:1)',
    (mark, ground) => {
      expect(contrast(colour(mark as string), colour(ground as string))).toBeGreaterThanOrEqual(3);
    },
  );

  test('what stands on its own ground reads', () => {
    expect(contrast(colour('match-ink'), colour('match'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour('error'), colour('error-ground'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour('ink-soft'), colour('error-ground'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour('ground'), colour('link'))).toBeGreaterThanOrEqual(4.5);
  });
});
