import type { Trigger } from 'zapier-platform-core';
import { itemFields, sampleItem } from '../item-fields.ts';
import { newestFirst } from '../record-item.ts';
import { streamFields, streamInputFields, streamPerform } from '../stream-trigger.ts';

/** New and changed records of a sync's source, each handed out until it is acknowledged. */
export const recordChanged = {
  key: 'record_changed',
  noun: 'Record',
  display: {
    label: 'New or Updated Record',
    description: 'Triggers when a record of a sync is created or changed in its source.',
  },
  operation: {
    type: 'polling',
    inputFields: [...streamInputFields],
    perform: streamPerform({ itemsOf: (records) => records, newestFirst }),
    sample: { ...sampleItem },
    outputFields: [...itemFields, streamFields('record__')],
  },
} satisfies Trigger;
