import { tokenizeText } from '../../core/mapping/tokenize.ts';
import { storableReason } from '../../core/protocol/reason.ts';
import { currentBundle } from './contracts-table.ts';
import type { DeliveryRow } from './deliveries-table.ts';
import { tryOpenPayload } from './obligations-table.ts';
import type { Work } from './work.ts';

type Delivered = Pick<DeliveryRow, 'stream_id' | 'external_id' | 'digest' | 'sealed'>;

/** What a Zap says of a delivery, without the values of its sensitive fields. One statement. */
export const tokenizedReason = async (work: Work, sync: string, row: Delivered, told: string): Promise<string> => {
  const { stream_id: streamId, external_id: externalId, digest, sealed } = row;
  const fields = sealed === null ? undefined : tryOpenPayload(work, { streamId, externalId, digest, sealed });
  const { sync: contract } = await currentBundle(work, sync);
  return storableReason(tokenizeText(contract, fields ?? {}, work.sealing.pseudonym, told));
};
