import { expect, test } from 'vitest';
import { createRecent, STORY_MS } from '../../src/session/recent.ts';

function hold() {
  let nowMs = 1e6;
  const sent: string[] = [];
  const unsampled = { records: 0 };
  const recent = createRecent(
    () => nowMs,
    (records) => {
      unsampled.records += records;
    },
  );
  return {
    recent,
    sent,
    unsampled,
    pass: (ms: number) => {
      nowMs += ms;
    },
    add(name: string, text = '') {
      const attributes: Record<string, string> = { text };
      recent.add(attributes, () => sent.push(`${name} ${attributes['throughline.sampling.reason']}`));
    },
  };
}

test('what was held is sent in order when something goes wrong, and so is what follows', () => {
  const { recent, sent, unsampled, add, pass } = hold();
  add('click');
  add('request');
  expect(sent).toEqual([]);
  recent.tell('error');
  add('root');
  expect(sent).toEqual(['click error', 'request error', 'root error']);
  pass(STORY_MS + 1);
  add('later');
  expect([sent.length, unsampled.records]).toEqual([3, 0]);
});

test('what is older than half a minute is not, and is counted once', () => {
  const { recent, sent, unsampled, add, pass } = hold();
  add('old');
  pass(STORY_MS - 10);
  add('young');
  pass(20);
  recent.tell('web_vital');
  expect(sent).toEqual(['young web_vital']);
  expect(unsampled.records).toBe(1);
});

test('it holds no more than a page may send while it is left, the latest of it', () => {
  const { recent, sent, unsampled, add } = hold();
  for (let i = 0; i < 1000; i++) add(`record ${i}`, 'x'.repeat(1000));
  recent.tell('error');
  expect(sent.length).toBeGreaterThan(40);
  expect(sent.length).toBeLessThanOrEqual(60);
  expect(sent.at(-1)).toBe('record 999 error');
  expect(sent.length + unsampled.records).toBe(1000);
});

test('a page where everything goes wrong tells three stories', () => {
  const { recent, sent, add, pass } = hold();
  for (let i = 0; i < 6; i++) {
    add(`${i}`);
    recent.tell('error');
    pass(STORY_MS + 1);
  }
  expect(sent).toEqual(['0 error', '1 error', '2 error']);
});

test('what was forgotten is counted and never sent', () => {
  const { recent, sent, unsampled, add } = hold();
  add('before');
  recent.clear();
  recent.tell('error');
  expect([sent, unsampled.records]).toEqual([[], 1]);
});
