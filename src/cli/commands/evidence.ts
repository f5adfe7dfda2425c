import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import { uuid, wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { verifyEvidence } from '../verify-evidence.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type ListOptions = StoreOptions & { readonly after: number; readonly limit: number };
type HeadOptions = StoreOptions & { readonly sign?: boolean };
type ProveOptions = StoreOptions & { readonly out: string };
type VerifyOptions = { readonly key: string; readonly json?: boolean };

const EVIDENCE_MAX = 1000;
const SEQUENCE_MAX = 999_999_999;
const SHOWN_BY_DEFAULT = 100;
const HASH_SHOWN = 16;

const list = async (options: ListOptions, { env, output }: CliContext): Promise<void> => {
  const { after, limit } = options;
  const reply = await openClient(options.url, env).listEvidence({}, { after, limit });
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  const rows = reply.entries.map(({ sequence, at, kind, id, hash }) => [
    sequence,
    at,
    kind,
    id,
    hash.slice(0, HASH_SHOWN),
  ]);
  output.data(table(['SEQUENCE', 'AT', 'KIND', 'ID', 'HASH'], rows));
  output.note(`The tree: ${reply.treeSize} leaves, root ${reply.rootHash}`);
};

const head = async (options: HeadOptions, { env, output }: CliContext): Promise<void> => {
  const client = openClient(options.url, env);
  const signed = options.sign === true ? await client.signTreeHead({}, {}) : await client.getTreeHead({}, {});
  if (options.json === true) {
    output.data(json(signed));
    return;
  }
  output.data(signed.note.trimEnd());
  output.note(`Signed at ${signed.signedAt}. The key that verifies it: ${signed.key}`);
};

const prove = async (entry: string, options: ProveOptions, { env, output }: CliContext): Promise<void> => {
  const { leaf, proof, index } = await openClient(options.url, env).proveEntry({ entry }, {});
  const files = { leaf: `${options.out}.json`, proof: `${options.out}.tlog-proof` };
  await writeFile(files.leaf, leaf);
  await writeFile(files.proof, proof);
  if (options.json === true) output.data(json({ index, ...files }));
  else output.data(`${files.leaf}\n${files.proof}`);
};

const read = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // Why does not matter to who named it: there is no file of that name that can be read.
    throw new CliFailure(`Cannot read "${file}". Give the file that "evidence prove" wrote`, 2);
  }
};

const verify = async (leafFile: string, options: VerifyOptions, { output, finish }: CliContext): Promise<void> => {
  const proofFile = leafFile.replace(/\.json$/, '.tlog-proof');
  if (proofFile === leafFile) throw new CliFailure(`Cannot verify "${leafFile}": give the .json file of the entry`, 2);
  const result = verifyEvidence({ leaf: await read(leafFile), proof: await read(proofFile), key: options.key });
  if (options.json === true) output.data(json(result));
  else if (result.kind === 'holds') {
    output.data(`The entry is leaf ${result.index} of the ${result.size} that ${result.origin} signed for`);
  } else output.note(`Not proven: ${result.reason}`);
  if (result.kind === 'fails') finish(1);
};

/** `tidemark evidence`: the ledger of a running store, and what proves something of it without the store. */
export const addEvidenceCommands = (program: Command, context: CliContext): void => {
  const evidence = program.command('evidence').description('The ledger of a running store, and proofs of it');
  ofStore(evidence.command('list'))
    .description('List entries in order')
    .option('--after <sequence>', 'begin after this entry', wholeNumber(0, SEQUENCE_MAX), 0)
    .option('--limit <count>', 'at most so many', wholeNumber(1, EVIDENCE_MAX), SHOWN_BY_DEFAULT)
    .action((options: ListOptions) => list(options, context));
  ofStore(evidence.command('head'))
    .description('Show the tree head that was signed last')
    .option('--sign', 'sign the head of now')
    .action((options: HeadOptions) => head(options, context));
  ofStore(evidence.command('prove'))
    .description('Write an entry and its proof to two files, which anyone can check without the store')
    .argument('<entry>', 'ID of the entry', uuid)
    .option('--out <name>', 'name of the files without their endings', 'entry')
    .action((entry: string, options: ProveOptions) => prove(entry, options, context));
  evidence
    .command('verify')
    .description('Check an entry and its proof, offline')
    .argument('<file>', 'the .json file that "evidence prove" wrote; its .tlog-proof stands beside it')
    .requiredOption('--key <key>', 'the key of the ledger, got from somebody you trust')
    .option('--json', 'print JSON')
    .action((file: string, options: VerifyOptions) => verify(file, options, context));
};
