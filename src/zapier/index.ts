import { defineApp, version as platformVersion } from 'zapier-platform-core';
import { authentication } from './authentication.ts';
import { acknowledgeDelivery } from './creates/acknowledge_delivery.ts';
import { claimOnce } from './creates/claim_once.ts';
import { deadLetterRecord } from './creates/dead_letter_record.ts';
import { replayDeadLetters } from './creates/replay_dead_letters.ts';
import { resolveDeadLetter } from './creates/resolve_dead_letter.ts';
import { upsertRecord } from './creates/upsert_record.ts';
import { upsertRecords } from './creates/upsert_records.ts';
import { findDeadLetter } from './searches/find_dead_letter.ts';
import { reconcile } from './searches/reconcile.ts';
import { recordBatch } from './triggers/record_batch.ts';
import { recordChanged } from './triggers/record_changed.ts';
import { streamList } from './triggers/stream_list.ts';
import { syncList } from './triggers/sync_list.ts';
import { appVersion } from './version.ts';

export default defineApp({
  version: appVersion,
  platformVersion,
  authentication,
  // Values reach us as the user has them; requests of source and target are not logged; a 429 is ours to read.
  flags: { cleanInputData: false, skipHttpPatch: true, throwForThrottlingEarly: false },
  triggers: {
    [recordChanged.key]: recordChanged,
    [recordBatch.key]: recordBatch,
    [syncList.key]: syncList,
    [streamList.key]: streamList,
  },
  searches: { [reconcile.key]: reconcile, [findDeadLetter.key]: findDeadLetter },
  creates: {
    [upsertRecord.key]: upsertRecord,
    [upsertRecords.key]: upsertRecords,
    [acknowledgeDelivery.key]: acknowledgeDelivery,
    [claimOnce.key]: claimOnce,
    [deadLetterRecord.key]: deadLetterRecord,
    [replayDeadLetters.key]: replayDeadLetters,
    [resolveDeadLetter.key]: resolveDeadLetter,
  },
});
