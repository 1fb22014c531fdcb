// The rules about what stands in a file: its length and its functions', its first comment, what it exports, and no
// time, chance or environment that was not passed in.
import { type Fault, isProduct, type Node, type Source, type TextFile } from './source.ts';

const FILE_LINES = 300;
const FUNCTION_LINES = 70;
const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
// What a test file opens is a chapter, not a function.
const CHAPTERS = /^describe\b/;

/** Files and functions that are too long, and files that do not say what they are for. */
export function checkShape(source: Source): Fault[] {
  const faults: Fault[] = [];
  const add = (line: number, rule: string, what: string) => faults.push({ path: source.path, line, rule, what });
  const lines = source.text.trimEnd().split('\n').length;
  if (lines > FILE_LINES) add(FILE_LINES + 1, 'file length', `${lines} lines; at most ${FILE_LINES}`);
  if (!/^(#!.*\n)?\/[/*]/.test(source.text)) add(1, 'opening comment', 'the file does not say what it is for');
  for (const { node, above } of source.nodes) {
    if (!FUNCTIONS.includes(node.type) || isChapter(source, node, above)) continue;
    const first = source.lineOf(node.start);
    const length = source.lineOf(node.end) - first + 1;
    if (length > FUNCTION_LINES) add(first, 'function length', `${length} lines; at most ${FUNCTION_LINES}`);
  }
  return faults;
}

function isChapter(source: Source, node: Node, above: readonly Node[]): boolean {
  const call = above.at(-1);
  if (!source.path.startsWith('tests/') || call?.type !== 'CallExpression') return false;
  return (call.arguments as Node[]).includes(node) && CHAPTERS.test(source.text.slice(call.start, call.end));
}

/** Default exports, and names passed on from another file. */
export function checkExports(source: Source): Fault[] {
  const mayDefault = source.path.endsWith('.config.ts');
  return source.nodes.flatMap(({ node }) => {
    const line = source.lineOf(node.start);
    if (node.type === 'ExportDefaultDeclaration' && !mayDefault) {
      return [{ path: source.path, line, rule: 'exports', what: 'no default exports: give it a name' }];
    }
    const passesOn = node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && node.source);
    // The one door of a library may show a type of it to those who may not enter.
    const showsType = node.exportKind === 'type' && !String((node.source as Node | null)?.value).startsWith('.');
    if (!passesOn || showsType) return [];
    return [{ path: source.path, line, rule: 'exports', what: 'no barrels: import from the file that defines it' }];
  });
}

// What the product takes from World instead. Each is the text of a call or a member, without its arguments.
const PASSED_IN: Readonly<Record<string, string>> = {
  'Date.now': 'world.clock.nowMs',
  'Math.random': 'world.random',
  setTimeout: 'world.clock.sleep',
  setInterval: 'world.clock.every',
  randomUUID: 'world.ids',
  'crypto.randomUUID': 'world.ids',
};

/** Time, chance and environment in the product that do not come through World. */
export function checkPassedIn(source: Source): Fault[] {
  const { path, text } = source;
  if (!isProduct(path)) return [];
  const inBase = path.startsWith('src/base/');
  return source.nodes.flatMap(({ node }) => {
    const code = () => text.slice(node.start, node.end);
    const fault = (rule: string, what: string) => [{ path, line: source.lineOf(node.start), rule, what }];
    if (node.type === 'MemberExpression' && code() === 'process.env' && path !== 'src/base/config.ts') {
      return fault('environment', 'process.env is read in src/base/config.ts only');
    }
    if (inBase) return [];
    if (node.type === 'NewExpression' && /^new Date(\(\s*\))?$/.test(code())) {
      return fault('passed in', 'the time comes from world.clock.nowMs');
    }
    if (/^(node:)?timers/.test(String((node.source as Node | null | undefined)?.value))) {
      return fault('passed in', 'waiting goes through world.clock');
    }
    if (node.type !== 'CallExpression') return [];
    const callee = node.callee as Node;
    const instead = PASSED_IN[text.slice(callee.start, callee.end).replace(/^globalThis\./, '')];
    return instead ? fault('passed in', `use ${instead}`) : [];
  });
}

const NOW_IN_CONDITION = /[<>=]\s*now\(\)|now\(\)\s*[-+<>=]|\bcurrent_timestamp\b/i;
const SQL_TIME = { rule: 'passed in', what: 'SQL gets the time as an argument' };

/** SQL conditions of the product that read the database's own clock instead of an argument. */
export function checkSqlTime(source: Source): Fault[] {
  if (!isProduct(source.path)) return [];
  return source.nodes.flatMap(({ node }) => {
    const isText = (node.type === 'Literal' && typeof node.value === 'string') || node.type === 'TemplateElement';
    if (!isText || !NOW_IN_CONDITION.test(source.text.slice(node.start, node.end))) return [];
    return [{ path: source.path, line: source.lineOf(node.start), ...SQL_TIME }];
  });
}

/** The same in a migration. */
export function checkMigrationTime({ path, text }: TextFile): Fault[] {
  if (!/^prisma\/migrations\/.*\.sql$/.test(path)) return [];
  return text
    .split('\n')
    .flatMap((line, index) =>
      NOW_IN_CONDITION.test(line.replace(/--.*/, '')) ? [{ path, line: index + 1, ...SQL_TIME }] : [],
    );
}
