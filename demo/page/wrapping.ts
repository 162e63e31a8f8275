interface Wrapping {
  paper: string;
  ribbon: string;
}

const WRAPPINGS: Record<string, Wrapping> = {
  Kitchenware: { paper: 'oat', ribbon: 'rust' },
  Lighting: { paper: 'night', ribbon: 'gold' },
};

/**
 * Says how a product comes wrapped. Broken, as real shops are: the backend renamed its kinds (`Kitchen`, `Light`), the
 * cast hid it, and nobody pressed the button. The error goes uncaught, so that the trace can show it.
 */
export function previewWrapping(kind: string): string {
  const wrapping = WRAPPINGS[kind] as Wrapping;
  return `${wrapping.paper} paper, ${wrapping.ribbon} ribbon`;
}
