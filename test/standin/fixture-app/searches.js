const findRecord = {
  key: 'find_record',
  noun: 'Record',
  display: { label: 'Find Record', description: 'Finds a record by its name.' },
  operation: {
    inputFields: [{ key: 'name', label: 'Name', required: true }],
    perform: async (z, { authData, inputData }) => {
      const { data } = await z.request({ method: 'POST', url: `${authData.base_url}/find`, body: inputData });
      return data.results;
    },
    sample: { id: 'r1' },
  },
};

export const searches = { find_record: findRecord };
