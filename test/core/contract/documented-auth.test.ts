import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkContract } from '../../../src/core/contract/check.ts';
import { restSystem } from './documents.ts';

// What docs/contracts.md shows of credentials is what the contract takes.

const text = readFileSync(join(import.meta.dirname, '../../../docs/contracts.md'), 'utf8');
const blocks = [...text.matchAll(/```yaml\n(auth:[^`]*)```/g)].map(([, block = '']) => block);
const inTable = [...text.matchAll(/^\| `(\{ kind: [^…`]*\})` \|/gm)].map(([, auth = '']) => `auth: ${auth}\n`);

test('the page shows one example of each system that it names, and the four that send secrets as they are', () => {
  for (const host of [
    'oauth2.googleapis.com',
    'login.salesforce.com',
    'fhir.example.com',
    'login.microsoftonline.com',
  ]) {
    expect(blocks.filter((block) => block.includes(`tokenUrl: https://${host}/`))).toHaveLength(1);
  }
  expect(inTable).toHaveLength(4);
});

test.each([...blocks, ...inTable])('%s', (block) => {
  const part = z.record(z.string(), z.unknown()).parse(parse(block));
  expect(checkContract({ ...restSystem(), ...part })).toMatchObject({ kind: 'system' });
});
