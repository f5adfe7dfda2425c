import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { ContractProblem } from '../core/contract/contract-problem.ts';

/** A contract as YAML: its value, and where each part of it stands. */
export type ContractDocument =
  | { readonly kind: 'value'; readonly value: unknown; readonly lineOf: (problem: ContractProblem) => number }
  | { readonly kind: 'problems'; readonly problems: readonly (ContractProblem & { readonly line: number })[] };

type Flaw = { readonly offset: number; readonly message: string; readonly remedy: string };

const flawsOf = (document: Document.Parsed): Flaw[] => {
  const flaws = [...document.errors, ...document.warnings].map((one) => ({
    offset: one.pos[0],
    message: one.message,
    remedy: one.code === 'DUPLICATE_KEY' ? 'Keep one of the two' : 'Correct the YAML',
  }));
  visit(document, {
    Alias: (_key, node) => {
      flaws.push({
        offset: node.range?.[0] ?? 0,
        message: 'uses an alias, which contracts do not',
        remedy: 'Write the value out',
      });
    },
  });
  return flaws;
};

type Step = { readonly node: unknown; readonly offset: number };

/** One step down from a node; undefined when there is nothing of that name. */
const stepInto = (node: unknown, name: string): Step | undefined => {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    return pair !== undefined && isScalar(pair.key)
      ? { node: pair.value, offset: pair.key.range?.[0] ?? 0 }
      : undefined;
  }
  const item: unknown = isSeq(node) ? node.items[Number(name)] : undefined;
  return isNode(item) ? { node: item, offset: item.range?.[0] ?? 0 } : undefined;
};

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);

const UNKNOWN_KEY = /^Unrecognized keys?: "([^"]+)"/;

/** Offset of the part that a problem is about, or of the nearest part around it that is there. */
const offsetOf = (document: Document.Parsed, problem: ContractProblem): number => {
  const unknownKey = UNKNOWN_KEY.exec(problem.message)?.[1];
  const steps = [
    ...(problem.path === '' ? [] : problem.path.split('.')),
    ...(unknownKey === undefined ? [] : [unknownKey]),
  ];
  let at: Step = { node: document.contents, offset: document.contents?.range[0] ?? 0 };
  for (const step of steps) {
    const next = stepInto(at.node, step);
    if (next === undefined) break;
    at = next;
  }
  return at.offset;
};

const parse = (text: string, lineCounter: LineCounter): Document.Parsed | undefined => {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, strict: true, schema: 'core' });
  } catch (error) {
    // The parser recurses; a text made to nest thousands deep ends it.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};

/**
 * Parses the YAML of a contract. Errors, warnings, keys given twice and aliases (of which a few lines can stand for
 * gigabytes) are problems with their line.
 */
export const parseContractDocument = (text: string): ContractDocument => {
  const lineCounter = new LineCounter();
  const document = parse(text, lineCounter);
  if (document === undefined) {
    return {
      kind: 'problems',
      problems: [
        {
          path: '',
          message: 'is nested too deeply',
          value: undefined,
          remedy: 'Write a contract as the examples show',
          line: 1,
        },
      ],
    };
  }
  const lineAt = (offset: number): number => Math.max(1, lineCounter.linePos(offset).line);
  const flaws = flawsOf(document);
  if (flaws.length === 0) {
    return {
      kind: 'value',
      value: document.toJS({ maxAliasCount: 0 }),
      lineOf: (problem) => lineAt(offsetOf(document, problem)),
    };
  }
  const problems = flaws.map(({ offset, message, remedy }) => ({
    path: '',
    message,
    value: undefined,
    remedy,
    line: lineAt(offset),
  }));
  return { kind: 'problems', problems };
};
