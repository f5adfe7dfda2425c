#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Plain JavaScript with nothing new in it, so that a Node that is too old gets as far as saying so.
const NODE_MAJOR_MIN = 22;

const built = new URL('../dist/cli/main.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);

/** Says why this Node cannot run the program and what to do next; `undefined` when it can. */
const findObstacle = () => {
  const found = `this is Node ${process.versions.node}`;
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
    return `Cannot run tidemark: it needs Node ${NODE_MAJOR_MIN} or newer, and ${found}.
Next step: in a checkout, 'npm ci' brings the right Node along and 'npm run tidemark -- <arguments>' uses it; elsewhere, install Node ${NODE_MAJOR_MIN}.`;
  }
  if (!existsSync(built) && !process.features.typescript) {
    return `Cannot run tidemark from its TypeScript source: ${found}, which does not strip types.
Next step: run 'npm run build' once, or use Node 22.18 or newer.`;
  }
  return undefined;
};

const obstacle = findObstacle();
if (obstacle === undefined) {
  const { main } = await import(existsSync(built) ? built.href : source.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`${obstacle}\n`);
  process.exitCode = 1;
}
