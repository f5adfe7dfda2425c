import { spawnSync } from 'node:child_process';
import path from 'node:path';

const program = path.resolve(import.meta.dirname, '../../bin/tidemark.js');

/** Runs bin/tidemark.js on this Node, which says that it is another. */
const runAs = (version: string): { readonly status: number | null; readonly stderr: string } => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  return spawnSync(process.execPath, ['--import', preload, program, '--help'], { encoding: 'utf8' });
};

describe('bin/tidemark.js', () => {
  test('refuses a Node that is too old, saying which it found and what to do next', () => {
    const { status, stderr } = runAs('20.20.2');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^Cannot run tidemark: it needs Node 22 or newer, and this is Node 20\.20\.2\.\nNext step: .*'npm ci'/,
    );
  });
});
