import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

// Everything that must hold before a change lands, in order, stopping at the first that does not. The last line says
// what jest counted, alone: that is the line by which CI judges the run.

const root = path.resolve(import.meta.dirname, '..');
const jestResults = path.join(root, 'build/jest.json');

type Stage = { readonly name: string; readonly command: string };

const stages: readonly Stage[] = [
  { name: 'format', command: 'npm run --silent fmt:check' },
  { name: 'lint', command: 'npm run --silent lint' },
  { name: 'types', command: 'npm run --silent types' },
  { name: 'dead code', command: 'npm run --silent dead' },
  { name: 'bundle', command: 'npm run --silent build:app' },
  { name: 'zapier validate', command: 'npm run --silent zapier:validate' },
  { name: 'zapier build', command: 'npm run --silent zapier:build' },
  { name: 'simulated world', command: 'npm run --silent sim -- --seeds 2000' },
  { name: 'tests', command: `npm run --silent test -- --json --outputFile=${path.relative(root, jestResults)}` },
];

const toSeconds = (startedMs: number): string => ((performance.now() - startedMs) / 1000).toFixed(1);

/** @returns the line that tells how the stage went, and whether it passed */
const runStage = ({ name, command }: Stage): { readonly passed: boolean; readonly line: string } => {
  process.stdout.write(`\n--- ${name}: ${command}\n`);
  const startedMs = performance.now();
  const { status } = spawnSync(command, { cwd: root, shell: true, stdio: ['ignore', 'inherit', 'inherit'] });
  const passed = status === 0;
  return { passed, line: `${passed ? 'passed' : 'FAILED'} ${toSeconds(startedMs).padStart(7)} s  ${name}` };
};

const jestTotals = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
});

/** A suite that could not even start counts as one failed test: its tests were never counted. */
const totalsLine = (): string => {
  const totals = jestTotals.parse(JSON.parse(readFileSync(jestResults, 'utf8')));
  const failed = totals.numFailedTests + totals.numRuntimeErrorTestSuites;
  const skipped = totals.numPendingTests + totals.numTodoTests;
  const counted = `${totals.numPassedTests} passed, ${failed} failed`;
  return skipped === 0 ? counted : `${counted}, ${skipped} skipped`;
};

const check = (): number => {
  mkdirSync(path.dirname(jestResults), { recursive: true });
  rmSync(jestResults, { force: true });
  const lines: string[] = [];
  let allPassed = true;
  for (const stage of stages) {
    const { passed, line } = runStage(stage);
    lines.push(line);
    allPassed &&= passed;
    if (!passed) break;
  }
  process.stdout.write(`\n${lines.join('\n')}\n`);
  const ranTests = lines.length === stages.length;
  if (ranTests) process.stdout.write(`\n${totalsLine()}\n`);
  return allPassed ? 0 : 1;
};

process.exitCode = check();
