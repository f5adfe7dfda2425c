import { setTimeout as pause } from 'node:timers/promises';
import { createSeededRandom } from '../../demo/processes/seeded-random.ts';
import { startSourceLife } from '../../demo/source-life.ts';
import { SYNC } from '../../demo/zaps.ts';
import { deliveryOf, findForgotten } from './deliveries.ts';
import type { Stage } from './stage.ts';
import type { Witness } from './witness.ts';

/** How long the store is up before it is killed, from its ready line on. */
const UP_MS_MIN = 300;
const UP_MS_MAX = 1800;
/** The last look before a kill is not at the kill: what is acknowledged in between is known to Zapier's runs alone. */
const UNSEEN_MS_MAX = 100;
/** Every kill waits until something was acknowledged since the one before, and so many of them until runs are under way. */
const IN_WORK_SHARE = 0.5;
/** A cycle that died with the store holds its lease for 35 s. */
const WORK_WAIT_MS_MAX = 45_000;
const LOOK_EVERY_MS = 20;
const RECONCILE_EVERY_KILLS = 3;
/** The source changes before every kill, however long the killing takes. */
const CHANGES_PER_KILL = 12;
const LIFE_MS_PER_KILL = 2000;

export type Killing = {
  /** The signal that ended each store. */
  readonly signals: (string | null)[];
  /** Whatever was acknowledged before a kill and was not there after it. */
  readonly losses: string[];
  /** Deliveries whose run had succeeded, each found settled after the next kill. */
  readonly outlived: Set<string>;
  /** Kills since whose predecessor something was acknowledged. */
  afterWork: number;
  /** Kills while runs of the Zap were under way. */
  midWork: number;
};

const deliveriesOf = ({ zaps }: Stage, status: 'success' | 'playing'): string[] =>
  zaps.sync
    .runs()
    .filter((run) => run.status === status)
    .map(deliveryOf);

const waitUntil = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const endMs = performance.now() + WORK_WAIT_MS_MAX;
  while (!(await isSo()) && performance.now() < endMs) await pause(LOOK_EVERY_MS);
};

const killOnce = async (stage: Stage, witness: Witness, killing: Killing, random: () => number): Promise<void> => {
  const before = witness.entries().length;
  await pause(UP_MS_MIN + random() * (UP_MS_MAX - UP_MS_MIN));
  await waitUntil(async () => {
    await witness.look();
    return witness.entries().length > before;
  });
  if (random() < IN_WORK_SHARE) {
    await waitUntil(() => deliveriesOf(stage, 'playing').length > 0);
    await witness.look();
  }
  await pause(random() * UNSEEN_MS_MAX);
  const acknowledged = deliveriesOf(stage, 'success').filter((id) => !killing.outlived.has(id));
  if (deliveriesOf(stage, 'playing').length > 0) killing.midWork += 1;
  const { signal } = await stage.store.killAndRestart();
  killing.signals.push(signal);
  killing.losses.push(...(await witness.findLosses()), ...(await findForgotten(stage.api, SYNC, acknowledged)));
  for (const id of acknowledged) killing.outlived.add(id);
  if (witness.entries().length > before) killing.afterWork += 1;
};

/**
 * Kills the store `kills` times at moments drawn from the seed, while the source changes and reconciliations begin,
 * and looks after each restart for what was acknowledged before. The Zaps must be played meanwhile.
 */
export const killAgain = async (stage: Stage, witness: Witness, kills: number, seed: number): Promise<Killing> => {
  const random = createSeededRandom(seed);
  const killing: Killing = { signals: [], losses: [], outlived: new Set(), afterWork: 0, midWork: 0 };
  for (let number = 0; number < kills; number += 1) {
    if (number % RECONCILE_EVERY_KILLS === 1) stage.zaps.nightly.fire();
    const life = await startSourceLife(stage.systems, CHANGES_PER_KILL, LIFE_MS_PER_KILL, seed * kills + number);
    await Promise.all([life.done, killOnce(stage, witness, killing, random)]);
  }
  return killing;
};
