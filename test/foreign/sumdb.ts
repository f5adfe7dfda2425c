import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hash } from '../../src/core/evidence/merkle-hash.ts';

/** What Go's `golang.org/x/mod/sumdb` is asked to check. */
export type Claim =
  | { readonly kind: 'note'; readonly key: string; readonly note: string }
  | {
      readonly kind: 'inclusion';
      readonly index: number;
      readonly leaf: string;
      readonly size: number;
      readonly root: Hash;
      readonly proof: readonly Hash[];
    }
  | {
      readonly kind: 'consistency';
      readonly oldSize: number;
      readonly oldRoot: Hash;
      readonly size: number;
      readonly root: Hash;
      readonly proof: readonly Hash[];
    };

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const written = (claim: Claim): object => {
  switch (claim.kind) {
    case 'note':
      return claim;
    case 'inclusion':
      return {
        ...claim,
        leaf: base64(Buffer.from(claim.leaf, 'utf8')),
        root: base64(claim.root),
        proof: claim.proof.map(base64),
      };
    case 'consistency':
      return {
        ...claim,
        root: base64(claim.root),
        oldRoot: base64(claim.oldRoot),
        proof: claim.proof.map(base64),
      };
  }
};

/** Where Debian's golang-golang-x-mod-dev puts its sources. */
const GOPATH = '/usr/share/gocode';

/**
 * Has claims checked by Go's module.
 *
 * @returns for each whether it was accepted
 * @throws when Go or the module is not installed: `.ci/run` installs both
 */
export const acceptedBySumdb = (claims: readonly Claim[]): boolean[] => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-sumdb-'));
  const said = execFileSync('go', ['run', path.join(__dirname, 'sumdb.go')], {
    input: JSON.stringify(claims.map(written)),
    env: { ...process.env, GOPATH, GO111MODULE: 'off', GOCACHE: folder, GOFLAGS: '' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = said.trimEnd().split('\n');
  if (lines.length !== claims.length) throw new Error(`Expected ${claims.length} answers of Go, got ${lines.length}`);
  return lines.map((line) => line === 'ok');
};
