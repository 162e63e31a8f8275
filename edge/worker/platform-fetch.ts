/** The platform's own fetch, taken before ours stands in its place. */
export const platformFetch: typeof fetch = globalThis.fetch.bind(globalThis);
