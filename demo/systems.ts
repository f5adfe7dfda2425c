import { createFaultProxy, type FaultProxy } from './proxy/create-fault-proxy.ts';
import type { FaultPlanInput } from './proxy/fault-plan.ts';
import { createSeededRandom } from './processes/seeded-random.ts';
import { type RunningServer, spawnServer } from './processes/spawn-server.ts';

/** What goes wrong between Zapier and the two systems, as shares of the requests. */
export const demoFaults: FaultPlanInput = {
  reads: {
    'lost-reply': 0.01,
    'throttled-seconds': 0.005,
    'error-503': 0.01,
    'cut-body': 0.01,
    'html-200': 0.005,
    slow: 0.01,
  },
  writes: {
    'lost-reply': 0.02,
    'error-after': 0.02,
    'cut-body': 0.01,
    'error-500': 0.01,
    'throttled-seconds': 0.005,
    'throttled-date': 0.002,
    'hang-after': 0.001,
    'hang-before': 0.001,
    'error-503': 0.001,
  },
  slowMs: 100,
};

export type DemoSystems = {
  readonly erp: RunningServer;
  readonly crm: RunningServer;
  readonly erpProxy: FaultProxy;
  readonly crmProxy: FaultProxy;
  readonly tokens: { readonly ERP_TOKEN: string; readonly CRM_TOKEN: string };
  readonly stop: () => Promise<void>;
};

export type SystemsOptions = { readonly records: number; readonly seed: number; readonly faults: FaultPlanInput };

/** Starts the ERP and the CRM, with a proxy that makes faults in front of each. */
export const startSystems = async ({ records, seed, faults }: SystemsOptions): Promise<DemoSystems> => {
  const tokens = { ERP_TOKEN: `erp-token-${seed}-for-the-demo`, CRM_TOKEN: `crm-token-${seed}-for-the-demo` };
  const random = createSeededRandom(seed);
  const [erp, crm] = await Promise.all([
    spawnServer({
      name: 'ERP',
      script: 'demo/erp/main.ts',
      args: ['--records', String(records), '--seed', String(seed)],
      env: { ERP_TOKEN: tokens.ERP_TOKEN },
    }),
    spawnServer({ name: 'CRM', script: 'demo/crm/main.ts', env: { CRM_TOKEN: tokens.CRM_TOKEN } }),
  ]);
  const erpProxy = await createFaultProxy({ upstream: erp.url, plan: faults, random });
  const crmProxy = await createFaultProxy({ upstream: crm.url, plan: faults, random });
  return {
    erp,
    crm,
    erpProxy,
    crmProxy,
    tokens,
    stop: async () => {
      await Promise.all([erpProxy.close(), crmProxy.close()]);
      await Promise.all([erp.stop(), crm.stop()]);
    },
  };
};
