/** What the shop sells. Prices are cents, so that no sum is ever a rounding question. */
export const CATALOGUE = [
  {
    id: 1,
    name: 'Ridge Line tent',
    kind: 'Shelter',
    priceCents: 32900,
    blurb: 'Two people, three seasons, one pole. Pitches in the time the kettle takes.',
  },
  {
    id: 2,
    name: 'Tarn kettle',
    kind: 'Kitchen',
    priceCents: 4900,
    blurb: 'Nine hundred millilitres of patience in hard-anodised aluminium.',
  },
  {
    id: 3,
    name: 'Switchback pack',
    kind: 'Carry',
    priceCents: 18900,
    blurb: 'Forty litres that open like a suitcase and walk like a daypack.',
  },
  {
    id: 4,
    name: 'Lowlight lantern',
    kind: 'Light',
    priceCents: 5900,
    blurb: 'Warm light for eighty hours, and a loop to hang it where the moths are.',
  },
  {
    id: 5,
    name: 'Cirque blanket',
    kind: 'Warmth',
    priceCents: 8900,
    blurb: 'Felted wool, heavy enough for the hut, light enough for the way up.',
  },
  {
    id: 6,
    name: 'Cairn mug',
    kind: 'Kitchen',
    priceCents: 1900,
    blurb: 'Enamel over steel. Chips with dignity.',
  },
  {
    id: 7,
    name: 'Summit socks',
    kind: 'Warmth',
    priceCents: 2400,
    blurb: 'The best seller: in almost every order we ever packed, which is why its page is the slow one.',
  },
  {
    id: 8,
    name: 'Fieldwork notebook',
    kind: 'Carry',
    priceCents: 1400,
    blurb: 'Stone paper, so rain is only weather.',
  },
] as const;

/** The best seller: nearly every past order has it, and the "bought together" query pays for that. */
export const BEST_SELLER_ID = 7;
