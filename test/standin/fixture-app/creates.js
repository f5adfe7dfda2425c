let callsOfThisContainer = 0;

/** Does what the scripted server orders, after the server has seen the write. */
const writeRecord = async (z, { authData, inputData }) => {
  const { data } = await z.request({ method: 'POST', url: `${authData.base_url}/write`, body: inputData });
  const order = data.order ?? { kind: 'answer' };
  switch (order.kind) {
    case 'halt':
      throw new z.errors.HaltedError('The record is not for us');
    case 'expire':
      throw new z.errors.ExpiredAuthError('The token has expired');
    case 'throttle':
      throw new z.errors.ThrottledError('Slow down', order.delay);
    case 'error':
      throw new z.errors.Error('The target is ill', 'ill', 503);
    case 'bug':
      throw new TypeError('Something is not a function');
    case 'hang':
      return await new Promise(() => undefined);
    case 'loop':
      for (;;);
    case 'exit':
      return process.exit(7);
    default:
      return { id: data.id ?? 'w1', name: inputData.name };
  }
};

const dynamicFields = async (z, { authData, inputData }) => {
  if (inputData.kind === undefined) return [];
  const { data } = await z.request({ method: 'POST', url: `${authData.base_url}/fields`, body: inputData });
  return data.fields;
};

const kindChoices = async (z, { authData, meta }) => {
  const { data } = await z.request({ method: 'POST', url: `${authData.base_url}/kinds`, body: meta });
  return { results: data.results, paging_token: data.next ?? null };
};

const create = (key, label, operation) => ({
  key,
  noun: label,
  display: { label, description: `${label}s with the fixture.` },
  operation: { inputFields: [], sample: { id: 's1' }, ...operation },
});

const echoFields = [
  { key: 'text_value', label: 'Text' },
  { key: 'whole', label: 'Whole', type: 'integer' },
  { key: 'decimal', label: 'Decimal', type: 'number' },
  { key: 'flag', label: 'Flag', type: 'boolean', meta: { column: 'c7' } },
  { key: 'at', label: 'At', type: 'datetime' },
  { key: 'many', label: 'Many', list: true },
  { key: 'payload', label: 'Payload', type: 'json' },
  {
    key: 'rows',
    label: 'Rows',
    children: [
      { key: 'sku', label: 'SKU', required: true },
      { key: 'amount', label: 'Amount', type: 'integer' },
    ],
  },
];

const useCache = async (z, { inputData: { op, cache_key: key, value, ttl, scope, nx } }) => {
  const scopes = scope === undefined ? null : [scope];
  if (op === 'get') return { value: await z.cache.get(key, scopes) };
  if (op === 'delete') return { value: await z.cache.delete(key, scopes) };
  return { value: await z.cache.set(key, value, ttl ?? null, scopes, nx ?? null) };
};

const creates_ = [
  create('write_record', 'Write Record', {
    inputFields: [
      { key: 'name', label: 'Name', required: true },
      { key: 'kind', label: 'Kind', choices: { perform: kindChoices }, altersDynamicFields: true },
      { key: 'parent_id', label: 'Parent', dynamic: 'record_choices.id.title' },
      dynamicFields,
    ],
    perform: writeRecord,
  }),
  create('echo_bundle', 'Echo Bundle', {
    inputFields: echoFields,
    perform: (_z, { inputData, inputDataRaw, meta }) => ({ id: 'e1', inputData, inputDataRaw, meta }),
  }),
  create('describe_container', 'Describe Container', {
    perform: () => {
      callsOfThisContainer += 1;
      const { NODE_ENV = null, APP_SETTING = null, HOME = null } = process.env;
      return { id: 'c1', calls: callsOfThisContainer, pid: process.pid, env: { NODE_ENV, APP_SETTING, HOME } };
    },
  }),
  create('wait_for_callback', 'Wait for Callback', {
    perform: async (z, { authData }) => {
      const callbackUrl = z.generateCallbackUrl();
      await z.request({ method: 'POST', url: `${authData.base_url}/job`, body: { callbackUrl } });
      return { id: 'job-1', started: true };
    },
    performResume: (_z, { outputData, cleanedRequest }) => ({ ...outputData, ...cleanedRequest, resumed: true }),
  }),
  create('use_cache', 'Use Cache', {
    inputFields: [
      { key: 'op', label: 'Operation' },
      { key: 'cache_key', label: 'Key' },
      { key: 'value', label: 'Value' },
      { key: 'ttl', label: 'Life', type: 'integer' },
      { key: 'scope', label: 'Scope' },
      { key: 'nx', label: 'Only if Absent', type: 'boolean' },
    ],
    perform: useCache,
  }),
  create('use_cursor', 'Use Cursor', { perform: async (z) => ({ cursor: await z.cursor.get() }) }),
  create('log_things', 'Log Thing', {
    inputFields: [{ key: 'note', label: 'Note' }],
    perform: (z, { authData, inputData }) => {
      z.console.log(`token ${authData.api_token}, note ${inputData.note}`);
      process.stdout.write(`printed ${inputData.note}\n`);
      return { id: 'l1' };
    },
  }),
  create('make_large_output', 'Make Large Output', {
    inputFields: [{ key: 'bytes', label: 'Bytes', type: 'integer' }],
    perform: (_z, { inputData: { bytes } }) => ({ id: 'b1', text: 'x'.repeat(bytes) }),
  }),
  create('measure_input', 'Measure Input', {
    inputFields: [{ key: 'blob', label: 'Blob' }],
    perform: (_z, { inputData: { blob } }) => ({ id: 'm1', length: blob.length }),
  }),
];

export const creates = Object.fromEntries(creates_.map((action) => [action.key, action]));
