import { z } from 'zod';
import { name } from '../contract/name.ts';
import { instantText } from '../read/checkpoint.ts';
import { anyRole, nothing, operatorRoles, route } from './route.ts';
import { storableText } from './storable-text.ts';

const state = z.enum(['closed', 'open', 'half_open']);
const at = instantText.nullable();

export const listCircuits = route({
  method: 'GET',
  path: '/v1/circuits',
  summary: 'The circuits before target systems: whether writes go through',
  roles: anyRole,
  params: nothing,
  request: nothing,
  reply: z.object({
    /** By system; one that never failed is left out. */
    circuits: z.array(
      z.object({
        system: z.string(),
        state,
        /** Failures not made up for by successes, while closed. */
        failures: z.int(),
        failedAt: at,
        /** How often it has opened since it was closed. */
        openings: z.int(),
        /** The last time that nothing went through: from here, to `closedAt` where it has ended. */
        openedAt: at,
        closedAt: at,
        /** When a probe may go, or the one under way is given up. */
        retryAt: at,
        /** The system asked for nothing to be sent before. */
        notBefore: at,
      }),
    ),
  }),
});

export const closeCircuit = route({
  method: 'POST',
  path: '/v1/circuits/:system/close',
  summary: 'Let writes through to a system again at once',
  roles: operatorRoles,
  params: z.object({ system: name }),
  request: z.object({ reason: storableText(500) }),
  reply: z.object({ before: state }),
});
