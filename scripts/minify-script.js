import terser from '@rollup/plugin-terser';
import { FOREIGN_NAMES, INTERNAL_NAMES } from './internal-names.ts';

/**
 * Minifies the script every visitor downloads: nothing in it has getters with effects, or functions that need to be
 * constructors.
 */
export const minifyScript = () => [
  {
    name: 'one-keyword',
    // Two keywords for one thing compress worse than one. A blank for each letter keeps the source map true.
    renderChunk(code) {
      const cuts = [];
      const visit = (node) => {
        if (node.type === 'VariableDeclaration' && node.kind === 'const') cuts.push(node.start);
        for (const key in node)
          for (const child of [node[key]].flat()) if (typeof child?.type === 'string') visit(child);
      };
      visit(this.parse(code));
      for (const at of cuts) code = `${code.slice(0, at)}let  ${code.slice(at + 5)}`;
      return { code, map: null };
    },
  },
  terser({
    ecma: 2020,
    compress: {
      passes: 5,
      unsafe: true,
      unsafe_arrows: true,
      pure_getters: true,
      keep_fargs: false,
    },
    mangle: {
      properties: { regex: new RegExp(`^(_[A-Za-z]\\w+|${INTERNAL_NAMES.join('|')})$`), reserved: FOREIGN_NAMES },
    },
    format: { comments: false },
  }),
];
