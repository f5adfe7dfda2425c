import type { Command } from 'commander';
import { presets } from '../../core/contract/presets/expand.ts';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import { json, table } from '../output.ts';
import { describePreset, quirksOf, sourceText, systemsPage } from '../systems-page.ts';

type Options = { readonly json?: boolean; readonly markdown?: boolean };

const listAll = (options: Options, { output }: CliContext): void => {
  const all = presets.map(describePreset);
  if (options.json === true) {
    output.data(json(all));
    return;
  }
  const rows = all.map(({ preset, reads, writes, page, cap, rates }) => [preset, reads, writes, page, cap, rates]);
  output.data(table(['PRESET', 'READS', 'WRITES', 'PAGE', 'CAP', 'RATES'], rows));
};

const showOne = (name: string, options: Options, { output }: CliContext): void => {
  const preset = presets.find((one) => one.name === name);
  if (preset === undefined) {
    const known = presets.map((one) => one.name).join(', ');
    throw new CliFailure(`There is no preset "${name}". Use one of: ${known}; or describe the API in a contract`, 2);
  }
  if (options.json === true) {
    output.data(json(preset));
    return;
  }
  output.data(table([preset.title, ''], Object.entries(describePreset(preset))));
  for (const quirk of quirksOf(preset)) output.note(`Note: ${quirk}`);
  output.data(
    table(
      ['TAKEN FOR TRUE', 'MARK', 'SOURCE'],
      preset.facts.map(({ about, mark, source }) => [about, mark, sourceText(source)]),
    ),
  );
};

/** `tidemark systems`: the APIs that Tidemark comes with a description of. Needs no store. */
export const addSystemsCommand = (program: Command, context: CliContext): void => {
  program
    .command('systems')
    .description('The APIs that a contract can begin with, and what is known of them')
    .argument('[preset]', 'one of them, with every fact and where it is from (V, S: read; K: known, not read)')
    .option('--json', 'print JSON')
    .option('--markdown', 'print the page of the documentation')
    .action((name: string | undefined, options: Options) => {
      if (options.markdown === true) context.output.data(systemsPage(presets).trimEnd());
      else if (name === undefined) listAll(options, context);
      else showOne(name, options, context);
    });
};
