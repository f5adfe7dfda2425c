import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { CliFailure } from './cli-failure.ts';

const CONTRACT_BYTES_MAX = 1024 * 1024;
const FILES_MAX = 1000;
const IS_YAML = /\.ya?ml$/i;

export type ContractFile = { readonly path: string; readonly text: string };

const kindOf = (at: string): 'file' | 'folder' => {
  try {
    return statSync(at).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    throw new CliFailure(`There is no file or folder "${at}". Check the path`, 1, { cause: error });
  }
};

const filesOf = (at: string): string[] => {
  if (kindOf(at) === 'file') return [at];
  const found = readdirSync(at)
    .filter((name) => IS_YAML.test(name))
    .map((name) => path.join(at, name))
    .filter((file) => !lstatSync(file).isDirectory());
  // Nothing checked must not look like nothing wrong.
  if (found.length === 0) {
    throw new CliFailure(`There is no contract in "${at}": a contract is a file that ends in .yaml or .yml`);
  }
  return found.toSorted();
};

/**
 * Reads contract files; of a folder those that end in .yaml or .yml, not those of its subfolders.
 *
 * @throws CliFailure when there is none, or one larger than 1 MB
 */
export const readContractFiles = (paths: readonly string[]): ContractFile[] => {
  const files = [...new Set(paths.flatMap(filesOf))];
  if (files.length > FILES_MAX) {
    throw new CliFailure(`${files.length} contracts were named, at most ${FILES_MAX} are read at once. Name fewer`);
  }
  return files.map((file) => {
    const bytes = statSync(file).size;
    if (bytes > CONTRACT_BYTES_MAX) {
      throw new CliFailure(`"${file}" has ${bytes} bytes, and a contract at most ${CONTRACT_BYTES_MAX}`);
    }
    return { path: file, text: readFileSync(file, 'utf8') };
  });
};
