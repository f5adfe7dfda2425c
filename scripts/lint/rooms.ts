import path from 'node:path';
import { importTable } from './import-table.ts';
import { judgeImport } from './judge-import.ts';

// What this rule uses of oxlint's plugin interface, which is ESLint's.
type Source = { readonly type: string; readonly value?: unknown };
type Importing = { readonly source: Source | null };
type Finding = { readonly node: Source; readonly message: string };
type Context = { readonly filename: string; readonly report: (finding: Finding) => void };

const root = path.resolve(import.meta.dirname, '../..');

const create = (context: Context): Record<string, (node: Importing) => void> => {
  const file = path.relative(root, context.filename).replaceAll('\\', '/');
  const judge = ({ source }: Importing): void => {
    if (source === null) return;
    const message = judgeSource(file, source);
    if (message !== undefined) context.report({ node: source, message });
  };
  return {
    ImportDeclaration: judge,
    ExportNamedDeclaration: judge,
    ExportAllDeclaration: judge,
    ImportExpression: judge,
    TSImportType: judge,
  };
};

const judgeSource = (file: string, source: Source): string | undefined => {
  if (typeof source.value === 'string') return judgeImport(importTable, file, source.value);
  // The import table cannot hold what only shows at run time. Outside src, programs load what they have just built.
  return file.startsWith('src/')
    ? 'An import in src/ names its module in a literal, so that it can be judged'
    : undefined;
};

/** The lint plugin `house`: its one rule, `rooms`, holds the import table. Oxlint wants it as the default export. */
export default { meta: { name: 'house' }, rules: { rooms: { create } } };
