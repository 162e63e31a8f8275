/** Height of every row, px; `--row` in the style sheet says the same. */
export const ROW_PX = 26;
