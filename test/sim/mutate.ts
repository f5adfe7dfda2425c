import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutants } from './mutants.ts';

// Loaded before the simulated world (`node --import`): breaks one place of the program as it is read.

const wanted = process.env['TIDEMARK_MUTANT'];
const mutant = mutants.find(({ name }) => name === wanted);
if (mutant === undefined) throw new Error(`Cannot find mutant "${wanted ?? ''}" in test/sim/mutants.ts`);
const { href } = pathToFileURL(path.resolve(import.meta.dirname, '../..', mutant.file));

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (url !== href) return loaded;
    const read = loaded.source ?? '';
    const source = typeof read === 'string' ? read : new TextDecoder().decode(read);
    if (source.split(mutant.find).length !== 2) {
      throw new Error(`Cannot break ${mutant.file}: "${mutant.find}" is not there once`);
    }
    return { ...loaded, source: source.replace(mutant.find, () => mutant.replace) };
  },
});
