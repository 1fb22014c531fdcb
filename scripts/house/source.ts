// Reading the repository for the house rules: which files there are, and what stands in each as a syntax tree, so that
// a word in a comment or a text is never mistaken for code.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseAst } from 'vitest/node';
import { ROOT } from '../root.ts';

/** One broken rule. `line` counts from 1. */
export type Fault = { path: string; line: number; rule: string; what: string };

/** A text file, its path relative to the repository with forward slashes. */
export type TextFile = { path: string; text: string };

/** A node of the ESTree syntax tree; which further fields it has depends on `type`. */
export type Node = { type: string; start: number; end: number; [field: string]: unknown };

/** A reference to another module: `import`, `export ... from` or `import()`. */
export type Import = {
  specifier: string;
  line: number;
  /** Read when its module is read: neither types alone, nor an `import()`. */
  atStart: boolean;
};

/** A TypeScript file with its tree, ready for the rules. */
export type Source = TextFile & {
  /** Every node with its ancestors, outermost first. */
  nodes: readonly { node: Node; above: readonly Node[] }[];
  imports: readonly Import[];
  lineOf(position: number): number;
};

const CODE_FOLDERS = ['src', 'workers', 'sandbox', 'scripts', 'tests', 'bench'];
const TEXT =
  /\.(ts|mjs|js|css|html|json|ya?ml|md|sql|prisma|conf|template|toml|sh|mod|example)$|(^|\/)(Dockerfile|run|build)$/;
const NOT_OURS =
  /(^|\/)(node_modules|generated|vendor|coverage|test-results|[.]data|[.]git)\/|(^|\/)package-lock\.json$/;

/** Every text file that belongs to the repository: committed, or new and not ignored. */
export function repositoryFiles(root = ROOT): TextFile[] {
  return paths(root)
    .filter((path) => TEXT.test(path) && !NOT_OURS.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function paths(root: string): string[] {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', ['ls-files', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .split('\n');
    const gone = new Set(git('--deleted'));
    return git('-co', '--exclude-standard', '--deduplicate').filter((path) => path && !gone.has(path));
  } catch {
    // Not a git checkout: an unpacked archive holds only what belongs to it.
    return readdirSync(root, { recursive: true, encoding: 'utf8' });
  }
}

/** Those of the files that are TypeScript of ours, parsed. Throws on a syntax error, naming the file. */
export function parseSources(files: readonly TextFile[]): Source[] {
  return files.filter((file) => file.path.endsWith('.ts')).map(parseSource);
}

function parseSource({ path, text }: TextFile): Source {
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineOf = (position: number) => {
    const next = lineStarts.findIndex((start) => start > position);
    return next === -1 ? lineStarts.length : next;
  };
  let program: Node;
  try {
    program = parseAst(text, { lang: 'ts' }) as unknown as Node;
  } catch (error) {
    throw new Error(`${path} cannot be parsed: ${error instanceof Error ? error.message : error}`);
  }
  const nodes: { node: Node; above: Node[] }[] = [];
  walk(program, [], (node, above) => nodes.push({ node, above }));
  const imports = nodes.flatMap(({ node }) => {
    const specifier = (node.source as Node | null | undefined)?.value;
    return typeof specifier === 'string' ? [{ specifier, line: lineOf(node.start), atStart: isAtStart(node) }] : [];
  });
  return { path, text, nodes, imports, lineOf };
}

function isAtStart({ type, importKind, exportKind, specifiers }: Node): boolean {
  if (type === 'ImportExpression' || importKind === 'type' || exportKind === 'type') return false;
  const named = (specifiers ?? []) as Node[];
  return named.length === 0 || named.some((each) => each.importKind !== 'type' && each.exportKind !== 'type');
}

function walk(node: Node, above: readonly Node[], visit: (node: Node, above: Node[]) => void): void {
  visit(node, [...above]);
  const inside = [...above, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, inside, visit);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** The path an import points to, relative to the repository; undefined when it names a package. */
export function targetOf(source: TextFile, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(source.path), specifier) : undefined;
}

/** The package an import names: "pg" of "pg/lib/x", "@grpc/grpc-js" of itself; undefined for paths and node: modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The product itself, which runs at an operator's. */
export function isProduct(path: string): boolean {
  return path.startsWith('src/') || path.startsWith('workers/');
}

/** Whether the file lies in one of the folders that hold code. */
export function isCode(path: string): boolean {
  return CODE_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}
