import terser from '@rollup/plugin-terser';
import { FOREIGN_NAMES, INTERNAL_NAMES } from './internal-names.ts';

/**
 * Two spellings for one thing compress worse than one: every variable becomes a `let`, every function of the top level an
 * arrow. That needs what is called while the script loads to be declared above its caller, or no page would start.
 * Lengths stay as they are, so that the source map stays true.
 */
const oneSpelling = () => ({
  name: 'one-spelling',
  renderChunk(code) {
    const edits = [];
    const program = this.parse(code);
    walk(program, (node) => {
      if (node.type === 'VariableDeclaration' && node.kind === 'const') edits.push([node.start, 'let  ']);
      return true;
    });
    const { body } = program.body[0].expression.callee.body;
    body.forEach((node, i) => {
      // An arrow ends where the line does, unless the next one begins like more of it.
      const isEnded = !/^[([/+`-]/.test(code.slice(body[i + 1]?.start));
      if (node.type === 'FunctionDeclaration' && !node.generator && isEnded && !hasOwnThis(node.body))
        edits.push([node.start, arrowHead(code.slice(node.start, node.body.start + 1))]);
    });
    for (const [at, text] of edits) code = code.slice(0, at) + text + code.slice(at + text.length);
    return { code, map: null };
  },
});

/** `function f(a) {` as `let    f=(a)=>{`. */
function arrowHead(head) {
  return head.replace(
    /^(async )?function ([\w$]+)(\(.*\)) \{$/s,
    (_, asynchronous = '', name, parameters) => `let    ${name}=${asynchronous}${parameters}=>{`,
  );
}

function hasOwnThis(body) {
  let found = false;
  walk(body, (node) => {
    found ||= node.type === 'ThisExpression' || node.name === 'arguments';
    return !/^(Function|Class)/.test(node.type);
  });
  return found;
}

function walk(node, visit) {
  if (!visit(node)) return;
  for (const key in node)
    for (const child of [node[key]].flat()) if (typeof child?.type === 'string') walk(child, visit);
}

/**
 * Minifies the script every visitor downloads: nothing in it has getters with effects, or functions that need to be
 * constructors.
 * @param {string} [preamble] the first line
 */
export const minifyScript = (preamble) => [
  oneSpelling(),
  terser({
    ecma: 2020,
    compress: {
      passes: 5,
      unsafe: true,
      unsafe_arrows: true,
      pure_getters: true,
      keep_fargs: false,
    },
    mangle: false,
    format: { comments: false },
  }),
  // Names in a second step: those chosen for what is left compress better.
  terser({
    ecma: 2020,
    compress: false,
    mangle: {
      properties: { regex: new RegExp(`^(_[A-Za-z]\\w+|${INTERNAL_NAMES.join('|')})$`), reserved: FOREIGN_NAMES },
    },
    format: { comments: false, preamble },
  }),
];
