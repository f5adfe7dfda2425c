import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { embeddedSecret, sharedSecret } from '../../src/cli/store-secret.ts';

const folders: string[] = [];
const freshFolder = (): string => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-secret-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

test('a new folder gets a secret, which every later start finds', () => {
  const folder = freshFolder();
  const made = embeddedSecret(folder, undefined);
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  expect(embeddedSecret(folder, undefined)).toBe(made);
  expect(readdirSync(folder)).toEqual(['store.secret']);
});

test('two folders get two secrets', () => {
  expect(embeddedSecret(freshFolder(), undefined)).not.toBe(embeddedSecret(freshFolder(), undefined));
});

test('a secret from outside is not written down', () => {
  const folder = freshFolder();
  expect(embeddedSecret(folder, 's'.repeat(32))).toBe('s'.repeat(32));
  expect(readdirSync(folder)).toEqual([]);
});

test('G7 a secret from outside that differs from the one in the folder is refused, and neither is shown', () => {
  const folder = freshFolder();
  embeddedSecret(folder, undefined);
  const kept = readFileSync(path.join(folder, 'store.secret'), 'utf8').trim();
  const attempt = (): string => embeddedSecret(folder, 'hunter2-'.repeat(5));
  expect(attempt).toThrow('differs from the secret');
  expect(attempt).not.toThrow(new RegExp(`hunter2|${kept}`));
});

test('a folder with a database and without its secret is refused', () => {
  const folder = freshFolder();
  mkdirSync(path.join(folder, 'pgdata'));
  expect(() => embeddedSecret(folder, undefined)).toThrow('is missing');
});

test('G7 a secret that other users may read is refused with the command that mends it', () => {
  const folder = freshFolder();
  embeddedSecret(folder, undefined);
  chmodSync(path.join(folder, 'store.secret'), 0o644);
  expect(() => embeddedSecret(folder, undefined)).toThrow('chmod 600');
});

test.each(['', 'short'])('the secret %p in the folder is too short, and is not replaced', (text) => {
  const folder = freshFolder();
  writeFileSync(path.join(folder, 'store.secret'), text, { mode: 0o600 });
  expect(() => embeddedSecret(folder, undefined)).toThrow('at least 32');
});

test('a shared secret is never made up', () => {
  expect(() => sharedSecret(undefined)).toThrow('openssl rand -hex 32');
  expect(() => sharedSecret('s'.repeat(31))).toThrow('31 characters');
  expect(sharedSecret('s'.repeat(32))).toBe('s'.repeat(32));
});
