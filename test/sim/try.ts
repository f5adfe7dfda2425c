import { openEmbeddedStores } from './embedded-stores.ts';
import { describeSwarm } from './swarm.ts';
import { drawWorld, runWorld } from './world.ts';
const stores = await openEmbeddedStores();
const [from = '1', count = '10', trace] = process.argv.slice(2);
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const { shape, swarm } = drawWorld(seed);
  const lines: string[] = [];
  const t = performance.now();
  const out = await runWorld({
    stores,
    seed,
    onEvent: (line) => {
      if (trace) lines.push(line);
    },
  });
  console.log(JSON.stringify(out), Math.round(performance.now() - t), 'ms');
  if (out.violation) {
    console.log(JSON.stringify(shape));
    console.log(describeSwarm(swarm));
    console.log(
      lines
        .slice(-Number(trace ?? 40))
        .map((l) => l.slice(0, 400))
        .join('\n'),
    );
    if (trace) break;
  }
}
await stores.close();
