/**
 * Leaves out of the page what a library carries and a page never runs. Modules are named by the end of their path in
 * `folder`. What is named and not found fails the build, so that a new version of the library is looked at and not cut
 * blindly.
 * @typedef {object} Swaps
 * @property {string} folder the library's below node_modules
 * @property {string} source the file that lists the swaps, for the message when one is out of date
 * @property {Record<string, string>} [modules] whole modules, replaced by what is left to do
 * @property {Record<string, string>} [members] methods and fields taken out of classes, separated by blanks
 * @property {Record<string, (string | [passage: string, left: string])[]>} [passages] passages of code and what is left of
 *   each, by default nothing; a blank stands for any white space and comments
 */

/** An enumeration as TypeScript compiles it, with names for its numbers that nobody asks for. */
const ENUMERATION = /var (\w+);\s*\(function \(\1\) \{(.*?)\}\)\(\1 \|\| \(\1 = \{\}\)\);/gs;
const ENUMERATED = /\w+\[\w+\["(\w+)"\] = (\d+)\] = "\1";/g;

/**
 * @param {Swaps} swaps
 * @returns {import('rollup').Plugin}
 */
export function swapModules({ folder, source, modules = {}, members = {}, passages = {} }) {
  const unused = new Set([modules, members, passages].flatMap(Object.keys));
  const find = (table, id) => {
    const entry = Object.keys(table).find((end) => id.endsWith(`/node_modules/${folder}/${end}`));
    if (entry) unused.delete(entry);
    return table[entry];
  };
  return {
    name: 'swap-modules',
    load(id) {
      const code = find(modules, id);
      return code ? { code, moduleSideEffects: false } : null;
    },
    transform(code, id) {
      if (!id.includes(`/node_modules/${folder}/`)) return null;
      const missing = new Set(find(members, id)?.split(' '));
      const cuts = [];
      walk(this.parse(code), (node) => {
        if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition') {
          const isNamed = missing.delete(node.key.name);
          // A field without a value only says that the constructor will set it.
          if (isNamed || (node.type === 'PropertyDefinition' && !node.value)) cuts.push([node.start, node.end, '']);
          return !isNamed;
        }
        if (isDiagnostic(node)) cuts.push([node.start, node.end, ';']);
        return true;
      });
      for (const [passage, left = ''] of (find(passages, id) ?? []).map((entry) => [entry].flat())) {
        const found = patternOf(passage).exec(code);
        if (found) cuts.push([found.index, found.index + found[0].length, left]);
        else missing.add(passage);
      }
      for (const { 0: all, 1: name, 2: body, index } of code.matchAll(ENUMERATION)) {
        const entries = [...body.matchAll(ENUMERATED)].map(([, key, value]) => `${key}: ${value}`);
        cuts.push([index, index + all.length, `const ${name} = { ${entries.join(', ')} };`]);
      }
      if (missing.size > 0) this.error(`${id} has no ${[...missing].join(', ')} any more; look at ${source}`);
      if (cuts.length === 0) return null;
      // Blanks keep every position, so that the source map stays true without being rewritten. What lies in a passage that
      // goes is cut before it.
      for (const [start, end, left] of cuts.sort(([, a], [, b]) => a - b)) {
        if (left.length > end - start) this.error(`${source}: "${left}" is longer than what it replaces`);
        code =
          code.slice(0, start) + left + code.slice(start + left.length, end).replace(/[^\n]/g, ' ') + code.slice(end);
      }
      return { code, map: null };
    },
    buildEnd(error) {
      if (!error && unused.size > 0) this.error(`nothing matches ${[...unused].join(', ')}; look at ${source}`);
    },
  };
}

const SPACE = String.raw`(?:\s|//.*|/\*[^]*?\*/)*`;

function patternOf(passage) {
  return new RegExp(passage.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, SPACE));
}

/** `diag.warn(…)`, `api.diag.debug(…)`, `this._diag.error(…)`: nobody listens in a page. */
function isDiagnostic(node) {
  if (node.type !== 'ExpressionStatement' || node.expression.type !== 'CallExpression') return false;
  const { callee } = node.expression;
  if (callee.type !== 'MemberExpression') return false;
  const { object } = callee;
  return object.name === 'diag' || /^_?diag$/.test(object.property?.name ?? '');
}

function walk(node, visit) {
  if (!visit(node)) return;
  for (const key in node) {
    const value = node[key];
    for (const child of Array.isArray(value) ? value : [value]) if (typeof child?.type === 'string') walk(child, visit);
  }
}
