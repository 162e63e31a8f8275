/** JSON that keeps numbers JSON has no words for, for calls between a test and a worker. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? { number: String(item) } : item,
  );
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, item: unknown) => {
    const isMarked = typeof item === 'object' && item !== null && Object.keys(item).join() === 'number';
    return isMarked ? Number((item as { number: string }).number) : item;
  });
}
