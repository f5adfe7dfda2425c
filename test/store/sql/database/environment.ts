import { setTimeout as sleep } from 'node:timers/promises';
import type { RetryEnvironment } from '../../../../src/store/sql/database/transaction-retry.ts';

/** Real waiting, no chance: these tests meet real engines, which have real locks. */
export const realEnvironment: RetryEnvironment = { random: () => 0.5, sleep: (durationMs) => sleep(durationMs) };
