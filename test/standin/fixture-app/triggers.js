/** Asks the scripted server; an `order` in the answer is obeyed, anything under `results` is returned as it is. */
const poll =
  (path) =>
  async (z, { authData, inputData, meta }) => {
    const { data } = await z.request({
      method: 'POST',
      url: `${authData.base_url}/${path}`,
      body: { inputData, meta },
    });
    if (data.order?.kind === 'throttle') throw new z.errors.ThrottledError('Slow down', data.order.delay);
    if (data.order?.kind === 'error') throw new z.errors.Error('The source is ill', 'ill', 500);
    return data.results;
  };

const display = (label) => ({ label, description: `Triggers when ${label.toLowerCase()} is seen.` });

const newRecord = {
  key: 'new_record',
  noun: 'Record',
  display: display('New Record'),
  operation: {
    type: 'polling',
    inputFields: [
      { key: 'status', label: 'Status', choices: { open: 'Open', closed: 'Closed' } },
      { key: 'page_size', label: 'Page Size', type: 'integer', default: '50' },
    ],
    perform: poll('records'),
    sample: { id: 'r1', name: 'Sample' },
    outputFields: [{ key: 'id', type: 'string' }],
  },
};

const versionedRecord = {
  key: 'versioned_record',
  noun: 'Record',
  display: display('New or Updated Record'),
  operation: {
    type: 'polling',
    perform: poll('records'),
    sample: { id: 'r1', version: 1 },
    outputFields: [
      { key: 'id', type: 'string', primary: true },
      { key: 'version', type: 'integer', primary: true },
    ],
  },
};

/** Counts in z.cursor how often it was polled. */
const cursorRecord = {
  key: 'cursor_record',
  noun: 'Record',
  display: display('Record by Cursor'),
  operation: {
    type: 'polling',
    canPaginate: true,
    perform: async (z) => {
      const cursor = await z.cursor.get();
      await z.cursor.set(`${cursor ?? ''}x`);
      return [{ id: cursor ?? 'none' }];
    },
    sample: { id: 'none' },
  },
};

const hookedRecord = {
  key: 'hooked_record',
  noun: 'Record',
  display: display('Hooked Record'),
  operation: {
    type: 'hook',
    performSubscribe: async (z, { authData, targetUrl }) => {
      const { data } = await z.request({ method: 'POST', url: `${authData.base_url}/subscribe`, body: { targetUrl } });
      return data;
    },
    performUnsubscribe: async (z, { authData, subscribeData }) => {
      const { data } = await z.request({
        method: 'POST',
        url: `${authData.base_url}/unsubscribe`,
        body: { id: subscribeData.id },
      });
      return data;
    },
    perform: (_z, { cleanedRequest }) => cleanedRequest.records,
    performList: poll('records'),
    sample: { id: 'r1' },
  },
};

const recordChoices = {
  key: 'record_choices',
  noun: 'Record',
  display: { ...display('Record Choices'), hidden: true },
  operation: { perform: poll('choices') },
};

export const triggers = Object.fromEntries(
  [newRecord, versionedRecord, cursorRecord, hookedRecord, recordChoices].map((trigger) => [trigger.key, trigger]),
);
